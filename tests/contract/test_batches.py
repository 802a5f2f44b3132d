"""Batches and arrays: all or nothing, one serial step and one change a zone, and the order of the operations counts."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from api.changes import records as changes
from api.models import Change
from nameserver.plan import Action, Item, Outcome, State
from nameserver.publish import Published
from nameserver.serial import newer
from tests.contract.forms import (
    CHANGES,
    FLAT_RECORD,
    UNKNOWN,
    ZONE,
    ZONES,
    add,
    added,
    comparable,
    created,
    is_uuid,
    problem,
    record_url,
    records_of,
    serial,
    zone_url,
)
from tests.contract.test_dry_run import BATCHES, everything
from tests.installation import together

if TYPE_CHECKING:
    from tests.installation import Installation

Json = dict[str, Any]
FEW, MANY = 1, 30  # asked for one by one, and held whole


def batch(client: FlaskClient, *operations: Json, **request: Any) -> TestResponse:
    """POST a batch."""
    return client.post(BATCHES, json={"operations": list(operations)}, **request)


def body(line: str, **more: Any) -> Json:
    """A record's body, written as `name type value`."""
    name, record_type, value = line.split(" ", 2)
    return {"record_type": record_type, "name": name, "value": value, **more}


def create(zone: str, line: str, **more: Any) -> Json:
    return {"action": "create", "zone": zone, **body(line, **more)}


def update(record: Json, **fields: Any) -> Json:
    return {"action": "update", "record": record["uuid"], **fields}


def delete(record: Json) -> Json:
    return {"action": "delete", "record": record["uuid"]}


def create_zone(domain: str) -> Json:
    return {"action": "create_zone", "domain": domain}


def filling(zone: str, number: int) -> list[Json]:
    """So many operations more, so that the zone's records are asked for, or held."""
    return [create(zone, f"filling{index} A 192.0.2.1") for index in range(number)]


def done(answer: TestResponse) -> Json:
    assert answer.status_code == 200, answer.text
    assert list(answer.get_json()) == ["changes", "results"]
    return dict(answer.get_json())


# ---- what comes of it ----


def test_batch_over_two_zones(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    """One serial step and one change a zone, however many operations; the results in the operations' order."""
    other = created(alice, "example.net")
    old, gone = added(alice, zone, "old A 192.0.2.1"), added(alice, zone, "gone A 192.0.2.1")
    serials = [alice.get(zone_url(each, "status/")).get_json()["serial"] for each in (zone, other)]
    kept = len(installation.stored(Change, "uuid"))
    answer = batch(
        alice,
        create(zone["uuid"], "a A 192.0.2.1"),
        create(other["uuid"], "b TXT x"),
        update(old, ttl=60),
        create("Example.COM.", "c MX mail.example.net", priority=5),
        delete(gone),
    )
    found = done(answer)
    assert len(installation.stored(Change, "uuid")) == kept + 2
    assert [list(each) for each in found["changes"]] == [["id", "zone", "domain", "serial"]] * 2
    assert [each["zone"] for each in found["changes"]] == [zone["uuid"], other["uuid"]]
    assert [each["domain"] for each in found["changes"]] == ["example.com", "example.net"]
    for change, before, each in zip(found["changes"], serials, (zone, other), strict=True):
        assert newer(change["serial"], before)
        assert alice.get(zone_url(each, "status/")).get_json()["serial"] == change["serial"]
        assert alice.get(f"{CHANGES}{change['id']}/").get_json()["serial"] == change["serial"]
    assert answer.headers["X-Change-Id"] == ", ".join(each["id"] for each in found["changes"])
    assert answer.headers["X-Zone-Serial"] == ", ".join(str(each["serial"]) for each in found["changes"])
    assert answer.headers.getlist("Link") == [f'<{zone_url(each, "status/")}>; rel="status"' for each in (zone, other)]
    assert found["results"][4] is None
    for result in found["results"][:4]:
        assert list(result) == FLAT_RECORD
        assert alice.get(record_url(result)).get_json() == result
    assert [each["name"] for each in found["results"][:4]] == ["a", "b", "old", "c"]
    problem(alice.get(record_url(gone)), 404)
    change = alice.get(f"{CHANGES}{found['changes'][0]['id']}/").get_json()
    assert {each["name"] for each in change["removed"]} == {"old", "gone"}
    assert {each["name"] for each in change["added"]} == {"old", "a", "c"}


@pytest.mark.parametrize(("number", "told"), [(20, True), (21, False)])
def test_batch_over_many_zones_tells_of_them_in_its_body(alice: FlaskClient, number: int, told: bool) -> None:
    """Python's own HTTP client, for one, refuses more than 100 headers."""
    answer = batch(alice, *({"action": "create_zone", "domain": f"z{each}.example.net"} for each in range(number)))
    assert len(done(answer)["changes"]) == number
    assert [name in answer.headers for name in ("X-Change-Id", "X-Zone-Serial", "Link")] == [told] * 3


@pytest.mark.parametrize("number", [FEW, MANY])
@pytest.mark.parametrize(
    ("domain", "named"),
    [
        ("example.org", "example.org"),
        ("Example.ORG.", "EXAMPLE.org"),
        ("example.org", "example.org."),
        ("bücher.example", "BÜCHER.example"),
        ("bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_zone_is_created_and_filled(
    installation: "Installation", alice: FlaskClient, domain: str, named: str, number: int
) -> None:
    """It is named by its domain; all is one change with the zone's first serial."""
    answer = batch(alice, create_zone(domain), create(named, "www A 192.0.2.1"), *filling(named, number))
    found = done(answer)
    whole = found["results"][0]
    assert (list(whole), whole["record_count"]) == (ZONE, number + 1)
    assert {each["zone"] for each in found["results"][1:]} == {whole["uuid"]}
    assert len(records_of(alice, whole)) == number + 1
    [(action, kept, added_)] = installation.stored(Change, "action", "serial", "added")
    assert (action, kept, len(added_)) == ("zone.create", serial(answer), number + 1)


def test_zone_is_deleted_and_created_again(alice: FlaskClient, zone: Json) -> None:
    """In one batch; the serial goes on above, and both changes are kept."""
    last = serial(add(alice, zone, "@ A 192.0.2.1"))
    answer = batch(
        alice,
        {"action": "delete_zone", "zone": zone["uuid"]},
        create_zone("example.com"),
        create("example.com", "www A 192.0.2.1"),
    )
    gone, new = done(answer)["changes"]
    assert gone["serial"] == last
    assert newer(new["serial"], last)
    assert new["zone"] != zone["uuid"]
    assert [each["name"] for each in records_of(alice, {"uuid": new["zone"]})] == ["www"]
    links = answer.headers.getlist("Link")
    assert links == [f'<{CHANGES}{gone["id"]}/>; rel="status"', f'<{ZONES}{new["zone"]}/status/>; rel="status"']


def test_zone_that_the_batch_changes_is_not_deleted(
    installation: "Installation", alice: FlaskClient, zone: Json
) -> None:
    before = everything(installation)
    answer = batch(alice, create(zone["uuid"], "www A 192.0.2.1"), {"action": "delete_zone", "zone": "example.com"})
    problem(answer, field="operations.1.zone", says="Operation 2")
    answer = batch(alice, {"action": "delete_zone", "zone": "example.com"}, create("example.com", "www A 192.0.2.1"))
    problem(answer, field="operations.1", says="Operation 2: Zone not found")
    assert everything(installation) == before


def test_thousand_records_in_one_request(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    """As an array and as a batch: in their order, one serial step each."""
    lines = [f"h{index} A 10.0.{index >> 8}.{index & 255}" for index in range(1000)]
    kept = len(installation.stored(Change, "uuid"))
    array = alice.post(zone_url(zone, "records/"), json=[body(line) for line in lines])
    assert array.status_code == 201
    assert records_of(alice, zone) == array.get_json()
    found = done(batch(alice, *(create("example.com", f"x{line}") for line in lines)))
    assert [each["name"] for each in found["results"]] == [f"xh{index}" for index in range(1000)]
    assert len(records_of(alice, zone)) == 2000
    assert len(installation.stored(Change, "uuid")) == kept + 2


def test_array_is_answered_as_an_array(alice: FlaskClient, zone: Json) -> None:
    one = alice.post(zone_url(zone, "records/"), json=[body("a A 192.0.2.1")])
    assert (one.status_code, [each["name"] for each in one.get_json()]) == (201, ["a"])
    same_rrset = [body("b A 192.0.2.1", ttl=60), body("b A 192.0.2.2")]
    assert [each["ttl"] for each in alice.post(zone_url(zone, "records/"), json=same_rrset).get_json()] == [60, 60]


@pytest.mark.parametrize("number", [0, MANY])
def test_batch_that_changes_nothing_moves_no_serial(
    installation: "Installation", alice: FlaskClient, zone: Json, number: int
) -> None:
    """It still tells where the zone stands."""
    record = added(alice, zone, "www A 192.0.2.1", ttl=60)
    before = everything(installation)
    status = alice.get(zone_url(zone, "status/")).get_json()["serial"]
    operations = [update(record, ttl=60), update(record, ttl=90), update(record, ttl=60), *[update(record)] * number]
    answer = batch(alice, *operations)
    assert done(answer)["changes"] == []
    assert everything(installation) == before
    assert "X-Change-Id" not in answer.headers
    assert serial(answer) == status
    assert answer.headers["Link"] == f'<{zone_url(zone, "status/")}>; rel="status"'


# ---- all or nothing, and which one was at fault ----


GOODS = ["a A 192.0.2.1", "b TXT x", "c MX mail.example.net"]
BADS = [
    ("www A x", "value", "IPv4"),
    ("www.example.net. A 192.0.2.1", "name", "outside the zone"),
    ("a A 192.0.2.1", "value", "exists"),
    ("a CNAME x.example.net", "name", "CNAME"),
    ("www SOA x", "record_type", "SOA"),
]


@pytest.mark.parametrize("number", [0, MANY])
def test_array_is_all_or_nothing(installation: "Installation", alice: FlaskClient, zone: Json, number: int) -> None:
    """The field and the sentence name the position."""
    before = everything(installation)
    goods = [body(line, **({"priority": 1} if "MX" in line else {})) for line in GOODS]
    goods += [body(f"h{index} A 192.0.2.1") for index in range(number)]
    for line, field, says in BADS:
        for position in (1, len(goods)):
            bodies = [*goods[:position], body(line), *goods[position:]]
            answer = alice.post(zone_url(zone, "records/"), json=bodies)
            said = problem(answer, field=f"{position}.{field}", says=says)
            assert said.startswith(f"Record {position + 1} of {len(bodies)}: ")
    assert everything(installation) == before


def test_shape_of_an_arrays_records(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    before = everything(installation)
    good = body("a A 192.0.2.1")
    for bad, field in (({}, "record_type"), (good | {"tll": 1}, "tll"), (good | {"ttl": True}, "ttl")):
        said = problem(alice.post(zone_url(zone, "records/"), json=[good, bad]), field=f"1.{field}")
        assert said.startswith("Record 2 of 2: ")
    problem(alice.post(zone_url(zone, "records/"), json=[good, good | {"name": "b"}, 5]), says="Record 3 of 3")
    assert everything(installation) == before


def test_array_of_one_names_its_position(alice: FlaskClient, zone: Json) -> None:
    problem(alice.post(zone_url(zone, "records/"), json=[body("a A x")]), field="0.value", says="Record 1 of 1")
    problem(alice.post(zone_url(zone, "records/"), json=body("a A x")), field="value", says="This is not")


@pytest.mark.parametrize("number", [FEW, MANY])
def test_batch_is_all_or_nothing(installation: "Installation", alice: FlaskClient, zone: Json, number: int) -> None:
    other = created(alice, "example.net")
    record = added(alice, zone, "here A 192.0.2.1")
    before = everything(installation)
    goods = [
        create_zone("example.org"),
        create("example.org", "www A 192.0.2.1"),
        create(zone["uuid"], "a A 192.0.2.1"),
        create(other["uuid"], "a A 192.0.2.1"),
        update(record, ttl=60),
        {"action": "delete_zone", "zone": created(alice, "example.edu")["uuid"]},
        *filling("example.com", number),
    ]
    before = everything(installation)
    for line, field, says in BADS:
        said = problem(batch(alice, *goods, create("example.com", line)), field=f"operations.{len(goods)}.{field}")
        assert said.startswith(f"Operation {len(goods) + 1}: ")
        assert says in said
    assert everything(installation) == before


SHAPES: list[tuple[Any, str, str]] = [
    ([], "operations", "at least one"),
    ({}, "operations", "operations"),
    ("x", "operations", "operations"),
    (None, "operations", "operations"),
    ([5], "operations.0", "Operation 1"),
    ([{}], "operations.0.action", "create_zone"),
    ([{"action": "destroy"}], "operations.0.action", "Operation 1"),
    ([{"action": ["create"]}], "operations.0.action", "Operation 1"),
    ([{"action": "run"}], "operations.0.action", "Operation 1"),
    ([{"action": "create_zone"}], "operations.0.domain", "Operation 1"),
    ([{"action": "create_zone", "domain": 5}], "operations.0.domain", "Operation 1"),
    ([{"action": "create_zone", "domain": "example.org", "ttl": 5}], "operations.0.ttl", "Operation 1"),
    ([{"action": "create_zone", "domain": "com"}], "operations.0.domain", "two labels"),
    ([{"action": "create_zone", "domain": " example.org"}], "operations.0.domain", "space"),
    ([{"action": "create_zone", "domain": "example.org.."}], "operations.0.domain", "empty label"),
    ([create_zone("example.org"), create_zone("example.org")], "operations.1.domain", "exists"),
    ([{"action": "create", **body("a A 192.0.2.1")}], "operations.0.zone", "Operation 1"),
    ([{"action": "create", "zone": "example.com"}], "operations.0.record_type", "Operation 1"),
    ([create("example.com", "a A 192.0.2.1", tll=5)], "operations.0.tll", "`tll`"),
    ([create("example.com", "a A 192.0.2.1", ttl=True)], "operations.0.ttl", "whole number"),
    ([{"action": "update", "ttl": 5}], "operations.0.record", "Operation 1"),
    ([{"action": "delete"}], "operations.0.record", "Operation 1"),
    ([{"action": "delete", "record": UNKNOWN, "ttl": 5}], "operations.0.ttl", "Operation 1"),
    ([{"action": "delete", "record": "\0"}], "operations.0.record", "Operation 1"),
    ([{"action": "delete_zone"}], "operations.0.zone", "Operation 1"),
]


def test_shape_of_a_batch(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    before = everything(installation)
    for operations, field, says in SHAPES:
        problem(alice.post(BATCHES, json={"operations": operations}), field=field, says=says)
    good = [create("example.com", "a A 192.0.2.1")]
    problem(alice.post(BATCHES, json={"operations": good, "typo": 1}), field="typo", says="`typo`")
    problem(alice.post(BATCHES, json=good), says="object")
    assert everything(installation) == before


def test_read_only_keys_are_ignored(alice: FlaskClient, zone: Json) -> None:
    """An answer can be sent back."""
    record = added(alice, zone, "a A 192.0.2.1")
    flat = alice.get(record_url(record)).get_json()
    found = done(batch(alice, {"action": "update", "record": record["uuid"], **flat, "ttl": 60}))
    assert found["results"] == [flat | {"ttl": 60}]
    extra = {"uuid": UNKNOWN, "created_at": "x"}
    found = done(batch(alice, create_zone("example.org") | extra, delete(record) | extra))
    assert is_uuid(found["results"][0]["uuid"])
    assert found["results"][0]["uuid"] != UNKNOWN


# ---- who may ----


OPERATIONS: dict[str, tuple[str, Callable[[Json, Json], Json]]] = {
    "create_zone": ("dns:create", lambda zone, record: create_zone("example.org")),
    "delete_zone": ("dns:delete", lambda zone, record: {"action": "delete_zone", "zone": zone["uuid"]}),
    "create": ("dns:create", lambda zone, record: create(zone["uuid"], "new A 192.0.2.1")),
    "update": ("dns:update", lambda zone, record: update(record, ttl=60)),
    "delete": ("dns:delete", lambda zone, record: delete(record)),
}


@pytest.mark.parametrize("action", OPERATIONS)
def test_each_operation_takes_its_permission(
    installation: "Installation", alice: FlaskClient, zone: Json, action: str
) -> None:
    """Before any look-up: whether the zone or record exists is not told."""
    record = added(alice, zone, "www A 192.0.2.1")
    permission, make = OPERATIONS[action]
    others = [each for each in ("dns:list", "dns:create", "dns:update", "dns:delete") if each != permission]
    weak, before = installation.client_with(*others), everything(installation)
    other = next(each for each in OPERATIONS if OPERATIONS[each][0] != permission)
    nobody = {"uuid": UNKNOWN}
    for there in ((zone, record), (nobody, nobody)):
        problem(batch(weak, make(*there)), 403, says=permission)
        problem(batch(weak, OPERATIONS[other][1](zone, record), make(*there)), 403, says=permission)
    assert everything(installation) == before
    assert batch(installation.client_with(permission), make(zone, record)).status_code == 200


@pytest.mark.parametrize("action", ["delete_zone", "create", "update", "delete"])
def test_foreign_and_unknown_look_the_same(
    installation: "Installation", alice: FlaskClient, bob: FlaskClient, zone: Json, action: str
) -> None:
    record = added(alice, zone, "www A 192.0.2.1")
    make = OPERATIONS[action][1]
    foreign = batch(bob, create_zone("example.net"), make(zone, record))
    unknown = batch(bob, create_zone("example.net"), make({"uuid": UNKNOWN}, {"uuid": UNKNOWN}))
    problem(foreign, field="operations.1", says="not found")
    assert comparable(foreign) == comparable(unknown)
    for name in ("example.com", "no.example", "nothing", "", "%", "-"):
        answer = batch(bob, create(name, "www A 192.0.2.2"))
        assert problem(answer, field="operations.0") == "Operation 1: Zone not found."
    assert bob.get(ZONES).get_json() == []
    assert records_of(alice, zone) == [record]


# ---- the order counts ----


@pytest.mark.parametrize("number", [0, MANY])
def test_order_of_the_operations(alice: FlaskClient, zone: Json, number: int) -> None:
    old = added(alice, zone, "www A 192.0.2.1")
    alias = create("example.com", "www CNAME a.example.net")
    problem(batch(alice, *filling("example.com", number), alias, delete(old)), field=f"operations.{number}.name")
    done(batch(alice, *filling("example.com", number), delete(old), alias))
    assert [each["record_type"] for each in records_of(alice, zone) if each["name"] == "www"] == ["CNAME"]
    nameserver, address = create("example.com", "@ NS ns.example.com"), create("example.com", "ns A 192.0.2.1")
    problem(batch(alice, nameserver, address), field="operations.0.value", says="address")
    done(batch(alice, address, nameserver))


@pytest.mark.parametrize("number", [0, MANY])
def test_same_record_is_deleted_and_created(alice: FlaskClient, zone: Json, number: int) -> None:
    """It is another record of the same content: a new uuid, a new serial."""
    old = added(alice, zone, "www A 192.0.2.1")
    before = alice.get(zone_url(zone, "status/")).get_json()["serial"]
    answer = batch(alice, *filling("example.com", number), delete(old), create("example.com", "www A 192.0.2.1"))
    new = done(answer)["results"][-1]
    assert new["uuid"] != old["uuid"]
    assert newer(serial(answer), before)
    assert [each["uuid"] for each in records_of(alice, zone) if each["name"] == "www"] == [new["uuid"]]


@pytest.mark.parametrize("number", [0, MANY])
def test_same_record_is_created_twice(alice: FlaskClient, zone: Json, number: int) -> None:
    twice = [create("example.com", "www A 192.0.2.1"), create("example.com", "WWW.example.com. A 192.0.2.1")]
    answer = batch(alice, *filling("example.com", number), *twice)
    problem(answer, field=f"operations.{number + 1}.value", says="exists")
    assert records_of(alice, zone) == []


@pytest.mark.parametrize("number", [0, MANY])
def test_one_record_many_times(alice: FlaskClient, zone: Json, number: int) -> None:
    """The results show how it is at the end; what is deleted is not found by those that follow."""
    record = added(alice, zone, "www A 192.0.2.1")
    more = filling("example.com", number)
    found = done(
        batch(alice, *more, update(record, ttl=60), update(record, value="192.0.2.2"), update(record, name="w"))
    )
    assert {str(each) for each in found["results"][number:]} == {str(alice.get(record_url(record)).get_json())}
    assert [found["results"][-1][key] for key in ("ttl", "value", "name")] == [60, "192.0.2.2", "w"]
    answer = batch(alice, delete(record), update(record, ttl=90))
    problem(answer, field="operations.1", says="Record not found")
    problem(batch(alice, delete(record), delete(record)), field="operations.1", says="Record not found")
    assert alice.get(record_url(record)).status_code == 200


@pytest.mark.parametrize("number", [0, MANY])
def test_two_records_trade_places(alice: FlaskClient, zone: Json, number: int) -> None:
    """By way of a third value; straight on, it would stand twice."""
    one, two = added(alice, zone, "www A 192.0.2.1"), added(alice, zone, "www A 192.0.2.2")
    more = filling("example.com", number)
    straight = [update(one, value="192.0.2.2"), update(two, value="192.0.2.1")]
    problem(batch(alice, *more, *straight), field=f"operations.{number}.value", says="exists")
    done(batch(alice, *more, update(one, value="192.0.2.3"), update(two, value="192.0.2.1"), straight[0]))
    assert [alice.get(record_url(each)).get_json()["value"] for each in (one, two)] == ["192.0.2.2", "192.0.2.1"]


@pytest.mark.parametrize("number", [0, MANY])
def test_nameserver_comes_and_its_address_goes(
    installation: "Installation", alice: FlaskClient, zone: Json, number: int
) -> None:
    """Each alone is right; together named would refuse the zone."""
    address = added(alice, zone, "ns A 192.0.2.1")
    before = everything(installation)
    nameserver = create("example.com", "@ NS ns.example.com")
    answer = batch(alice, *filling("example.com", number), nameserver, delete(address))
    problem(answer, field="name", says="ns.example.com")
    assert everything(installation) == before
    another = create("example.com", "ns AAAA 2001:db8::1")
    done(batch(alice, *filling("example.com", number), nameserver, delete(address), another))


@pytest.mark.parametrize("number", [0, MANY])
def test_zone_made_in_between_takes_its_names(alice: FlaskClient, zone: Json, number: int) -> None:
    """Records of the parent there would never be answered, whichever way the parent's records are looked at."""
    more = filling("example.com", number)
    first, below = create("example.com", "a A 192.0.2.1"), create("example.com", "www.sub A 192.0.2.1")
    answer = batch(alice, *more, first, create_zone("sub.example.com"), below)
    problem(answer, field=f"operations.{number + 2}.name", says="sub.example.com")
    answer = batch(alice, *more, first, below, create_zone("sub.example.com"))
    problem(answer, field=f"operations.{number + 2}.domain", says="www.sub A")
    child = created(alice, "sub.example.com")
    gone = {"action": "delete_zone", "zone": child["uuid"]}
    problem(batch(alice, *more, first, below, gone), field=f"operations.{number + 1}.name", says="sub.example.com")
    done(batch(alice, *more, first, gone, below))


@pytest.mark.parametrize("number", [0, MANY])
def test_caps_hold_in_a_batch(alice: FlaskClient, zone: Json, number: int) -> None:
    hundred = [create("example.com", f"www A 192.0.2.{index}") for index in range(100)]
    answer = batch(alice, *filling("example.com", number), *hundred, create("example.com", "www A 192.0.2.100"))
    problem(answer, field=f"operations.{number + 100}.name", says="100")
    done(batch(alice, *filling("example.com", number), *hundred))


# ---- held whole, asked one by one, and one request each ----

NAMES = ["@", "a", "b", "x.a", "*", "*.a", "ns", "sub", "x.sub"]
VALUES = {
    "A": ["192.0.2.1", "192.0.2.2"],
    "TXT": ["x", "y"],
    "CNAME": ["a.example.net", "b.example.net"],
    "NS": ["ns.example.com", "ns.example.net", "ns.sub.example.com"],
    "DNAME": ["a.example.net"],
    "MX": [".", "mail.example.net"],
}


@st.composite
def bodies(draw: st.DrawFn) -> Json:
    """A record from a small world, so that many meet."""
    record_type = draw(st.sampled_from([*VALUES, "A", "A", "TXT"]))
    made = {
        "record_type": record_type,
        "name": draw(st.sampled_from(NAMES)),
        "value": draw(st.sampled_from(VALUES[record_type])),
    }
    if record_type == "MX":
        made["priority"] = 0
    ttl = draw(st.sampled_from([None, 60, 300]))
    return made if ttl is None else made | {"ttl": ttl}


@st.composite
def edits(draw: st.DrawFn) -> Json:
    """An operation; `of` is which of the zone's records it is about."""
    action = draw(st.sampled_from(["create", "create", "update", "update", "delete"]))
    of = {"of": draw(st.integers(0, 5))} if action != "create" else {}
    if action == "delete":
        return {"action": action, **of}
    fields = draw(bodies())
    if action == "update":
        keys = draw(st.sets(st.sampled_from(sorted({"name", "value", "ttl"} & fields.keys())), min_size=1))
        fields = {key: fields[key] for key in sorted(keys)}
    return {"action": action, **of, **fields}


def addressed(operations: list[Json], uuids: list[str]) -> list[Json]:
    """The operations, about these records."""
    found = []
    for each in operations:
        rest = {key: value for key, value in each.items() if key != "of"}
        if each["action"] == "create":
            found.append(rest | {"zone": "example.com"})
        elif uuids:
            found.append(rest | {"record": uuids[each["of"] % len(uuids)]})
    return found


def one_by_one(client: FlaskClient, zone: Json, operations: list[Json]) -> tuple[int, str] | None:
    """Each operation as a request of its own, until one is refused: which one, and why."""
    for position, each in enumerate(operations):
        fields = {key: value for key, value in each.items() if key not in ("action", "zone", "record")}
        if each["action"] == "create":
            answer = client.post(zone_url(zone, "records/"), json=fields)
        else:
            method = "PATCH" if each["action"] == "update" else "DELETE"
            answer = client.open(record_url({"uuid": each["record"]}), method=method, json=fields)
        if answer.status_code >= 400:
            return position, str(answer.get_json()["detail"])
    return None


def seeded(client: FlaskClient, seeds: list[Json]) -> tuple[Json, list[str]]:
    """A new zone example.com with those of the records that are accepted; their uuids."""
    for each in client.get(ZONES).get_json():
        client.delete(zone_url(each))
    zone = created(client, "example.com")
    for each in seeds:
        client.post(zone_url(zone, "records/"), json=each)
    return zone, [record["uuid"] for record in records_of(client, zone)]


def content(client: FlaskClient, zone: Json, uuids: list[str]) -> list[tuple[Any, ...]]:
    """The zone's records, whatever their uuids are; those it began with are known by their places."""
    keys = ("record_type", "name", "value", "ttl", "priority")
    return [
        (uuids.index(each["uuid"]) if each["uuid"] in uuids else "new", *(each[key] for key in keys))
        for each in records_of(client, zone)
    ]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(seeds=st.lists(bodies(), max_size=6), operations=st.lists(edits(), min_size=1, max_size=8))
def test_every_way_gives_the_same(alice: FlaskClient, seeds: list[Json], operations: list[Json]) -> None:
    """A batch with the zone's records held, one that asks for them, and a request for each operation."""
    outcomes = []
    for many in (-1, 10_000):
        zone, uuids = seeded(alice, seeds)
        todo = addressed(operations, uuids)
        if not todo:
            return
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(changes, "MANY", many)
            answer = batch(alice, *todo)
        said = answer.get_json() if answer.status_code != 200 else None
        outcomes.append((answer.status_code, said, content(alice, zone, uuids)))
    assert outcomes[0] == outcomes[1]
    zone, uuids = seeded(alice, seeds)
    todo = addressed(operations, uuids)
    before, refused = content(alice, zone, uuids), one_by_one(alice, zone, todo)
    status, said, after = outcomes[0]
    # A nameserver may be without its address in between: that is looked at when the batch is complete.
    if said is not None and said["field"] == "name":
        assert "without an address" in said["detail"]
    elif refused is None:
        assert (status, after) == (200, content(alice, zone, uuids))
    elif "without an address" not in refused[1]:
        assert status == 400
        assert said["field"].startswith(f"operations.{refused[0]}")
        assert said["detail"] == f"Operation {refused[0] + 1}: {refused[1]}"
        assert after == before


# ---- many at once ----


def test_batches_over_the_same_zones_in_any_order(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    """None waits for another that waits for it; nothing is lost."""
    other = created(alice, "example.net")

    def several(number: int) -> list[TestResponse]:
        client, domains = installation.client(), ["example.com", "example.net"]
        if number % 2:
            domains.reverse()
        return [
            batch(client, *(create(domain, f"h{number}-{index} A 192.0.2.1") for domain in domains))
            for index in range(4)
        ]

    answers = [each for some in together([partial(several, number) for number in range(6)]) for each in some]
    assert {answer.status_code for answer in answers} == {200}
    assert len(records_of(alice, zone)) == len(records_of(alice, other)) == 24
    serials = [int(answer.headers["X-Zone-Serial"].split(", ")[0]) for answer in answers]
    assert len(set(serials)) == len(answers)


def test_zones_are_created_while_their_parent_is_written(
    installation: "Installation", alice: FlaskClient, zone: Json
) -> None:
    """Batches that write the parent first and then create below it, and creations by themselves."""

    def both(number: int) -> list[TestResponse]:
        client = installation.client()
        return [
            batch(client, create("example.com", f"h{number} A 192.0.2.1"), create_zone(f"a{number}.example.com")),
            client.post(ZONES, json={"domain": f"b{number}.example.com"}),
        ]

    answers = [each for some in together([partial(both, number) for number in range(6)]) for each in some]
    assert {answer.status_code for answer in answers} == {200, 201}
    assert len(alice.get(ZONES).get_json()) == 13


def test_control_plane_reports_meanwhile(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    """What it observed of several zones, and a batch over them the other way round: neither waits for the other."""
    created(alice, "example.net")
    items = [Item(domain, Action.PUBLISH, 1) for domain in ("example.com", "example.net")]
    observed = Published("ns1", items, [Outcome(each.domain, State.IN_SYNC, 1, None) for each in items])

    def write(number: int) -> list[int]:
        names = [f"h{number}-{index}" for index in range(8)]
        both = [[create(domain, f"{name} A 192.0.2.1") for domain in ("example.net", "example.com")] for name in names]
        return [batch(installation.client(), *operations).status_code for operations in both]

    def report(_: int) -> list[int]:
        for _ in range(20):
            installation.report(observed)
        return []

    actions = [*(partial(write, number) for number in range(3)), *(partial(report, number) for number in range(2))]
    assert [status for some in together(actions) for status in some] == [200] * 24
    assert len(records_of(alice, zone)) == 24
