"""Locks: what is locked stays as it is, whatever way a write comes, until it is unlocked."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, event, inspect
from werkzeug.test import TestResponse

from api.changes import journal, release
from api.changes.actor import Actor
from api.changes.intent import Intent
from api.changes.locks import MOST
from api.database import changing, db, now, writing
from api.models import Lock, Publication, Record, Zone
from tests.contract.forms import (
    LOCKS,
    UNKNOWN,
    ZONES,
    add,
    added,
    comparable,
    created,
    is_moment,
    is_uuid,
    locked,
    problem,
    record_url,
    records_of,
    zone_url,
)
from tests.contract.test_dry_run import BATCHES, everything
from tests.contract.test_history import changes, revert, rollback, undelete
from tests.installation import Installation

Json = dict[str, Any]
LOCK = ["uuid", "zone", "record", "name", "record_type", "reason", "actor", "created_at"]
ACTOR = {"account": "alice@example.org", "source": "api", "token": "all", "address": "127.0.0.1"}
Write = Callable[[FlaskClient, Json, Json], TestResponse]


def unlock(client: FlaskClient, lock: Json, **headers: str) -> TestResponse:
    return client.delete(f"{LOCKS}{lock['uuid']}/", headers=headers)


def batch(client: FlaskClient, *operations: Json) -> TestResponse:
    return client.post(BATCHES, json={"operations": operations})


def other_record(client: FlaskClient, zone: Json) -> Json:
    return next(each for each in records_of(client, zone) if each["name"] == "other")


@pytest.fixture
def record(alice: FlaskClient, zone: Json) -> Json:
    """`www A` with a sibling, and another record."""
    found = added(alice, zone, "www A 192.0.2.1", ttl=300)
    added(alice, zone, "www A 192.0.2.2")
    added(alice, zone, "other MX mail.example.net", priority=1)
    return found


# ---- locks ----


def test_lock_says_what_why_who_and_when(alice: FlaskClient, zone: Json, record: Json) -> None:
    url = zone_url(zone, "locks/")
    assert alice.get(url).get_json() == []
    scopes: list[Json] = [
        {},
        {"name": "WWW.example.com."},
        {"record_type": "mx"},
        {"name": "@", "record_type": "A"},
        {"record": record["uuid"].upper()},
        {"record": None, "name": None, "record_type": None},
    ]
    made = [locked(alice, zone, f"reason {number}", **scope) for number, scope in enumerate(scopes)]
    for number, lock in enumerate(made):
        assert list(lock) == LOCK
        assert is_uuid(lock["uuid"])
        assert is_moment(lock["created_at"])
        assert (lock["zone"], lock["reason"], lock["actor"]) == (zone["uuid"], f"reason {number}", ACTOR)
    assert [(each["record"], each["name"], each["record_type"]) for each in made] == [
        (None, None, None),
        (None, "www", None),
        (None, None, "MX"),
        (None, "@", "A"),
        (record["uuid"], None, None),
        (None, None, None),
    ]
    assert alice.get(url).get_json() == made
    assert [each["uuid"] for each in alice.get(f"{url}?page=2&page_size=4").get_json()] == [
        each["uuid"] for each in made[4:]
    ]
    assert alice.get(f"{LOCKS}{made[2]['uuid']}/").get_json() == made[2]
    assert unlock(alice, made[2]).status_code == 204
    problem(alice.get(f"{LOCKS}{made[2]['uuid']}/"), 404)
    problem(unlock(alice, made[2]), 404)
    assert len(alice.get(url).get_json()) == 5


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": None}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": " \t"}, "reason"),
        ({"reason": "a\nb"}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"reason": "x", "name": "www.example.net."}, "name"),
        ({"reason": "x", "name": 1}, "name"),
        ({"reason": "x", "record_type": "SOA"}, "record_type"),
        ({"reason": "x", "record": UNKNOWN}, "record"),
        ({"reason": "x", "record": "no uuid"}, "record"),
        ({"reason": "x", "record": UNKNOWN, "record_type": "A"}, "record"),
        ({"reason": "x", "typo": 1}, "typo"),
    ],
)
def test_lock_that_cannot_be(
    installation: Installation, alice: FlaskClient, zone: Json, body: Json, field: str
) -> None:
    before = everything(installation)
    problem(alice.post(zone_url(zone, "locks/"), json=body), field=field)
    assert everything(installation) == before


def test_record_of_another_zone_cannot_be_locked(alice: FlaskClient, zone: Json, record: Json) -> None:
    other = created(alice, "example.net")
    answer = alice.post(zone_url(other, "locks/"), json={"reason": "x", "record": record["uuid"]})
    problem(answer, field="record", says="example.net has no record with this uuid.")


def test_longest_reason_and_most_locks(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    lock = locked(alice, zone, "ä" * 500, name="a" * 63)
    assert lock["reason"] == "ä" * 500
    with installation.app.app_context(), writing() as session:
        for number in range(MOST - 1):
            row = {"uuid": f"{number:036}", "zone_uuid": zone["uuid"], "name": "x", "reason": "x", "actor": ACTOR}
            session.add(Lock(**row, created_at=now()))
    problem(alice.post(zone_url(zone, "locks/"), json={"reason": "x"}), field="reason", says="1000 locks")


def test_locks_of_others_are_not_there(alice: FlaskClient, bob: FlaskClient, zone: Json) -> None:
    lock = locked(alice, zone, "billing")
    for answer in (bob.get(f"{LOCKS}{lock['uuid']}/"), unlock(bob, lock), bob.get(zone_url(zone, "locks/"))):
        problem(answer, 404)
    assert comparable(unlock(bob, lock)) == comparable(unlock(bob, {"uuid": UNKNOWN}))
    assert len(alice.get(zone_url(zone, "locks/")).get_json()) == 1


# ---- what they refuse ----


def _patch(client: FlaskClient, _zone: Json, record: Json) -> TestResponse:
    return client.patch(record_url(record), json={"value": "192.0.2.9"})


def _sibling(client: FlaskClient, zone: Json, _record: Json) -> TestResponse:
    """A new record beside it would give the locked one another TTL."""
    return add(client, zone, "www A 192.0.2.7", ttl=60)


def _rolled_back(client: FlaskClient, zone: Json, _record: Json) -> TestResponse:
    return rollback(client, zone, changes(client, zone)[-1]["serial"])


def _reverted(client: FlaskClient, zone: Json, record: Json) -> TestResponse:
    made = [each for each in changes(client, zone) if [one["uuid"] for one in each["added"]] == [record["uuid"]]]
    return revert(client, made[0]["id"])


WRITES: dict[str, Write] = {
    "PATCH": _patch,
    "PUT": lambda client, _, record: client.put(record_url(record), json=record | {"name": "w"}),
    "expiry": lambda client, _, record: client.patch(record_url(record), json={"expires_at": "2126-01-18T16:45:00Z"}),
    "DELETE": lambda client, _, record: client.delete(record_url(record)),
    "TTL of a sibling": _sibling,
    "batch": lambda client, zone, record: batch(
        client,
        {"action": "create", "zone": zone["uuid"], "record_type": "A", "name": "new", "value": "192.0.2.1"},
        {"action": "delete", "record": record["uuid"]},
    ),
    "rollback": _rolled_back,
    "zone": lambda client, zone, _: client.delete(zone_url(zone)),
    "zone in a batch": lambda client, zone, _: batch(client, {"action": "delete_zone", "zone": zone["uuid"]}),
}
SCOPES: dict[str, Callable[[Json], dict[str, str]]] = {
    "zone": lambda _: {},
    "name": lambda _: {"name": "www"},
    "type": lambda _: {"record_type": "A"},
    "RRset": lambda _: {"name": "www", "record_type": "A"},
    "record": lambda record: {"record": record["uuid"]},
}


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("write", WRITES)
def test_every_way_in_honours_it(
    installation: Installation, alice: FlaskClient, zone: Json, record: Json, write: str, scope: str
) -> None:
    """It says what is locked, since when, by whom, why and how to unlock it; dry runs too, and nothing is done."""
    lock = locked(alice, zone, "asked by billing", **SCOPES[scope](record))
    before = everything(installation)
    said = problem(WRITES[write](alice, zone, record), 409)
    since = lock["created_at"].replace("T", " ").replace("Z", " UTC")
    for part in ("example.com", since, "alice@example.org (all)", "“asked by billing”", f"{LOCKS}{lock['uuid']}/"):
        assert part in said
    assert f"`zonewright zone unlock example.com {lock['uuid']}`" in said
    assert everything(installation) == before
    assert unlock(alice, lock).status_code == 204
    assert WRITES[write](alice, zone, record).status_code in (200, 201, 204)


@pytest.mark.parametrize("scope", ["name", "type", "RRset", "zone"])
def test_nothing_is_added_to_what_is_locked(alice: FlaskClient, zone: Json, scope: str) -> None:
    """Also where nothing is yet, by a new record or by moving one there."""
    elsewhere = added(alice, zone, "w TXT x")
    locked(alice, zone, "reserved", **SCOPES[scope]({}))
    problem(add(alice, zone, "www A 192.0.2.1"), 409, says="reserved")
    body = {"record_type": "A", "name": "www", "value": "192.0.2.1"}
    problem(alice.put(record_url(elsewhere), json=body), 409, says="reserved")
    problem(alice.post(f"{zone_url(zone, 'records/')}?dry_run=true", json=body), 409, says="reserved")
    assert records_of(alice, zone) == [elsewhere]


def test_all_else_can_be_written(alice: FlaskClient, zone: Json, record: Json) -> None:
    """A name is not the names below it, a type not the others at the name."""
    locked(alice, zone, "x", name="www", record_type="A")
    locked(alice, zone, "x", record=other_record(alice, zone)["uuid"])
    for line in ("a.www A 192.0.2.1", "www AAAA 2001:db8::1", "other TXT x", "@ A 192.0.2.1"):
        added(alice, zone, line)
    assert add(alice, zone, "other MX mail2.example.net", priority=2).status_code == 201
    assert alice.put(record_url(record), json=record).status_code == 200  # it stays as it is
    problem(alice.patch(record_url(record), json={"ttl": 1}), 409)


def test_two_locks_take_two_keys(alice: FlaskClient, zone: Json, record: Json) -> None:
    first, second = (locked(alice, zone, reason, name="www") for reason in ("first", "second"))
    problem(_patch(alice, zone, record), 409, says="“first”")
    unlock(alice, first)
    problem(_patch(alice, zone, record), 409, says="“second”")
    unlock(alice, second)
    assert _patch(alice, zone, record).status_code == 200


def test_revert_honours_it(alice: FlaskClient, zone: Json) -> None:
    record = added(alice, zone, "www A 192.0.2.1")
    for scope in SCOPES.values():
        lock = locked(alice, zone, "billing", **scope(record))
        problem(_reverted(alice, zone, record), 409, says="billing")
        unlock(alice, lock)
    assert _reverted(alice, zone, record).status_code == 200


def test_revert_of_a_creation_honours_it(alice: FlaskClient, zone: Json) -> None:
    """Locking is no change to the zone that would stand in the way; the lock is."""
    made = changes(alice, zone)[0]["id"]
    lock = locked(alice, zone, "billing")
    problem(revert(alice, made), 409, says="billing")
    unlock(alice, lock)
    assert revert(alice, made).status_code == 200
    problem(alice.get(zone_url(zone)), 404)


def test_zone_whose_locks_cover_nothing_can_be_deleted(
    installation: Installation, alice: FlaskClient, zone: Json, record: Json
) -> None:
    """Its locks go with it, and do not come back with it."""
    locked(alice, zone, "reserved", name="nothing")
    other = created(alice, "example.net")
    kept = locked(alice, other, "billing")
    assert alice.delete(zone_url(zone)).status_code == 204
    assert installation.stored(Lock, "uuid") == [(kept["uuid"],)]
    assert undelete(alice, zone).status_code == 200
    assert alice.get(zone_url(zone, "locks/")).get_json() == []
    assert _patch(alice, zone, record).status_code == 200


# ---- what they do not refuse ----


def test_what_nobody_asked_for_goes_on(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    """A nameserver's newer serial, and an operator who puts back what vanished."""
    record = added(alice, zone, "www A 192.0.2.1")
    locked(alice, zone, "billing")
    operator = Intent(Actor(None, None, "root", "cli"))
    with installation.app.app_context(), changing() as session:
        journal.raise_serial(session, "example.com", 2030010101)
        session.execute(delete(Record))
    with installation.app.app_context():
        release.release(operator, "example.com", put_back=True)
    assert records_of(alice, zone) == [record | {"created_at": records_of(alice, zone)[0]["created_at"]}]
    problem(_patch(alice, zone, record), 409, says="billing")


def test_vanished_zone_is_put_back_with_its_locks(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    record = added(alice, zone, "www A 192.0.2.1")
    locked(alice, zone, "billing")
    with installation.app.app_context(), writing() as session:
        session.execute(delete(Zone))
    with installation.app.app_context():
        release.release(Intent(Actor(None, None, "root", "cli")), "example.com", put_back=True)
    problem(_patch(alice, zone, record), 409, says="billing")


# ---- they are kept ----


def test_locking_is_a_change_that_moves_no_serial(
    installation: Installation, alice: FlaskClient, zone: Json, record: Json
) -> None:
    body = {"reason": "asked by billing", "name": "www"}
    tag = alice.get(zone_url(zone)).headers["ETag"]
    wanted = installation.stored(Publication, "domain", "wanted", "state", "due_at")
    made = alice.post(zone_url(zone, "locks/"), json=body, headers={"If-Match": tag})
    gone = unlock(alice, made.get_json(), **{"X-Change-Reason": "billing is done"})
    last = unlock(alice, locked(alice, zone, "x", record_type="MX"))
    assert [each.headers["X-Zone-Serial"] for each in (made, gone)] == [tag.strip('"').rpartition("-")[2]] * 2
    told = [
        (each["id"], each["action"], each["reason"], each["actor"], each["removed"]) for each in changes(alice, zone)
    ]
    assert told[0] == (last.headers["X-Change-Id"], "unlock", "all MX records", ACTOR, [])
    assert told[2] == (gone.headers["X-Change-Id"], "unlock", "www: billing is done", ACTOR, [])
    assert told[3] == (made.headers["X-Change-Id"], "lock", "www: asked by billing", ACTOR, [])
    assert alice.get(zone_url(zone)).headers["ETag"] == tag
    assert installation.stored(Publication, "domain", "wanted", "state", "due_at") == wanted
    for answer in (made, gone):
        problem(revert(alice, answer), 409, says="changed no records")
        assert alice.get(f"/api/v1/dns-changes/{answer.headers['X-Change-Id']}/").status_code == 200


def test_history_goes_on_around_it(alice: FlaskClient, zone: Json, record: Json) -> None:
    """A rollback to a serial, diff/ and `?at=` pass over locks."""
    then, state = changes(alice, zone)[0]["serial"], records_of(alice, zone)
    unlock(alice, locked(alice, zone, "x"))
    added(alice, zone, "new A 192.0.2.1")
    unlock(alice, locked(alice, zone, "x"))
    assert alice.get(zone_url(zone, f"records/?at={then}")).get_json() == state
    assert len(alice.get(zone_url(zone, f"diff/?from={then}")).get_json()["added"]) == 1
    assert rollback(alice, zone, then).status_code == 200
    assert records_of(alice, zone) == state


def test_lock_cannot_be_confirmed_but_scheduled(alice: FlaskClient, zone: Json) -> None:
    """There are no records to take back; an unlocking at its time, or approved by another, is a write like others."""
    lock = locked(alice, zone, "until January")
    url = f"{LOCKS}{lock['uuid']}/"
    problem(alice.delete(f"{url}?confirm_within=60"), field="confirm_within")
    problem(alice.post(f"{zone_url(zone, 'locks/')}?confirm_within=60", json={"reason": "x"}), field="confirm_within")
    assert alice.delete(f"{url}?apply_at=2126-01-18T16:45:00Z").status_code == 202
    assert alice.get(url).status_code == 200


def test_condition_on_a_lock_is_the_zones(alice: FlaskClient, zone: Json, record: Json) -> None:
    old = alice.get(zone_url(zone)).headers["ETag"]
    _patch(alice, zone, record)
    answer = alice.post(zone_url(zone, "locks/"), json={"reason": "x"}, headers={"If-Match": old})
    assert answer.status_code == 412
    lock = locked(alice, zone, "x")
    assert unlock(alice, lock, **{"If-Match": old}).status_code == 412
    assert unlock(alice, lock, **{"If-Match": alice.get(zone_url(zone)).headers["ETag"]}).status_code == 204


def test_a_zone_without_locks_costs_one_look(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    """In an index, however many records a write has."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if " locks" in statement:
            asked.append(statement)

    with installation.app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        bodies = [{"record_type": "A", "name": f"h{index}", "value": "192.0.2.1"} for index in range(30)]
        assert alice.post(zone_url(zone, "records/"), json=bodies).status_code == 201
        event.remove(db.engine, "before_cursor_execute", note)
        assert len(asked) == 1
        assert asked[0].startswith("SELECT")
        assert ["zone_uuid"] in [index["column_names"] for index in inspect(db.engine).get_indexes("locks")]


def test_zones_are_locked_apart(alice: FlaskClient, zone: Json) -> None:
    """A zone above or below, or a batch over several: only what is locked is refused, and then all of the batch."""
    other = created(alice, "a.example.com")
    locked(alice, zone, "billing")
    added(alice, other, "www A 192.0.2.1")
    operations = [
        {"action": "create", "zone": each["uuid"], "record_type": "A", "name": "new", "value": "192.0.2.1"}
        for each in (other, zone)
    ]
    problem(batch(alice, *operations), 409, says="billing")
    assert len(records_of(alice, other)) == 1
    assert len(alice.get(ZONES).get_json()) == 2
