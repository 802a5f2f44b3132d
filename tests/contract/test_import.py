"""Importing zones over HTTP: whole or not at all, and every loss is named."""

import gzip
import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from api.database import db
from api.models import Change, Zone, checksums
from api.store.pages import EVERYTHING
from api.store.records import as_values, records_of
from tests.contract.forms import FILE, IMPORT, UNKNOWN, ZONE, ZONES, added, created, is_uuid, locked, problem, zone_url
from tests.contract.forms import records_of as listed
from tests.contract.test_dry_run import everything
from tests.unit.test_incoming import archive

if TYPE_CHECKING:
    from tests.installation import Installation

Json = dict[str, Any]
OURS = b"@ 3600 IN NS ns1.zonewright.test.\n@ 3600 IN NS ns2.zonewright.test.\n"
RECORDS = b'www 300 A 192.0.2.1\nwww 300 A 192.0.2.2\n@ 60 MX 10 mail.example.net.\nt 60 TXT "a;b" "\\255"\n'


def post(client: FlaskClient, content: bytes, query: str = "domain=example.com", **more: Any) -> TestResponse:
    return client.post(f"{IMPORT}?{query}", data=content, content_type="text/dns", **more)


def imported(client: FlaskClient, content: bytes, query: str = "domain=example.com") -> Json:
    answer = post(client, content, query)
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def values(client: FlaskClient, zone: Json) -> list[str]:
    return sorted(
        f"{each['name']} {each['ttl']} {each['record_type']} {each['value']}" for each in listed(client, zone)
    )


def said(client: FlaskClient, zone: Json) -> list[str]:
    """The zone's records with everything but their uuids."""
    return sorted(json.dumps({**each, "uuid": "", "created_at": ""}) for each in listed(client, zone))


def kinds(zone: Json) -> list[str]:
    return [each["kind"] for each in zone["plan"]["losses"]]


# ---- one zone ----


def test_zone_file_becomes_a_zone(installation: "Installation", alice: FlaskClient) -> None:
    """One change, one serial, and the checksum of what was stored."""
    answer = post(alice, FILE + RECORDS, "domain=Example.COM.")
    zone = answer.get_json()
    assert answer.status_code == 201
    assert list(zone) == [*ZONE, "plan"]
    assert (zone["domain"], zone["record_count"], zone["plan"]["added"]) == ("example.com", 4, 4)
    assert values(alice, zone) == [
        "@ 60 MX mail.example.net",
        't 60 TXT "a;b" "\\255"',
        "www 300 A 192.0.2.1",
        "www 300 A 192.0.2.2",
    ]
    assert is_uuid(answer.headers["X-Change-Id"])
    with installation.app.app_context():
        change = db.session.scalars(select(Change)).one()
        row = db.session.scalars(select(Zone)).one()
        assert (change.action, len(change.added), change.removed) == ("zone.create", 4, [])
        assert str(row.serial) == answer.headers["X-Zone-Serial"]
        assert row.checksum == checksums.of(as_values(records_of(row, EVERYTHING)))


def test_records_can_be_written_afterwards(alice: FlaskClient) -> None:
    """Their digests are those of every write: the same record is not taken again."""
    zone = imported(alice, FILE + RECORDS)
    for each in listed(alice, zone):
        body = {key: each[key] for key in ("record_type", "name", "value", "priority")}
        problem(alice.post(zone_url(zone, "records/"), json=body), field="value", says="exists already")
        assert alice.put(f"/api/v1/dns-records/{each['uuid']}/", json=body | {"ttl": each["ttl"]}).status_code == 200
    assert alice.get(zone_url(zone)).get_json()["record_count"] == 4


def test_every_loss_is_named(alice: FlaskClient) -> None:
    content = FILE + (
        b"$GENERATE 1-3 h$ 60 A 192.0.2.$\nx 60 A 192.0.2.1\nx 61 A 192.0.2.2\nr 60 RP a.test. b.test.\n"
        b"u 60 TYPE65280 \\# 1 00\nwww.example.net. 60 A 192.0.2.1\n@ 60 DNSKEY 257 3 13 AAAA\n"
    )
    plan = imported(alice, content)["plan"]
    details = {each["kind"]: each["detail"] for each in plan["losses"]}
    assert set(details) == {
        "signatures", "type", "nameservers", "soa", "ttl-differs", "out-of-zone", "generate",
    }  # fmt: skip
    assert len(plan["losses"]) == 8
    assert "DS" in details["signatures"]
    assert "ns.other.test" in details["nameservers"]
    assert "ns1.zonewright.test" in details["nameservers"]
    assert "hostmaster host.other.test becomes hostmaster.zonewright.test" in details["soa"]
    assert details["out-of-zone"] == (
        "Line 8: www.example.net is not in this zone: its record would not be served. It is left out."
    )
    assert details["generate"] == "Line 3: $GENERATE becomes 3 records."
    assert "Line 5" in details["ttl-differs"]
    assert plan["added"] == 5


def test_nothing_is_lost_of_a_zone_of_ours(alice: FlaskClient) -> None:
    """A file that names our nameservers has them; its owner's others at the apex stay."""
    soa = b"@ 3600 IN SOA ns1.zonewright.test. hostmaster.zonewright.test. 9 7200 900 1209600 300\n"
    zone = imported(alice, soa + OURS + b"@ 3600 NS ns.example.net.\n")
    assert kinds(zone) == []
    assert values(alice, zone) == ["@ 3600 NS ns.example.net"]


def test_nameservers_that_are_replaced_may_be_anything(alice: FlaskClient) -> None:
    """`localhost` is no host name of ours, as in the zones that BIND ships."""
    zone = imported(alice, FILE + b"@ 3600 NS localhost.\n")
    assert "localhost, ns.other.test" in next(
        each["detail"] for each in zone["plan"]["losses"] if each["kind"] == "nameservers"
    )
    problem(post(alice, FILE + OURS + b"@ 3600 NS localhost.\n", "domain=b.test"), field="file", says="localhost")


REFUSED = {
    "$INCLUDE /etc/passwd\n": "Line 3: $INCLUDE is not followed here",
    '"$INCLUDE" /etc/passwd\n': "Line 3: $INCLUDE is not followed here",
    "( $INCLUDE /etc/passwd )\n": "Line 3: $INCLUDE is not followed here",
    "$GENERATE 1-2000000000 a$ A 192.0.2.1\n": "Line 3: $GENERATE would make 2000000000 records",
    "$GENERATE 1-60000 a$ A 192.0.2.1\n" * 2: "Line 4: $GENERATE would make 120000 records",
    "a A 192.0.2.256\n": "Line 3: The nameserver cannot read the record's value at 192.0.2.256",
    "a NOTYPE x\n": "Line 3: NOTYPE is no record type",
    "a A 192.0.2.1\na CNAME b.test.\n": "a CNAME must be the only record at its name",
    "\n\np\\.q A 192.0.2.1\n": "Line 5: p\\.q.example.com. A 192.0.2.1: The label",
    "c CNAME single.\n": "Line 3: c.example.com. CNAME single.: A host name is written in full",
    "d NS ns.x.test.\nx.d A 192.0.2.1\n": "Line 3: d NS ns.x.test: Delegating d.example.com would hide the A",
    "@ DS 1 13 2 " + "00" * 32 + "\n": "Line 3: A DS record cannot stand at example.com",
    "a 2147483648 A 192.0.2.1\n": "Line 3: The TTL 2147483648 is higher",
    "*.d NS ns.x.test.\n": "a wildcard, which cannot be delegated",
    "x MX 0 .\nx MX 1 a.test.\n": "Line 3: x MX 0 .: A null MX",
    "out.other.example. A 192.0.2.2\n@ CNAME foo.\n": "Line 4: example.com has a CNAME record and others",
    f't TXT "{"x" * 256}"\n': "Line 3: A string of the record cannot be read, most likely because it is longer",
    f"t TXT {'x' * 256}\n": "Split it into strings of at most 255 octets",
    "w\xe4 A 192.0.2.1\n": "Line 3: w\xe4.example.com. is not in ASCII, as names in a zone file must be: write xn--w",
    "m MX 1 w\xe4.test.\n": "w\xe4.test. is not in ASCII, as names in a zone file must be: write xn--w-0fa.test.",
    "w\xe4.d NS ns.x.test.\nx MX 1 -\n": "xn--w-0fa.d.example.com.",
}


@pytest.mark.parametrize("rest", REFUSED)
def test_file_with_an_error_is_refused_whole(installation: "Installation", alice: FlaskClient, rest: str) -> None:
    """With the line and what to do; nothing of any file on this machine is told."""
    before = everything(installation)
    answer = post(alice, FILE.replace(b"3600", b"60") + rest.encode())
    detail = problem(answer, field="file")
    assert REFUSED[rest] in detail
    assert "root" not in detail
    assert everything(installation) == before


NO_ZONE_FILE = {
    b"a A 192.0.2.1\n": "Line 1: The record has no TTL, and neither a $TTL nor an SOA record stands before it. Begin",
    b"$TTL 60\na A 192.0.2.1\n": "here the SOA and NS records are missing: add them.",
    b"$TTL 60\n@ NS ns.test.\n": "here the SOA record is missing: add it.",
    FILE.split(b"\n")[0] + b"\na 60 A 192.0.2.1\n": "here the NS records are missing: add them.",
    FILE.replace(b"@", b"x", 1): "Line 1: The SOA record stands at x.example.com, which is not the zone's own name.",
}


@pytest.mark.parametrize("content", NO_ZONE_FILE)
def test_what_a_zone_file_lacks(alice: FlaskClient, content: bytes) -> None:
    assert NO_ZONE_FILE[content] in problem(post(alice, content), field="file")


def test_byte_order_mark_is_skipped(alice: FlaskClient) -> None:
    assert imported(alice, b"\xef\xbb\xbf" + FILE)["domain"] == "example.com"


@pytest.mark.parametrize("content", [b"", b"a A 192.0.2.1\n", b"\0", b"nonsense", bytes(range(256)), FILE[:60]])
def test_what_is_no_zone_file(alice: FlaskClient, content: bytes) -> None:
    problem(post(alice, content), field="file")


def test_domain_is_held_to_the_rules(alice: FlaskClient, bob: FlaskClient) -> None:
    problem(post(alice, FILE, ""), field="domain", says="?domain=")
    problem(post(alice, FILE, "domain=co.uk"), field="domain", says="public suffix")
    created(bob, "bob.test")
    for mode in ("create", "replace", "merge"):
        problem(post(alice, FILE, f"domain=bob.test&mode={mode}"), field="domain")
    problem(post(alice, FILE, "domain=a.bob.test"), field="domain", says="overlaps")


def test_zones_of_ours_within_it(alice: FlaskClient) -> None:
    """A record that a zone below hides would never be answered."""
    created(alice, "sub.example.com")
    content = FILE + b"x.sub 60 A 192.0.2.1\n"
    problem(post(alice, content), field="file", says="Line 3: x.sub A 192.0.2.1: x.sub.example.com lies in the zone")
    assert post(alice, FILE + b"sub 60 NS ns.x.test.\n").status_code == 201


def test_zone_of_our_nameservers_has_their_addresses(alice: FlaskClient) -> None:
    """Without them named would not load it."""
    query = "domain=zonewright.test"
    says = "@ NS ns1.zonewright.test: ns1.zonewright.test has no address in this zone; add its A or AAAA record first."
    problem(post(alice, FILE, query), field="file", says=says)
    problem(post(alice, FILE + b"ns1 60 A 192.0.2.1\n", query), field="file", says="ns2.zonewright.test has no address")
    assert post(alice, FILE + b"ns1 60 A 192.0.2.1\nns2 60 AAAA 2001:db8::1\n", query).status_code == 201


def test_quotas_and_bounds_of_ttls(install: Any) -> None:
    alice = install(records_per_zone=2, lowest_ttl=60, highest_ttl=100).client()
    three = b"".join(b"a%d 60 A 192.0.2.1\n" % each for each in range(3))
    problem(post(alice, FILE + three), field="file", says="A zone may have 2 records; example.com would have 3.")
    problem(post(alice, FILE + b"a 59 A 192.0.2.1\n"), field="file", says="Line 3: a A 192.0.2.1: The TTL must be")
    problem(post(alice, FILE + b"$GENERATE 1-3 a$ 60 A 192.0.2.1\n"), field="file", says="at most 2")
    problem(post(alice, FILE + b"; words\n" * 20), field="file", says="over 20 lines")
    assert imported(alice, FILE + b"a 60 A 192.0.2.1\n")["record_count"] == 1


def test_zone_of_delegations_goes_round(alice: FlaskClient) -> None:
    """Of the root's structure: 1,500 delegations, each with glue and a DS."""
    lines = []
    for each in range(1500):
        name, address = f"tld{each}", f"10.0.{each // 256}.{each % 256}"
        lines += [
            f"{name} 172800 NS a.nic.{name}",
            f"{name} 172800 NS b.nic.{name}",
            f"a.nic.{name} 172800 A {address}",
        ]
        lines += [f"b.nic.{name} 172800 A {address}", f"{name} 86400 DS {each} 8 2 {each:064x}"]
    zone = imported(alice, FILE + "\n".join(lines).encode() + b"\n")
    assert zone["record_count"] == 7500
    content = alice.get(zone_url(zone, "export/")).data
    assert imported(alice, content, "domain=example.com&mode=replace")["plan"]["unchanged"] == 7500
    alice.delete(zone_url(zone))
    again = alice.get(zone_url(imported(alice, content), "export/")).data
    assert sorted(again.splitlines()[3:]) == sorted(content.splitlines()[3:])


# ---- modes ----


def test_create_wants_no_zone_and_the_others_want_one(alice: FlaskClient) -> None:
    for mode in ("replace", "merge"):
        problem(post(alice, FILE, f"domain=example.com&mode={mode}"), field="domain", says="mode=create")
    imported(alice, FILE)
    problem(post(alice, FILE), field="domain", says="exists already")


def test_replace_keeps_what_stays(alice: FlaskClient, zone: Json) -> None:
    """The uuid of a record that is in both; a TTL is changed in place."""
    for each in ("www A 192.0.2.1", "www A 192.0.2.2", "x TXT gone"):
        added(alice, zone, each)
    added(alice, zone, "mx MX a.test", priority=10)
    before = {each["value"]: each["uuid"] for each in listed(alice, zone)}
    content = FILE + b"www 60 A 192.0.2.1\nmx 3600 MX 10 a.test.\nmx 3600 MX 20 a.test.\nnew 60 A 192.0.2.9\n"
    plan = imported(alice, content, "domain=example.com&mode=replace")["plan"]
    assert [plan[key] for key in ("added", "removed", "changed", "unchanged")] == [2, 2, 1, 1]
    assert plan["removed_records"] == ["www 3600 A 192.0.2.2", "x 3600 TXT gone"]
    assert plan["changed_records"] == ["www 3600 A 192.0.2.1 (TTL 60)"]
    after = {(each["value"], each["priority"]): each for each in listed(alice, zone)}
    assert after["192.0.2.1", None]["uuid"] == before["192.0.2.1"]
    assert after["192.0.2.1", None]["ttl"] == 60
    assert after["a.test", 10]["uuid"] == before["a.test"]
    assert set(after) == {("192.0.2.1", None), ("a.test", 10), ("a.test", 20), ("192.0.2.9", None)}


def test_merge_leaves_other_rrsets_alone(alice: FlaskClient, zone: Json) -> None:
    for each in ("www A 192.0.2.1", "www A 192.0.2.2", "www TXT stays", "x A 192.0.2.3"):
        added(alice, zone, each)
    plan = imported(alice, FILE + b"www 60 A 192.0.2.1\nn 60 A 192.0.2.9\n", "domain=example.com&mode=merge")["plan"]
    assert [plan[key] for key in ("added", "removed", "changed", "unchanged")] == [1, 1, 1, 2]
    assert values(alice, zone) == [
        "n 60 A 192.0.2.9",
        "www 3600 TXT stays",
        "www 60 A 192.0.2.1",
        "x 3600 A 192.0.2.3",
    ]


def test_merge_is_held_to_the_rules_beside_what_is_there(alice: FlaskClient, zone: Json) -> None:
    added(alice, zone, "www A 192.0.2.1")
    added(alice, zone, "c CNAME a.test")
    query = "domain=example.com&mode=merge"
    problem(post(alice, FILE + b"c 60 A 192.0.2.1\n", query), field="file", says="CNAME")
    problem(post(alice, FILE + b"www 60 CNAME a.test.\n", query), field="file", says="Line 3: www CNAME")
    assert len(listed(alice, zone)) == 2


def test_import_honours_locks_and_is_told_as_one(alice: FlaskClient, zone: Json) -> None:
    added(alice, zone, "www A 192.0.2.1")
    lock = locked(alice, zone, "billing", name="www", record_type="A")
    file = FILE + b"www 3600 IN A 192.0.2.2\n"
    for mode in ("replace", "merge"):
        problem(post(alice, file, f"domain=example.com&mode={mode}&confirm_removals=true"), 409, says="billing")
    assert values(alice, zone) == ["www 3600 A 192.0.2.1"]
    alice.delete(f"/api/v1/dns-locks/{lock['uuid']}/")
    written = post(alice, file, "domain=example.com&mode=merge")
    change = alice.get(f"/api/v1/dns-changes/{written.headers['X-Change-Id']}/").get_json()
    assert change["actor"]["source"] == "import"


def test_same_file_again_changes_nothing(installation: "Installation", alice: FlaskClient) -> None:
    imported(alice, FILE + RECORDS)
    for mode in ("replace", "merge"):
        before = everything(installation)
        answer = post(alice, FILE + RECORDS, f"domain=example.com&mode={mode}")
        assert "X-Change-Id" not in answer.headers
        assert answer.get_json()["plan"]["unchanged"] == 4
        assert everything(installation) == before


def test_much_is_removed_only_when_that_is_confirmed(alice: FlaskClient) -> None:
    ten = [b"a%d 60 A 192.0.2.1\n" % each for each in range(10)]
    zone = imported(alice, FILE + b"".join(ten))
    query = "domain=example.com&mode=replace"
    detail = problem(post(alice, FILE + b"".join(ten[4:]), query), field="confirm_removals")
    assert "The import removes 4 of the 10 records of example.com" in detail
    assert len(listed(alice, zone)) == 10
    assert imported(alice, FILE + b"".join(ten[3:]), query)["plan"]["removed"] == 3
    assert imported(alice, FILE, f"{query}&confirm_removals=true")["plan"]["removed"] == 7


# ---- who, and how often ----


def test_replace_and_merge_take_every_permission_to_write(installation: "Installation") -> None:
    creator = installation.client_with("dns:create")
    imported(creator, FILE)
    for mode in ("replace", "merge"):
        answer = post(creator, FILE, f"domain=example.com&mode={mode}")
        problem(answer, 403, says="dns:update")
    query, key = "domain=example.com&mode=replace", {"Idempotency-Key": "k"}
    assert post(installation.client(), FILE, query, headers=key).status_code == 201
    problem(post(creator, FILE, query, headers=key), 403, says="dns:update")
    problem(post(installation.client_with("dns:list"), FILE), 403, says="dns:create")


def test_same_key_is_one_import(installation: "Installation", alice: FlaskClient) -> None:
    first, second = (post(alice, FILE, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert first.get_json() == second.get_json()
    assert second.headers["Idempotency-Replayed"] == "true"
    with installation.app.app_context():
        assert len(db.session.scalars(select(Change)).all()) == 1


def test_body_may_be_larger_than_any_other(install: Any) -> None:
    alice = install(import_limit=2_000_000).client()
    content = FILE + b"; a comment\n" * 100_000
    assert len(content) > 1_100_000
    assert post(alice, content).status_code == 201
    problem(post(alice, content * 2, "domain=b.test"), 413)
    problem(alice.post(ZONES, data=b" " * 1_100_000, content_type="application/json"), 413)


def test_other_media_types(alice: FlaskClient) -> None:
    problem(alice.post(f"{IMPORT}?domain=example.com", json={}), 415, says="text/dns")


def test_import_can_be_proposed(installation: "Installation", alice: FlaskClient) -> None:
    """One zone at a time; it is done as it was sent when another token approves it."""
    answer = post(alice, FILE + RECORDS, "domain=example.com&propose=true")
    assert answer.status_code == 202, answer.text
    assert alice.get(ZONES).get_json() == []
    second = installation.client(secret=installation.token()[1])
    approved = second.post(f"/api/v1/dns-proposals/{answer.get_json()['id']}/approve/")
    assert approved.status_code == 201, approved.text
    assert len(values(alice, approved.get_json())) == 4
    content = archive(("a.test", FILE))
    answer = alice.post(f"{IMPORT}?propose=true", data=content, content_type="application/x-tar")
    problem(answer, field="propose", says="each zone file alone")


# ---- several zones ----


def form(**files: bytes) -> Json:
    return {"data": {name.replace("_", "."): (io.BytesIO(content), name) for name, content in files.items()}}


def test_several_zones_in_a_form(alice: FlaskClient) -> None:
    """Each is told apart, and is a change of its own."""
    answer = alice.post(IMPORT, **form(example_com=FILE + RECORDS, example_net=FILE))
    assert answer.status_code == 201, answer.text
    zones = answer.get_json()["zones"]
    assert [(each["domain"], each["record_count"], each["error"]) for each in zones] == [
        ("example.com", 4, None),
        ("example.net", 0, None),
    ]
    assert len(answer.headers["X-Change-Id"].split(", ")) == 2


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_several_zones_in_an_archive(alice: FlaskClient, pack: Any) -> None:
    content = pack(archive(("zones/example.com.zone", FILE + RECORDS), ("db.example.net", FILE)))
    kind = "application/x-tar" if pack is bytes else "application/gzip"
    answer = alice.post(IMPORT, data=content, content_type=kind)
    assert answer.status_code == 201, answer.text
    assert [each["domain"] for each in alice.get(ZONES).get_json()] == ["example.com", "example.net"]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"example_com": FILE, "example_net": b"x"}, "example_net: .*Nothing was imported"),
        ({"example_com": FILE, "com_": FILE}, "com_: .*Nothing was imported"),
        ({"example_com": FILE, "x": FILE}, "does not say which zone"),
        ({"example_com": FILE, "x": b"; example.com serial 1\n" + FILE}, "example.com is there 2 times"),
        ({}, "no files"),
    ],
)
def test_one_that_is_refused_and_none_is_imported(
    installation: "Installation", alice: FlaskClient, files: dict[str, bytes], says: str
) -> None:
    before = everything(installation)
    answer = alice.post(IMPORT, content_type="multipart/form-data", **form(**files))
    assert answer.status_code == 400
    assert re.search(says, answer.get_json()["detail"])
    assert everything(installation) == before


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
@pytest.mark.parametrize("parts", [("f1_example", "www_f1_example"), ("www_f1_example", "f1_example")])
def test_zones_within_each_other_are_planned_together(
    installation: "Installation", alice: FlaskClient, parts: tuple[str, ...], query: str
) -> None:
    before = everything(installation)
    answer = alice.post(IMPORT + query, **form(**dict.fromkeys(parts, FILE + b"www 60 A 192.0.2.1\n")))
    says = "Line 3: www A 192.0.2.1: www.f1.example lies in the zone www.f1.example"
    assert says in problem(answer, field="file")
    assert everything(installation) == before
    good = {"f1_example": FILE + b"www 60 NS ns.test.\n", "www_f1_example": FILE}
    answer = alice.post(IMPORT + query, **form(**{part: good[part] for part in parts}))
    assert [each["error"] for each in answer.get_json()["zones"]] == [None, None]


def test_there_is_room_for_all_or_none(install: Any) -> None:
    alice = install(zones_per_account=2).client()
    answer = alice.post(IMPORT, **form(a_example=FILE, b_example=FILE, c_example=FILE))
    problem(answer, field="domain", says="An account may have 2 zones; this one has 0, and 3 are to be added.")
    assert alice.get(ZONES).get_json() == []
    assert alice.post(IMPORT, **form(a_example=FILE, b_example=FILE)).status_code == 201


@pytest.mark.parametrize("path", [f"{IMPORT}?domain=a.example&mode=x", f"{ZONES}{UNKNOWN}/export/?format=x"])
def test_choices_are_told_in_a_sentence(alice: FlaskClient, path: str) -> None:
    answer = alice.get(path) if "export" in path else alice.post(path, data=FILE, content_type="text/dns")
    assert re.match(r"The query parameter `\w+` must be one of: ", answer.get_json()["detail"])


def test_several_zones_are_only_tried(installation: "Installation", alice: FlaskClient) -> None:
    before = everything(installation)
    answer = alice.post(f"{IMPORT}?dry_run=true", **form(example_com=FILE + RECORDS, example_net=FILE))
    assert [each["plan"]["added"] for each in answer.get_json()["zones"]] == [4, 0]
    assert answer.headers["X-Dry-Run"] == "true"
    assert everything(installation) == before


def test_what_goes_with_one_zone_only(alice: FlaskClient) -> None:
    problem(alice.post(f"{IMPORT}?domain=a.test", **form(example_com=FILE)), field="domain", says="one zone file")
    answer = alice.post(IMPORT, headers={"Idempotency-Key": "k"}, **form(example_com=FILE))
    problem(answer, field="Idempotency-Key")


def test_archive_that_would_fill_the_memory(install: Any) -> None:
    alice = install(import_limit=1_000_000).client()
    bomb = gzip.compress(archive(("example.com", bytes(100_000_000))))
    problem(alice.post(IMPORT, data=bomb, content_type="application/gzip"), field="file", says="more than 1000000")
