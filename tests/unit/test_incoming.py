"""Zone files from elsewhere, as far as no nameserver is needed: directives, lines, archives, and which zone it is."""

import gzip
import io
import tarfile
import uuid
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nameserver import names, records, rules, whole
from nameserver.errors import InvalidInput
from nameserver.incoming import archives
from nameserver.incoming.directives import directives
from nameserver.incoming.domains import domain_of
from nameserver.incoming.lines import read
from nameserver.records import Record
from tests.unit.test_records import ACCEPTED

DOMAIN = "example.com"
OURS = ("ns1.vps.org", "ns2.vps.org")


# ---- directives ----


@pytest.mark.parametrize(
    "content",
    [
        b"$INCLUDE /etc/passwd\n",
        b"$include other\n",
        b" $INCLUDE other\n",
        b'"$INCLUDE" /etc/passwd\n',
        b"( $INCLUDE /etc/passwd )\n",
        b"(\n$INCLUDE /etc/passwd )\n",
        b"@ A 192.0.2.1\r$INCLUDE /etc/passwd",
        b"@ A 192.0.2.1 ; a comment\n\n$InClUdE /etc/passwd ; another",
    ],
)
def test_include_is_found_where_named_finds_it(content: bytes) -> None:
    """The second and fourth leaked /etc/passwd through named-compilezone."""
    assert len(directives(content).includes) == 1


@pytest.mark.parametrize(
    "content",
    [
        b'a TXT "$INCLUDE /etc/passwd"\n',
        b'a TXT ( "x"\n "$INCLUDE" )\n',
        b"; $INCLUDE /etc/passwd\n",
        b"a TXT $included\n",
        b'a TXT "x\\"$INCLUDE y"\n',
        b"\\$INCLUDE A 192.0.2.1\n",
    ],
)
def test_what_only_looks_like_an_include(content: bytes) -> None:
    assert directives(content) == directives(b"")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\na A $GENERATE\n", "Line 2"),
        (b'x TXT "$INCLUDE\n"\n', "quote is not closed"),
        (b"a A 192.0.2.1\n\0", "NUL"),
        (b"$GENERATE 1 a A 192.0.2.1\n", "1-100"),
        (b"$GENERATE 5-1 a A 192.0.2.1\n", "1-100"),
        (b"$GENERATE 1-5/0 a A 192.0.2.1\n", "1-100"),
    ],
)
def test_what_cannot_be_read_safely(content: bytes, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        directives(content)


def test_generated_records_are_counted() -> None:
    content = b'a TXT (\n "x" )\n$GENERATE 0-9 h$ A 192.0.2.$\n"$GENERATE" 0-9/3 i$ A 192.0.2.$\n'
    assert directives(content).generated == ((3, 10), (4, 4))


# ---- lines ----

SOA = "example.com. 60 IN SOA ns.x.test. h.x.test. 7 1 2 3 4\n"


def of(line: str) -> Record:
    (record,) = read(DOMAIN, SOA + line).records
    return record


@pytest.mark.parametrize(("record_type", "value", "answer"), ACCEPTED)
def test_every_accepted_value_is_read_in_its_canonical_form(record_type: str, value: str, answer: str) -> None:
    priority = 10 if record_type in records.PRIORITY_TYPES else None
    value = records.canonical_value(record_type, value, priority, DOMAIN)
    rdata = records.rdata(record_type, value, priority)
    found = of(f"x.example.com. 300 IN {record_type} {rdata.to_text()}")
    assert (found.name, found.type, found.ttl, found.value, found.priority) == ("x", record_type, 300, value, priority)


labels = st.text("abcxyzABC019-_/*\\.", min_size=1, max_size=20)


@given(st.lists(labels, min_size=1, max_size=4).map(".".join))
def test_plain_owners_are_read_as_every_other(owner: str) -> None:
    """What is read without a parser, and what the reader of every write makes of it."""
    lines = read(DOMAIN, f"{SOA}{owner}.example.com. 0 IN A 192.0.2.1\n")
    found = [each.name for each in lines.records] + [str(each[3]) for each in lines.faults]
    assert found == [_or_error(names.canonical_owner, f"{owner}.example.com.")]


@given(st.lists(labels, min_size=1, max_size=4).map(".".join))
def test_plain_hosts_are_read_as_every_other(host: str) -> None:
    lines = read(DOMAIN, f"{SOA}x.example.com. 0 IN CNAME {host}.\n")
    found = [each.value for each in lines.records] + [str(each[3]) for each in lines.faults]
    assert found == [_or_error(names.canonical_host, f"{host}.")]


def _or_error(reader: Callable[[str, str], str], text: str) -> str:
    try:
        return reader(text, DOMAIN)
    except InvalidInput as error:
        return str(error)


@given(st.lists(st.binary(max_size=255), min_size=1, max_size=4))
def test_every_text_is_read_as_every_other(strings: list[bytes]) -> None:
    text = " ".join('"' + "".join(_octet(each) for each in string) + '"' for string in strings)
    assert of(f"x.example.com. 0 IN TXT\t{text}").value == records.canonical_value("TXT", text, None, DOMAIN)


def _octet(octet: int) -> str:
    """As BIND prints it."""
    if octet in b'"\\':
        return "\\" + chr(octet)
    return chr(octet) if 0x20 <= octet < 0x7F else f"\\{octet:03d}"


def test_what_is_ours_and_what_is_not_stored() -> None:
    lines = read(
        DOMAIN,
        SOA + "example.com. 60 IN RRSIG A 13\nx.example.com. 60 IN RP a. b.\nexample.com. 1 IN NS a.b.\n"
        "; resign=1\nx.example.com. 1 IN APL \n",
    )
    assert (lines.serial, lines.authority.primary, lines.authority.negative_ttl) == (7, "ns.x.test", 4)
    assert dict(lines.left_out) == {"RRSIG": 1, "RP": 1, "APL": 1}
    assert [(each.name, each.value) for each in lines.records] == [("@", "a.b")]


def test_uuids_are_random_ones() -> None:
    lines = read(DOMAIN, SOA + "".join(f"x{each}.example.com. 0 IN A 192.0.2.1\n" for each in range(100)))
    found = {each.uuid for each in lines.records}
    assert len(found) == 100
    assert {(uuid.UUID(each).version, uuid.UUID(each).variant) for each in found} == {(4, uuid.RFC_4122)}
    assert {str(uuid.UUID(each)) for each in found} == found


# ---- the wire ----


@pytest.mark.parametrize(("record_type", "value", "_answer"), ACCEPTED)
def test_wire_is_that_of_the_parser(record_type: str, value: str, _answer: str) -> None:
    priority = 10 if record_type in records.PRIORITY_TYPES else None
    value = records.canonical_value(record_type, value, priority, DOMAIN)
    wire = records.canonical_wire(record_type, value, priority)
    assert wire == records.rdata(record_type, value, priority).to_digestable()


@pytest.mark.parametrize(
    ("record_type", "value"), [("A", "192.0.2"), ("AAAA", "x"), ("NS", "a b"), ("SRV", "1 2 a b c")]
)
def test_wire_of_what_came_past_our_rules(record_type: str, value: str) -> None:
    with pytest.raises((InvalidInput, ValueError)):
        records.canonical_wire(record_type, value, 1 if record_type == "SRV" else None)


# ---- the rules for a whole zone ----

NAMES = ["@", "a", "b.a", "c.b.a", "*", "*.a", "d", "ns.d", "e.d"]
VALUES = [
    *(("A", f"192.0.2.{each}") for each in range(3)),
    *(("NS", each) for each in ("ns.d.example.com", "ns.x.test", "ns1.vps.org")),
    ("CNAME", "x.test"),
    ("DNAME", "y.test."),
    ("DS", "1 13 2 " + "00" * 32),
    ("MX", "."),
    ("MX", "m.x.test"),
    ("TXT", "t"),
]
zones = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), unique=True, max_size=12)


@given(zones, st.sets(st.sampled_from(["a.example.com", "e.d.example.com"])))
def test_whole_zone_is_judged_as_each_record_beside_all_others(
    drawn: list[tuple[str, tuple[str, str]]], children: set[str]
) -> None:
    zone = [
        Record(f"{number}", name, kind, 60, value, 0 if kind == "MX" else None)
        for number, (name, (kind, value)) in enumerate(drawn)
    ]
    weighed = [(each, records.canonical_wire(each.type, each.value, each.priority)) for each in zone]
    refused = {each.uuid for each, _ in whole.faults(DOMAIN, weighed, OURS, children)}
    assert refused == {each.uuid for each in zone if _is_refused(each, zone, children)}


def _is_refused(record: Record, zone: list[Record], children: set[str]) -> bool:
    name = names.absolute(record.name, DOMAIN)
    hiding = [each for each in children if name == each or names.is_below(name, each)]
    try:
        rules.check_record(DOMAIN, [each for each in zone if each is not record], record, OURS, hiding)
    except InvalidInput:
        return True
    return False


@pytest.mark.parametrize("many", [100, 101])
def test_largest_rrset(many: int) -> None:
    zone = [Record(f"{each}", "a", "A", 60, f"192.0.{each // 200}.{each % 200}") for each in range(many)]
    weighed = [(each, records.canonical_wire("A", each.value, None)) for each in zone]
    assert bool(list(whole.faults(DOMAIN, weighed, OURS))) == (many > rules.MOST_RECORDS)


def test_record_that_is_there_twice() -> None:
    zone = [Record(each, "a", "TXT", 60, "x") for each in "12"]
    assert len(list(whole.faults(DOMAIN, [(each, b"\1x") for each in zone], OURS))) == 2


# ---- which zone it is ----


@pytest.mark.parametrize(
    ("name", "content", "domain"),
    [
        ("x", b"; example.com serial 7\n", "example.com"),
        ("x", b"$TTL 60\n$ORIGIN example.com.\n@ SOA a b 1 2 3 4 5\n", "example.com"),
        ("x.zone", b"Example.COM. 60 IN SOA a b 1 2 3 4 5\n", "example.com"),
        ("dir/example.com.zone", b"", "example.com"),
        ("db.example.com", b"", "example.com"),
        ("example.com", b"@ SOA a b 1 2 3 4 5", "example.com"),
        ("2.0.192.in-addr.arpa.db", b"", "2.0.192.in-addr.arpa"),
        ("bücher.example.txt", b"", "xn--bcher-kva.example"),
    ],
)
def test_which_zone_a_file_is(name: str, content: bytes, domain: str) -> None:
    assert domain_of(name, content) == domain


@pytest.mark.parametrize("name", ["zone", "db.local", ""])
def test_file_that_does_not_say_which_zone_it_is(name: str) -> None:
    with pytest.raises(InvalidInput, match="does not say"):
        domain_of(name, b"@ SOA a b 1 2 3 4 5")


# ---- archives ----


def archive(*members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE, size: int | None = None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.type, member.size = kind, len(content) if size is None else size
            member.linkname = "/etc/passwd" if kind == tarfile.SYMTYPE else ""
            made.addfile(member, io.BytesIO(content))
    return out.getvalue()


def test_files_of_an_archive() -> None:
    made = archive(("a", b"1"), ("b/c", b"22"))
    assert archives.files(made, 100_000) == [("a", b"1"), ("b/c", b"22")]
    assert archives.files(gzip.compress(made), 100_000) == [("a", b"1"), ("b/c", b"22")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (archive(("a", b""), kind=tarfile.SYMTYPE), "no plain file"),
        (archive(("a", b""), kind=tarfile.CHRTYPE), "no plain file"),
        (archive(), "has no files"),
        (b"x" * 2000, "no tar archive"),
        (b"\x1f\x8b" + b"x" * 2000, "no tar archive"),
        (gzip.compress(archive(("a", b"1")))[:-20], "no tar archive"),
        (archive(("a", b"0" * 200_000)), "more than 100000 octets"),
        (gzip.compress(archive(("a", bytes(50_000_000)))), "more than 100000 octets"),
        (gzip.compress(archive(("a", bytes(50_000_000)), kind=tarfile.XHDTYPE)), "more than 100000 octets"),
    ],
    ids=["link", "device", "empty", "none", "no gzip", "cut off", "large", "bomb", "header"],
)
def test_archive_that_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        archives.files(content, 100_000)
