"""Zone files: what goes in comes out of BIND's own checker, record for record, and nothing else does."""

import subprocess
from collections import Counter
from pathlib import Path

import dns.name
import dns.rdata
import dns.zone
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nameserver import names, records
from nameserver.errors import InvalidInput
from nameserver.records import Record, txt
from nameserver.render import Renderer, ZoneFile
from nameserver.zone import Authority, Zone

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
DOMAIN = "example.com"
AUTHORITY = Authority(("ns1.vps.org", "ns2.vps.org"), "hostmaster.vps.org")
CHECKER = ["/usr/bin/named-checkzone", "-k", "warn", "-i", "local", "-D", "-s", "full", "-o", "-"]

Line = tuple[str, int, str, str]


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(ROOT / "bind-templates")


def made(uuid: int, name: str, record_type: str, value: str, ttl: int = 3600) -> Record:
    priority = 10 if record_type in records.PRIORITY_TYPES else None
    owner = names.canonical_owner(name, DOMAIN)
    value = records.canonical_value(record_type, value, priority, DOMAIN)
    return Record(f"rec-{uuid:04}", owner, record_type, ttl, value, priority)


def zone_of(*lines: tuple[str, str, str]) -> Zone:
    return Zone("zone-1", DOMAIN, 2026030901, tuple(made(number, *line) for number, line in enumerate(lines)))


def served(file: ZoneFile, domain: str = DOMAIN) -> Counter[Line]:
    """What named would serve from the zone file: (absolute name, TTL, type, rdata digest) of every record."""
    done = subprocess.run([*CHECKER, domain, "/dev/stdin"], input=file.content, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = Counter(_line(text) for text in done.stdout.decode("ascii").splitlines())
    assert sum(found.values()) == file.records
    return found


def _line(text: str) -> Line:
    name, ttl, _, record_type, value = text.split(None, 4)
    data = dns.rdata.from_text("IN", record_type, value, origin=dns.name.root, relativize=False)
    return name.removesuffix("."), int(ttl), record_type, records.digest(data)


def wanted(zone: Zone) -> Counter[Line]:
    """The zone's records in the same form, without the SOA and NS set that are ours."""
    return Counter(
        (
            names.absolute(record.name, zone.domain),
            record.ttl,
            record.type,
            records.digest(records.rdata(record.type, record.value, record.priority)),
        )
        for record in zone.records
    )


def users(found: Counter[Line]) -> Counter[Line]:
    """What is served besides our SOA and NS set, which must be there."""
    ours = [line for line in found.elements() if line[2] == "SOA" or (line[2] == "NS" and line[3] in _OUR_DIGESTS)]
    assert Counter(line[2] for line in ours) == {"SOA": 1, "NS": 2}
    return found - Counter(ours)


_OUR_DIGESTS = {records.digest(records.rdata("NS", host, None)) for host in AUTHORITY.nameservers}

NASTY = [
    *(
        "a\nevil 300 IN A 192.0.2.66",
        "a\r\n$INCLUDE /etc/passwd",
        '" "b',
        '"; comment',
        "(",
        ")",
        "a ; b",
        "\\",
        "\\\\",
    ),
    *(
        "$ORIGIN evil.",
        "$INCLUDE /etc/passwd",
        "@",
        "\\010",
        "\t",
        "\x01\x7f\x80",
        "é" * 200,
        "",
        " ",
        '"',
        "''",
        "{{ 7 * 7 }}",
    ),
    *(
        "{% for a in b %}",
        "\u2028",
        "x" * 64_000,
        "\\" * 3000,
        '"\\000\\001\\255"',
        '"" ""',
        '"a" "b"',
        "\n",
        "\r",
        "\\\n",
    ),
]


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_nasty_text_is_one_record(renderer: Renderer, text: str) -> None:
    zone = zone_of(("nasty", "TXT", text), ("after", "A", "192.0.2.1"))
    file = renderer.zone_file(zone, AUTHORITY)
    assert users(served(file)) == wanted(zone)
    # The comment, $ORIGIN, the SOA, our two NS records, these two.
    assert file.content.count(b"\n") == 7
    assert all(octet == 10 or 32 <= octet < 127 for octet in file.content)


@pytest.mark.parametrize(
    "owner",
    ["*", "*.a", "_sip._tcp", "0/25", "a_b", "-a-", "in", "soa", "3600", "1h", "ttl", "bücher", "a" * 63, "ns", "0"],
)
def test_odd_owners_are_served(renderer: Renderer, owner: str) -> None:
    zone = zone_of((owner, "A", "192.0.2.1"), (owner, "TXT", owner))
    assert users(served(renderer.zone_file(zone, AUTHORITY))) == wanted(zone)


@pytest.mark.parametrize("owner", ["evil 60 IN TXT x ;", "a;b", "a b", "a(b", 'a"b', "a$b"])
def test_owner_that_came_past_the_rules_is_one_name(renderer: Renderer, owner: str) -> None:
    """Nothing in a name begins another field, another record or a directive (RFC 1035, section 5.1)."""
    zone = Zone("zone-1", DOMAIN, 1, (Record("rec-1", owner, "A", 60, "192.0.2.1"),))
    content = renderer.zone_file(zone, AUTHORITY).content
    found = dns.zone.from_text(content.decode(), DOMAIN).iterate_rdatas("A")
    assert [(name.labels, str(rdata)) for name, _, rdata in found] == [(tuple(owner.encode().split(b".")), "192.0.2.1")]


@pytest.mark.parametrize(
    "domain", ["0/25.2.0.192.in-addr.arpa", "_acme-challenge.example.com", "xn--bcher-kva.example"]
)
def test_odd_domains_load(renderer: Renderer, domain: str) -> None:
    zone = Zone("zone-1", domain, 1, (Record("rec-1", "1", "TXT", 60, "x"),))
    assert sum(served(renderer.zone_file(zone, AUTHORITY), domain).values()) == 4


ONE_OF_EACH = [
    ("@", "A", "192.0.2.1"),
    ("@", "A", "192.0.2.2"),
    ("@", "AAAA", "2001:0db8::1"),
    ("@", "MX", "mail.example.com"),
    ("@", "TXT", "v=spf1 mx -all"),
    ("@", "CAA", "0 issue letsencrypt.org"),
    ("@", "NS", "ns3.example.net"),
    ("mail", "A", "192.0.2.25"),
    ("www", "CNAME", "example.com"),
    ("*.apps", "CNAME", "www.example.com"),
    ("nomail", "MX", "."),
    ("_sip._tcp", "SRV", "10 5060 sip.example.net"),
    ("_xmpp._tcp", "SRV", "0 0 ."),
    ("nasty", "TXT", 'a\nb "c" ; (d) $e @f \\g \x7f é'),
    ("long", "TXT", "k" * 300),
    ("strings", "TXT", '"a" "b"'),
    ("0/25", "A", "192.0.2.77"),
    ("sub", "NS", "ns.sub.example.com"),
    ("ns.sub", "A", "192.0.2.53"),
    ("sub", "DS", "12345 13 2 " + "ab" * 32),
    ("ptr", "PTR", "host.example.net"),
    ("_443._tcp", "TLSA", "3 1 1 " + "cd" * 32),
    ("ssh", "SSHFP", "4 2 " + "ef" * 32),
    ("enum", "NAPTR", '100 10 "u" "E2U+sip" "!^(.*)$!sip:\\\\1@example.com!" .'),
    ("svcb", "SVCB", "1 . alpn=h2"),
    ("https", "HTTPS", "1 . alpn=h2,h3 ipv4hint=192.0.2.1"),
    ("new", "HTTPS", "1 . alpn=h2 ohttp"),
    ("dname", "DNAME", "example.net"),
    ("loc", "LOC", "52 22 23 N 4 53 32 E -2m 1m"),
    ("uri", "URI", '10 1 "https://www.example.com/"'),
    ("smime", "SMIMEA", "3 1 1 " + "01" * 32),
    ("pgp", "OPENPGPKEY", "mQENBFVHm5sBCADQ"),
    ("hinfo", "HINFO", "ARM64 LINUX"),
]


def test_golden_zone(renderer: Renderer) -> None:
    """The exact bytes. When they change on purpose: every zone of every user will be published again."""
    file = renderer.zone_file(zone_of(*ONE_OF_EACH), AUTHORITY)
    assert file.content.decode("ascii") == (GOLDEN / "zone.txt").read_text("ascii")


def test_golden_zone_is_served_whole(renderer: Renderer) -> None:
    zone = zone_of(*ONE_OF_EACH)
    assert {record.type for record in zone.records} == set(records.TYPES)
    assert users(served(renderer.zone_file(zone, AUTHORITY))) == wanted(zone)


def test_same_data_same_bytes(renderer: Renderer) -> None:
    zone = zone_of(*ONE_OF_EACH)
    shuffled = Zone(zone.uuid, zone.domain, zone.serial, tuple(reversed(zone.records)))
    assert renderer.zone_file(shuffled, AUTHORITY) == renderer.zone_file(zone, AUTHORITY)
    other = Zone(zone.uuid, zone.domain, zone.serial + 1, zone.records)
    assert renderer.zone_file(other, AUTHORITY) != renderer.zone_file(zone, AUTHORITY)


def test_our_nameservers_share_the_ttl_of_the_users(renderer: Renderer) -> None:
    """RFC 2181, section 5.2: one RRset, one TTL; named would make them equal without a word."""
    zone = Zone("zone-1", DOMAIN, 1, (made(1, "@", "NS", "ns3.example.net", ttl=60),))
    ttls = {ttl for name, ttl, record_type, _ in served(renderer.zone_file(zone, AUTHORITY)) if record_type == "NS"}
    assert ttls == {60}


def test_a_nameserver_of_ours_stands_once(renderer: Renderer) -> None:
    zone = Zone("zone-1", DOMAIN, 1, (Record("rec-1", "@", "NS", 60, "ns1.vps.org"),))
    file = renderer.zone_file(zone, AUTHORITY)
    assert file.content.count(b" NS ") == 2
    assert sum(served(file).values()) == 3


def test_empty_zone_loads(renderer: Renderer) -> None:
    assert sum(served(renderer.zone_file(zone_of(), AUTHORITY)).values()) == 3


def test_a_stored_value_that_is_not_valid(renderer: Renderer) -> None:
    with pytest.raises(InvalidInput):
        renderer.zone_file(Zone("zone-1", DOMAIN, 1, (Record("rec-1", "@", "A", 60, "no address"),)), AUTHORITY)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.binary(max_size=255), min_size=1, max_size=3), min_size=1, max_size=20))
def test_any_octets_are_served_as_they_are(found: list[list[bytes]]) -> None:
    zone = zone_of(*((f"r{number}", "TXT", txt.written(tuple(strings))) for number, strings in enumerate(found)))
    file = Renderer(ROOT / "bind-templates").zone_file(zone, AUTHORITY)
    assert users(served(file)) == wanted(zone)
