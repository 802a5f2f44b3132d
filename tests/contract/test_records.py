"""Records: one TTL an RRset, which record may stand beside which, and what PUT and PATCH mean."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient

from tests.contract.forms import (
    RECORDS,
    add,
    added,
    created,
    problem,
    record_url,
    records_of,
    serial,
    zone_url,
)

if TYPE_CHECKING:
    from tests.installation import Installation

Json = dict[str, Any]
EDITABLE = ("record_type", "name", "value", "ttl", "priority")
MAIL = {"record_type": "MX", "name": "@", "value": "mail.example.net"}


def whole(record: Json, **changes: Any) -> Json:
    """The body of a PUT that changes this only."""
    return {key: record[key] for key in EDITABLE} | changes


def ttls(client: FlaskClient, zone: Json) -> list[int]:
    return [record["ttl"] for record in records_of(client, zone)]


# ---- TTL ----


def test_ttl_omitted_is_the_default(alice: FlaskClient, zone: Json) -> None:
    assert added(alice, zone, "@ A 192.0.2.1")["ttl"] == 3600


def test_default_ttl_and_bounds_are_settings(install: Callable[..., "Installation"]) -> None:
    client = install(default_ttl=600, lowest_ttl=60, highest_ttl=86400).client()
    zone = created(client, "example.com")
    assert added(client, zone, "@ A 192.0.2.1")["ttl"] == 600
    for ttl in (59, 86401):
        problem(add(client, zone, "a A 192.0.2.1", ttl=ttl), field="ttl", says="60 to 86400")
    assert [added(client, zone, f"h{ttl} A 192.0.2.1", ttl=ttl)["ttl"] for ttl in (60, 86400)] == [60, 86400]


def test_ttl_at_its_bounds(alice: FlaskClient, zone: Json) -> None:
    for ttl in (0, 1, 2147483647):
        record = added(alice, zone, f"h{ttl} A 192.0.2.1", ttl=ttl)
        assert alice.get(record_url(record)).get_json()["ttl"] == ttl


def test_ttl_omitted_is_that_of_the_rrset(alice: FlaskClient, zone: Json) -> None:
    added(alice, zone, "@ A 192.0.2.1", ttl=60)
    added(alice, zone, "@ A 192.0.2.2")
    added(alice, zone, "@ AAAA 2001:db8::1")
    added(alice, zone, "www A 192.0.2.2")
    assert ttls(alice, zone) == [60, 60, 3600, 3600]


@pytest.mark.parametrize("way", ["POST", "PUT", "PATCH"])
def test_ttl_of_one_is_written_on_its_siblings(alice: FlaskClient, zone: Json, way: str) -> None:
    first = added(alice, zone, "@ A 192.0.2.1")
    added(alice, zone, "@ A 192.0.2.2")
    added(alice, zone, "@ TXT x")
    added(alice, zone, "www A 192.0.2.1")
    if way == "POST":
        added(alice, zone, "@ A 192.0.2.3", ttl=60)
    else:
        body = whole(first, ttl=60) if way == "PUT" else {"ttl": 60}
        assert alice.open(record_url(first), method=way, json=body).status_code == 200
    assert ttls(alice, zone) == [60, 60, 3600, 3600] + ([60] if way == "POST" else [])


def test_replacing_without_a_ttl_takes_it_as_a_new_record_would(alice: FlaskClient, zone: Json) -> None:
    alone = added(alice, zone, "www A 192.0.2.1", ttl=60)
    body = {key: alone[key] for key in ("record_type", "name", "value")}
    assert alice.put(record_url(alone), json=body).get_json()["ttl"] == 3600
    added(alice, zone, "www A 192.0.2.2", ttl=120)
    assert alice.put(record_url(alone), json=body).get_json()["ttl"] == 120


def test_moved_record_brings_its_new_rrset_to_one_ttl(alice: FlaskClient, zone: Json) -> None:
    added(alice, zone, "a A 192.0.2.1", ttl=60)
    moved = added(alice, zone, "b A 192.0.2.2", ttl=120)
    stays = added(alice, zone, "b A 192.0.2.3")
    assert alice.patch(record_url(moved), json={"name": "a", "ttl": 300}).status_code == 200
    assert ttls(alice, zone) == [300, 300, 120]
    assert alice.get(record_url(stays)).get_json()["ttl"] == 120


# ---- names and values ----


NAMES = [
    ("@", "@"),
    ("example.com", "@"),
    ("example.com.", "@"),
    ("EXAMPLE.COM", "@"),
    ("www", "www"),
    ("WWW", "www"),
    ("www.example.com", "www"),
    ("www.example.com.", "www"),
    ("a.b.c", "a.b.c"),
    ("*", "*"),
    ("*.a", "*.a"),
    ("*.example.com.", "*"),
    ("_dmarc", "_dmarc"),
    ("foo_bar", "foo_bar"),
    ("bücher", "xn--bcher-kva"),
    ("xn--bcher-kva.example.com", "xn--bcher-kva"),
    ("www.example.net", "www.example.net"),
    ("a" * 63, "a" * 63),
]


def test_names(alice: FlaskClient, zone: Json) -> None:
    names = [name for name, _ in NAMES]
    found = [added(alice, zone, f"{name} TXT {number}")["name"] for number, name in enumerate(names)]
    assert list(zip(names, found, strict=True)) == NAMES


def test_names_that_are_none(alice: FlaskClient, zone: Json) -> None:
    wrong = ["", " ", ".", "a..b", ".a", "a b", "www.example.net.", "a.*", "*a", "a" * 64, ".".join(["a" * 60] * 5)]
    for name in [*wrong, "http://www", "$ORIGIN", "a;b", 'a"b', "a\nb", "a\\b", "example.com.example.com"]:
        body = {"record_type": "TXT", "name": name, "value": "x"}
        problem(alice.post(zone_url(zone, "records/"), json=body), field="name")
    assert records_of(alice, zone) == []


VALUES = [
    ("AAAA", "2001:0DB8:0:0::1", "2001:db8::1"),
    ("AAAA", "::ffff:192.0.2.1", "::ffff:192.0.2.1"),
    ("CNAME", "WWW.Example.NET.", "www.example.net"),
    ("CNAME", "bücher.example", "xn--bcher-kva.example"),
    ("NS", "ns1.example.net.", "ns1.example.net"),
    ("TXT", "a\\b", "a\\b"),
    ("TXT", '"a" "b"', '"a" "b"'),
    ("TXT", '"ab"', "ab"),
    ("TXT", "x" * 300, "x" * 300),
    ("TXT", "x" * 64000, "x" * 64000),
    ("TXT", "grüße", "grüße"),
    ("TXT", "", ""),
    ("CAA", "0 issue letsencrypt.org", '0 issue "letsencrypt.org"'),
    ("PTR", "Host.example.net", "host.example.net."),
    ("HTTPS", "1 . alpn=h2", '1 . alpn="h2"'),
]


def test_values(alice: FlaskClient, zone: Json) -> None:
    """Answered in one form, which read again is the same."""
    for number, (record_type, value, answered) in enumerate(VALUES):
        record = added(alice, zone, f"h{number} {record_type} {value}")
        assert record["value"] == answered
        again = alice.put(record_url(record), json=record)
        assert again.get_json()["value"] == answered
        assert "X-Change-Id" not in again.headers


def test_lower_case_type(alice: FlaskClient, zone: Json) -> None:
    assert added(alice, zone, "@ txt x")["record_type"] == "TXT"


def test_bare_label_as_host_suggests_the_full_name(alice: FlaskClient, zone: Json) -> None:
    problem(add(alice, zone, "www CNAME mail"), field="value", says="mail.example.com")


# ---- the same record twice ----

SAME = [
    ("www A 192.0.2.1", "WWW.Example.COM. A 192.0.2.1"),
    ("www AAAA 2001:db8::1", "www AAAA 2001:0DB8:0::1"),
    ("www AAAA ::ffff:192.0.2.1", "www AAAA ::ffff:c000:201"),
    ("@ NS ns.example.net", "@ NS NS.example.NET."),
    ("@ TXT ab", '@ TXT "ab"'),
    ("@ CAA 0 issue letsencrypt.org", '@ CAA 0 issue "letsencrypt.org"'),
    ("_x._tcp PTR a.example.net", "_x._tcp PTR A.example.net."),
]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_record_stands_once(alice: FlaskClient, zone: Json, first: str, second: str) -> None:
    """However it is spelled, and with whatever TTL."""
    record = added(alice, zone, first)
    problem(add(alice, zone, second, ttl=60), field="value", says="exists")
    other = added(alice, zone, "other TXT x")
    name, record_type, value = second.split(" ", 2)
    body = {"name": name, "record_type": record_type, "value": value}
    problem(alice.put(record_url(other), json=body), field="value", says="exists")
    assert records_of(alice, zone) == [record, other]


def test_database_itself_keeps_a_record_once(
    alice: FlaskClient, zone: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any rule the second one is refused all the same, with the rule's words."""
    monkeypatch.setattr("api.changes.edit.rules.check_record", lambda *_: None)
    added(alice, zone, "www A 192.0.2.1")
    body = {"record_type": "A", "name": "www", "value": "192.0.2.1"}
    problem(alice.post(zone_url(zone, "records/"), json=body), field="value", says="exists already")
    assert len(records_of(alice, zone)) == 1


def test_priority_is_part_of_the_record(alice: FlaskClient, zone: Json) -> None:
    for priority in (10, 20):
        added(alice, zone, "@ MX mail.example.net", priority=priority)
    problem(add(alice, zone, "@ MX MAIL.example.net.", priority=10), field="value", says="exists")


def test_strings_of_a_text_are_part_of_the_record(alice: FlaskClient, zone: Json) -> None:
    added(alice, zone, "@ TXT ab")
    assert added(alice, zone, '@ TXT "a" "b"')["value"] == '"a" "b"'


def test_same_record_in_two_zones_or_of_two_accounts(alice: FlaskClient, bob: FlaskClient, zone: Json) -> None:
    added(alice, zone, "@ A 192.0.2.1")
    added(alice, created(alice, "example.net"), "@ A 192.0.2.1")
    added(bob, created(bob, "example.org"), "@ A 192.0.2.1")


# ---- rules between records ----

DS = "DS 12345 13 2 " + "ab" * 32
# What stands, what is refused beside it, the field, and what is allowed all the same.
RULES: dict[str, tuple[list[str], str, str, str]] = {
    "CNAME at the apex": ([], "@ CNAME www.example.net", "name", "www CNAME www.example.net"),
    "CNAME beside a record": (["www A 192.0.2.1"], "www CNAME a.example.net", "name", "ww CNAME a.example.net"),
    "record beside a CNAME": (["www CNAME a.example.net"], "www TXT x", "name", "x.www TXT x"),
    "a second CNAME": (["www CNAME a.example.net"], "www CNAME b.example.net", "name", "w CNAME a.example.net"),
    "below a delegation": (["sub NS ns.example.net"], "www.sub A 192.0.2.1", "name", "www A 192.0.2.1"),
    "at a delegation": (["sub NS ns.example.net"], "sub TXT x", "name", f"sub {DS}"),
    "glue of another": (["sub NS ns.sub.example.com"], "a.sub A 192.0.2.1", "name", "ns.sub A 192.0.2.1"),
    "delegation over a record": (["a.sub TXT x"], "sub NS ns.example.net", "name", "su NS ns.example.net"),
    "below a DNAME": (["sub DNAME a.example.net"], "a.sub TXT x", "name", "sub TXT x"),
    "DNAME over a record": (["a.sub TXT x"], "sub DNAME a.example.net", "name", "su DNAME a.example.net"),
    "wildcard NS": ([], "*.sub NS ns.example.net", "name", "sub NS ns.example.net"),
    "DS at the apex": ([], f"@ {DS}", "name", f"sub {DS}"),
    "a nameserver of ours": ([], "@ NS ns1.zonewright.test", "value", "sub NS ns1.zonewright.test"),
    "apex nameserver without an address": ([], "@ NS ns.example.com", "value", "@ NS ns.example.net"),
}


@pytest.mark.parametrize("rule", RULES)
def test_rule(alice: FlaskClient, zone: Json, rule: str) -> None:
    """On POST, and the same for a PUT and a PATCH that lead there."""
    stand, refused, field, allowed = RULES[rule]
    before = [added(alice, zone, line) for line in stand]
    problem(add(alice, zone, refused), field=field)
    other = added(alice, zone, "elsewhere TXT x")
    name, record_type, value = refused.split(" ", 2)
    body = {"record_type": record_type, "name": name, "value": value}
    for method in ("PUT", "PATCH"):
        problem(alice.open(record_url(other), method=method, json=body), field=field)
    assert records_of(alice, zone) == [*before, other]
    added(alice, zone, allowed)


def test_null_mail_stands_alone(alice: FlaskClient, zone: Json) -> None:
    null = added(alice, zone, "@ MX .", priority=0)
    assert null["value"] == "."
    problem(add(alice, zone, "@ MX mail.example.net", priority=10), field="value", says="only MX")
    added(alice, zone, "www MX mail.example.net", priority=10)
    problem(add(alice, zone, "www MX .", priority=0), field="value")


def test_child_zone_of_ours_takes_its_names(alice: FlaskClient, zone: Json) -> None:
    created(alice, "sub.example.com")
    for name in ("sub", "www.sub", "*.sub"):
        problem(add(alice, zone, f"{name} A 192.0.2.1"), field="name", says="sub.example.com")
    added(alice, zone, "sub NS ns.example.net")
    added(alice, zone, "xsub A 192.0.2.1")


# ---- caps ----


def test_hundred_records_an_rrset(alice: FlaskClient, zone: Json) -> None:
    for number in range(99):
        added(alice, zone, f"www A 192.0.2.{number}")
    spare = added(alice, zone, "spare A 192.0.2.200")
    added(alice, zone, "www A 192.0.2.99")
    problem(add(alice, zone, "www A 192.0.2.100"), field="name", says="100")
    problem(alice.patch(record_url(spare), json={"name": "www"}), field="name", says="100")
    last = alice.get(RECORDS, query_string={"limit": 5000}).get_json()[-1]
    assert alice.patch(record_url(last), json={"value": "192.0.2.100"}).status_code == 200
    added(alice, zone, "www AAAA ::1")
    assert len(records_of(alice, zone)) == 102


def test_nameservers_of_ours_count_at_the_apex(alice: FlaskClient, zone: Json) -> None:
    for number in range(98):
        added(alice, zone, f"@ NS ns{number}.example.net")
    problem(add(alice, zone, "@ NS ns98.example.net"), field="name", says="100")


def test_rrset_of_65_000_octets(alice: FlaskClient, zone: Json) -> None:
    """The lengths of the rdata and 12 for each record: 40,000 octets of text are 40,157 on the wire."""
    added(alice, zone, "@ TXT " + "a" * 40_000)
    rest = 65_000 - (40_000 + 157 + 12) - 12
    text = next("b" * size for size in range(rest, 0, -1) if size + -(-size // 255) <= rest)
    problem(add(alice, zone, f"@ TXT {text}b"), field="value", says="65000")
    added(alice, zone, f"@ TXT {text}")
    problem(add(alice, zone, "www TXT " + "a" * 64_001), field="value", says="64000")


# ---- PUT and PATCH ----


def test_put_needs_the_whole_record(alice: FlaskClient, zone: Json) -> None:
    record = added(alice, zone, "www A 192.0.2.1")
    for key in ("record_type", "name", "value"):
        body = whole(record)
        del body[key]
        problem(alice.put(record_url(record), json=body), field=key, says="required")
    assert records_of(alice, zone) == [record]


def test_put_forgets_what_it_does_not_name(alice: FlaskClient, zone: Json) -> None:
    record = alice.post(zone_url(zone, "records/"), json=MAIL | {"priority": 10, "ttl": 60}).get_json()
    problem(alice.put(record_url(record), json=MAIL), field="priority")
    text = {"record_type": "TXT", "name": "@", "value": "x"}
    changed = alice.put(record_url(record), json=text).get_json()
    assert (changed["ttl"], changed["priority"]) == (3600, None)


@pytest.mark.parametrize(
    "change", [{"value": "192.0.2.9"}, {"name": "a.b"}, {"ttl": 5}, {"priority": None}, {}], ids=str
)
def test_patch_keeps_what_it_does_not_name(alice: FlaskClient, zone: Json, change: Json) -> None:
    record = added(alice, zone, "www A 192.0.2.1", ttl=60)
    changed = alice.patch(record_url(record), json=change)
    assert changed.status_code == 200
    assert changed.get_json() == record | change | {"zone": zone["uuid"]}


def test_type_changes_at_once(alice: FlaskClient, zone: Json) -> None:
    """Where the result is valid: a CNAME can't be had in two steps."""
    record = added(alice, zone, "www A 192.0.2.1")
    alias = {"record_type": "CNAME", "value": "www.example.net"}
    changed = alice.patch(record_url(record), json=alias)
    assert changed.get_json() == record | alias | {"zone": zone["uuid"]}
    mail = MAIL | {"name": "www", "priority": 5}
    assert alice.put(record_url(record), json=mail).get_json()["priority"] == 5
    problem(alice.patch(record_url(record), json={"record_type": "A", "value": "192.0.2.1"}), field="priority")
    back = {"record_type": "A", "value": "192.0.2.1", "priority": None}
    assert alice.patch(record_url(record), json=back).get_json() == record | {"zone": zone["uuid"]}
    added(alice, zone, "www TXT x")
    problem(alice.patch(record_url(record), json=alias), field="name")


def test_record_does_not_stand_in_its_own_way(alice: FlaskClient, zone: Json) -> None:
    """A CNAME, a delegation with glue, a null MX and a DNAME can each be changed where they stand."""
    lines = ["www CNAME a.example.net", "sub NS ns.sub.example.com", "d DNAME a.example.net"]
    for record in [added(alice, zone, line) for line in lines]:
        change = {"value": record["value"].replace("a.example.net", "b.example.net")}
        assert alice.patch(record_url(record), json=change | {"ttl": 60}).status_code == 200
    null = added(alice, zone, "@ MX .", priority=0)
    assert alice.patch(record_url(null), json={"value": "mail.example.net"}).status_code == 200


UNCHANGING = [
    "@ A 192.0.2.1",
    "b AAAA 2001:0DB8::1",
    "c CNAME A.Example.NET.",
    '@ TXT "a" "b"',
    r"@ TXT \"x",
    "d TXT a\tb",
]


@pytest.mark.parametrize(
    "line", [*UNCHANGING, "@ MX mail.example.net", "_s._tcp SRV 1 2 a.example.net", '@ CAA 0 issue ";"']
)
def test_put_of_a_get_changes_nothing(alice: FlaskClient, zone: Json, line: str) -> None:
    """Nothing moves: no serial, no change, no body."""
    more = {"priority": 10} if line.split()[1] in ("MX", "SRV") else {}
    before = serial(add(alice, zone, line, ttl=60, **more))
    url = record_url(records_of(alice, zone)[0])
    record = alice.get(url).get_json()
    for answer in (alice.put(url, json=record), alice.patch(url, json=record), alice.patch(url, json={})):
        assert (answer.status_code, answer.get_json()) == (200, record)
        assert serial(answer) == before
        assert "X-Change-Id" not in answer.headers
        assert f'</api/v1/dns-zones/{zone["uuid"]}/status/>; rel="status"' in answer.headers["Link"]
    status = alice.get(zone_url(zone, "status/")).get_json()
    assert status["serial"] == before


def test_refused_write_moves_no_serial(alice: FlaskClient, zone: Json) -> None:
    before = serial(add(alice, zone, "@ A 192.0.2.1"))
    problem(add(alice, zone, "@ A 192.0.2.1"), field="value")
    problem(add(alice, zone, "@ CNAME a.example.net"), field="name")
    assert alice.get(zone_url(zone, "status/")).get_json()["serial"] == before


# ---- order ----


def test_records_come_in_the_order_they_were_created(alice: FlaskClient, zone: Json) -> None:
    """Whatever is changed or deleted later."""
    lines = ["z TXT 1", "@ A 192.0.2.1", "a TXT 2", "m TXT 3", "b TXT 4"]
    records = [added(alice, zone, line) for line in lines]
    alice.patch(record_url(records[0]), json={"name": "y", "ttl": 60})
    alice.delete(record_url(records[2]))
    expected = [record["uuid"] for record in records if record is not records[2]]
    expected.append(added(alice, zone, "0 TXT 5")["uuid"])
    for found in (
        records_of(alice, zone),
        alice.get(RECORDS).get_json(),
        alice.get(zone_url(zone)).get_json()["records"],
    ):
        assert [record["uuid"] for record in found] == expected
