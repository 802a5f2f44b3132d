"""History and undo: what was is kept, told, and can come back."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from api.database import writing
from api.models import Change
from tests.contract.forms import (
    CHANGES,
    UNKNOWN,
    ZONES,
    add,
    added,
    created,
    problem,
    record_url,
    records_of,
    serial,
    zone_url,
)
from tests.installation import Installation

Json = dict[str, Any]
TOLD = ["id", "number", "zone", "domain", "action", "serial", "created_at", "actor", "reason", "undoes"]
TOLD += ["removed", "added"]


def revert(client: FlaskClient, change: str | TestResponse, **headers: str) -> TestResponse:
    name = change if isinstance(change, str) else change.headers["X-Change-Id"]
    return client.post(f"{CHANGES}{name}/revert/", headers=headers)


def rollback(client: FlaskClient, zone: Json, to: int) -> TestResponse:
    return client.post(zone_url(zone, "rollback/"), json={"serial": to})


def undelete(client: FlaskClient, zone: Json) -> TestResponse:
    return client.post(zone_url(zone, "undelete/"))


def texts(records: list[Json]) -> list[str]:
    """Records without their uuids, in one order."""
    return sorted(f"{each['name']} {each['ttl']} {each['record_type']} {each['value']}" for each in records)


def timeless(body: Json) -> Json:
    """Without when it was created: the past tells the time of the change, a moment later than the record's own."""
    told = {key: value for key, value in body.items() if key != "created_at"}
    return told | ({"records": list(map(timeless, told["records"]))} if "records" in told else {})


def changes(client: FlaskClient, zone: Json) -> list[Json]:
    answer = client.get(zone_url(zone, "changes/"))
    assert answer.status_code == 200, answer.text
    return list(answer.get_json())


# ---- changes ----


def test_changes_are_numbered_and_tell_who_and_why(alice: FlaskClient, zone: Json) -> None:
    reason = {"X-Change-Reason": "moved to the new host, Zürich".encode().decode("latin-1")}
    body = {"record_type": "A", "name": "www", "value": "192.0.2.1"}
    post = alice.post(zone_url(zone, "records/"), json=body, headers=reason)
    alice.delete(record_url(post.get_json()))
    newest, second, first = changes(alice, zone)
    assert [list(each) for each in (newest, second, first)] == [TOLD] * 3
    assert [each["number"] for each in (first, second, newest)] == [1, 2, 3]
    assert [each["action"] for each in (first, second, newest)] == ["zone.create", "records", "records"]
    assert (second["reason"], newest["reason"]) == ("moved to the new host, Zürich", None)
    assert second["actor"] == {"account": "alice@example.org", "source": "api", "token": "all", "address": "127.0.0.1"}
    assert second["added"] == newest["removed"]


@pytest.mark.parametrize("reason", ["x" * 501, "not\x01printable", "\xff\xfe"])
def test_reason_that_cannot_be_kept(alice: FlaskClient, zone: Json, reason: str) -> None:
    body = {"record_type": "A", "name": "www", "value": "192.0.2.1"}
    answer = alice.post(zone_url(zone, "records/"), json=body, headers={"X-Change-Reason": reason})
    problem(answer, 400, "X-Change-Reason", "500 characters")
    assert records_of(alice, zone) == []


def test_changes_by_page(alice: FlaskClient, zone: Json) -> None:
    for index in range(4):
        added(alice, zone, f"a{index} A 192.0.2.1")
    seen, url = [], zone_url(zone, "changes/?limit=2")
    while url:
        answer = alice.get(url)
        assert answer.headers["X-Total-Count"] == "5"
        seen += [each["number"] for each in answer.get_json()]
        url = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert seen == [5, 4, 3, 2, 1]


def test_changes_of_all_zones(alice: FlaskClient, zone: Json) -> None:
    other = created(alice, "example.net")
    alice.delete(zone_url(other))
    everything = alice.get(CHANGES).get_json()
    assert [(each["domain"], each["action"]) for each in everything] == [
        ("example.net", "zone.delete"),
        ("example.net", "zone.create"),
        ("example.com", "zone.create"),
    ]
    assert alice.get(f"{CHANGES}?action=zone.delete").get_json() == everything[:1]
    assert alice.get(f"{CHANGES}?zone={zone['uuid'].upper()}").get_json() == everything[2:]


def test_history_is_its_owners_only(alice: FlaskClient, bob: FlaskClient, zone: Json) -> None:
    post = add(alice, zone, "www A 192.0.2.1")
    assert bob.get(CHANGES).get_json() == []
    for url in ("changes/", "diff/?from=1", "?at=1", "records/?at=1"):
        problem(bob.get(zone_url(zone, url)), 404, says="Zone not found.")
    problem(revert(bob, post), 404)
    problem(rollback(bob, zone, 1), 404)
    alice.delete(zone_url(zone))
    problem(bob.get(zone_url(zone, "changes/")), 404)
    problem(undelete(bob, zone), 404)
    assert len(changes(alice, zone)) == 3


def test_when_each_nameserver_answered(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    first, second = add(alice, zone, "www A 192.0.2.1"), add(alice, zone, "www A 192.0.2.2")
    installation.answers("ns1", "example.com", serial(second))

    def answered(change: TestResponse) -> list[bool]:
        body = alice.get(f"{CHANGES}{change.headers['X-Change-Id']}/").get_json()
        return [each["answered_at"] is not None for each in body["nameservers"]]

    assert answered(first) == answered(second) == [True, False]
    installation.answers("ns2", "example.com", serial(first))
    assert (answered(first), answered(second)) == ([True, True], [True, False])
    gone = alice.delete(zone_url(zone))
    assert answered(gone) == [False, False]
    installation.no_longer_answers("ns2", "example.com", serial(gone))
    assert (answered(gone), answered(second)) == ([False, True], [True, True])


# ---- as it was ----


def test_zone_as_it_was(alice: FlaskClient, zone: Json) -> None:
    post = add(alice, zone, "www A 192.0.2.1", ttl=60)
    before = timeless(alice.get(zone_url(zone)).get_json())
    alice.patch(record_url(post.get_json()), json={"value": "192.0.2.2"})
    add(alice, zone, "www A 192.0.2.3")
    then = serial(post)
    assert timeless(alice.get(zone_url(zone, f"?at={then}")).get_json()) == before
    assert [timeless(each) for each in alice.get(zone_url(zone, f"records/?at={then}")).get_json()] == before["records"]
    alice.delete(zone_url(zone))
    assert timeless(alice.get(zone_url(zone, f"?at={then}")).get_json()) == before


def test_zone_as_it_was_at_a_time(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    post = add(alice, zone, "www A 192.0.2.1")
    add(alice, zone, "www A 192.0.2.2")
    hour = datetime(2026, 1, 18, 16, tzinfo=UTC)
    with installation.app.app_context(), writing() as session:
        for number in range(3):
            moment = {"created_at": hour + timedelta(minutes=number)}
            session.execute(update(Change).where(Change.number == number + 1).values(moment))
    for text in ("2026-01-18T16:01:30Z", "2026-01-18T17:01:30+01:00", "2026-01-18T17:01:30%2B01:00"):
        assert [each["value"] for each in alice.get(zone_url(zone, f"records/?at={text}")).get_json()] == ["192.0.2.1"]
    assert post.status_code == 201
    problem(alice.get(zone_url(zone, "?at=2026-01-18T15:59:59Z")), 400, "at", "not there at that time")


def test_moments_that_are_none(alice: FlaskClient, zone: Json) -> None:
    for text in ("yesterday", "2026-01-18T16:45:00", "-1", "", "0001-01-01T00:00:00%2B14:00"):
        problem(alice.get(zone_url(zone, f"?at={text}")), 400, "at", "2026-01-18T16:45:00Z")
    problem(alice.get(zone_url(zone, "?at=7")), 400, "at", "never had the serial 7")
    problem(alice.get(zone_url(zone, "diff/")), 400, "from")
    problem(alice.get(zone_url(zone, "diff/?from=7")), 400, "from")


def test_records_as_they_were_by_page(alice: FlaskClient, zone: Json) -> None:
    for index in range(5):
        last = add(alice, zone, f"a{index} A 192.0.2.1")
    url = zone_url(zone, f"records/?at={serial(last)}")
    assert [each["name"] for each in alice.get(f"{url}&page=2&page_size=2").get_json()] == ["a2", "a3"]
    problem(alice.get(f"{url}&limit=2"), 400, "limit", "page_size")


def test_diff(alice: FlaskClient, zone: Json) -> None:
    first = add(alice, zone, "www A 192.0.2.1")
    second = add(alice, zone, "mail A 192.0.2.5")
    third = alice.patch(record_url(first.get_json()), json={"value": "192.0.2.2"})
    body = alice.get(zone_url(zone, f"diff/?from={serial(second)}&to={serial(third)}")).get_json()
    assert (body["from"]["number"], body["to"]["number"]) == (3, 4)
    assert (texts(body["removed"]), texts(body["added"])) == (["www 3600 A 192.0.2.1"], ["www 3600 A 192.0.2.2"])
    until_now = alice.get(zone_url(zone, f"diff/?from={serial(first)}")).get_json()
    assert texts(until_now["added"]) == ["mail 3600 A 192.0.2.5", "www 3600 A 192.0.2.2"]
    backwards = alice.get(zone_url(zone, f"diff/?from={serial(third)}&to={serial(second)}")).get_json()
    assert (backwards["removed"], backwards["added"]) == (body["added"], body["removed"])


# ---- reverting one change ----


def test_revert_leaves_what_came_after(alice: FlaskClient, zone: Json) -> None:
    www = add(alice, zone, "www A 192.0.2.1", ttl=60)
    slip = alice.delete(record_url(www.get_json()))
    added(alice, zone, "mail A 192.0.2.5")
    answer = revert(alice, slip)
    assert answer.status_code == 200
    assert texts(records_of(alice, zone)) == ["mail 3600 A 192.0.2.5", "www 60 A 192.0.2.1"]
    back = next(each for each in records_of(alice, zone) if each["name"] == "www")
    assert back["uuid"] == www.get_json()["uuid"]
    newest = changes(alice, zone)[0]
    assert (newest["action"], newest["actor"]["source"]) == ("revert", "rollback")
    assert newest["undoes"] == slip.headers["X-Change-Id"]
    assert answer.get_json() == {
        "change": answer.headers["X-Change-Id"],
        "zone": zone["uuid"],
        "domain": "example.com",
        "serial": serial(answer),
        "removed": [],
        "added": newest["added"],
    }
    assert serial(answer) > serial(slip)


def test_revert_of_a_revert_is_the_change_again(alice: FlaskClient, zone: Json) -> None:
    post = add(alice, zone, "www A 192.0.2.1")
    assert revert(alice, revert(alice, post)).status_code == 200
    assert texts(records_of(alice, zone)) == ["www 3600 A 192.0.2.1"]


def test_revert_of_what_was_changed_since(alice: FlaskClient, zone: Json) -> None:
    post = add(alice, zone, "www A 192.0.2.1")
    add(alice, zone, "www A 192.0.2.2")
    detail = problem(revert(alice, post), 409, says="www A changed since")
    assert "change 3 by alice@example.org" in detail
    assert len(records_of(alice, zone)) == 2
    assert revert(alice, changes(alice, zone)[0]["id"]).status_code == 200
    assert revert(alice, post).status_code == 200
    problem(revert(alice, post), 409, says="www A changed since")
    assert records_of(alice, zone) == []


def test_revert_that_a_rule_forbids(alice: FlaskClient, zone: Json) -> None:
    alias = added(alice, zone, "www CNAME example.net")
    gone = alice.delete(record_url(alias))
    add(alice, zone, "www A 192.0.2.1")
    problem(revert(alice, gone), 400, "name", "CNAME")
    assert texts(records_of(alice, zone)) == ["www 3600 A 192.0.2.1"]


def test_revert_of_a_batch_that_swaps_names(alice: FlaskClient, zone: Json) -> None:
    one, two = added(alice, zone, "a CNAME example.net"), added(alice, zone, "b A 192.0.2.1")
    operations = [
        {"action": "delete", "record": one["uuid"]},
        {"action": "update", "record": two["uuid"], "name": "a"},
        {"action": "create", "zone": zone["uuid"], "record_type": "CNAME", "name": "b", "value": "example.net"},
    ]
    before = records_of(alice, zone)
    batch = alice.post("/api/v1/dns-batches/", json={"operations": operations})
    assert batch.status_code == 200, batch.text
    assert revert(alice, batch).status_code == 200
    assert sorted(map(timeless, records_of(alice, zone)), key=str) == sorted(map(timeless, before), key=str)


def test_revert_of_a_creation_deletes_and_of_a_deletion_brings_back(alice: FlaskClient) -> None:
    create = alice.post(ZONES, json={"domain": "example.com"})
    zone = create.get_json()
    gone = revert(alice, create)
    assert gone.status_code == 200
    problem(alice.get(zone_url(zone)), 404)
    assert revert(alice, gone).status_code == 200
    add(alice, zone, "www A 192.0.2.1")
    problem(revert(alice, create), 409, says="changed after it was made")
    assert len(records_of(alice, zone)) == 1


def test_revert_with_a_condition(alice: FlaskClient, zone: Json) -> None:
    tag = alice.get(zone_url(zone)).headers["ETag"]
    post = add(alice, zone, "www A 192.0.2.1")
    answer = revert(alice, post, **{"If-Match": tag})
    assert answer.status_code == 412
    assert revert(alice, post, **{"If-Match": alice.get(zone_url(zone)).headers["ETag"]}).status_code == 200


def test_undoing_tried(alice: FlaskClient, zone: Json) -> None:
    post = add(alice, zone, "www A 192.0.2.1")
    tried = alice.post(f"{CHANGES}{post.headers['X-Change-Id']}/revert/?dry_run=true")
    assert (tried.status_code, texts(tried.get_json()["removed"])) == (200, ["www 3600 A 192.0.2.1"])
    assert len(records_of(alice, zone)) == 1
    assert len(changes(alice, zone)) == 2


def test_undoing_is_done_once_for_a_key(alice: FlaskClient, zone: Json) -> None:
    post = add(alice, zone, "www A 192.0.2.1")
    answers = [revert(alice, post, **{"Idempotency-Key": "once"}) for _ in range(2)]
    assert [each.get_json() for each in answers] == [answers[0].get_json()] * 2
    assert len(changes(alice, zone)) == 3


@pytest.mark.parametrize("permission", ["dns:list", "dns:create", "dns:delete"])
def test_undoing_takes_the_permission_to_update(installation: Installation, zone: Json, permission: str) -> None:
    weak = installation.client_with(permission)
    problem(revert(weak, UNKNOWN), 403)
    problem(rollback(weak, zone, 1), 403)


# ---- rolling a zone back ----


def test_rollback(alice: FlaskClient, zone: Json) -> None:
    added(alice, zone, "@ A 192.0.2.1")
    good = added(alice, zone, "@ MX mail.example.net", priority=10)
    tag = serial(alice.patch(record_url(good), json={"priority": 20}))
    before = records_of(alice, zone)
    for each in before:
        alice.delete(record_url(each))
    added(alice, zone, "@ A 192.0.2.9")
    answer = rollback(alice, zone, tag)
    assert answer.status_code == 200, answer.text
    assert sorted(map(timeless, records_of(alice, zone)), key=str) == sorted(map(timeless, before), key=str)
    assert changes(alice, zone)[0]["action"] == "rollback"
    again = rollback(alice, zone, tag)
    assert (again.status_code, again.get_json()["change"], serial(again)) == (200, None, serial(answer))
    problem(rollback(alice, zone, 7), 400, "serial", "never had the serial 7")
    problem(alice.post(zone_url(zone, "rollback/"), json={}), 400, "serial")


def test_rollback_past_a_delegation_and_its_glue(alice: FlaskClient, zone: Json) -> None:
    """Whatever the order of what comes back: no record is in another's way."""
    address = added(alice, zone, "ns A 192.0.2.53")
    apex = added(alice, zone, "@ NS ns.example.com")
    delegation = added(alice, zone, "sub NS ns.sub.example.com")
    glue = added(alice, zone, "ns.sub A 192.0.2.54")
    then = max(each["serial"] for each in changes(alice, zone))
    for each in (glue, delegation, apex, address):
        assert alice.delete(record_url(each)).status_code == 204
    added(alice, zone, "deep.sub TXT in-the-way")
    answer = rollback(alice, zone, then)
    assert answer.status_code == 200, answer.text
    assert len(records_of(alice, zone)) == 4


# ---- deleted zones ----


def test_undelete(alice: FlaskClient, zone: Json) -> None:
    added(alice, zone, "www A 192.0.2.1", ttl=60)
    before = timeless(alice.get(zone_url(zone)).get_json())
    gone = alice.delete(zone_url(zone))
    answer = undelete(alice, zone)
    assert answer.status_code == 200, answer.text
    assert timeless(alice.get(zone_url(zone)).get_json()) == before
    assert serial(answer) > serial(gone)
    assert [each["number"] for each in changes(alice, zone)] == [4, 3, 2, 1]
    problem(undelete(alice, zone), 409, says="not deleted")
    problem(undelete(alice, {"uuid": UNKNOWN}), 404)


def test_undelete_when_the_domain_is_taken(alice: FlaskClient, bob: FlaskClient, zone: Json) -> None:
    alice.delete(zone_url(zone))
    other = created(bob, "example.com")
    problem(undelete(alice, zone), 400, "domain")
    bob.delete(zone_url(other))
    assert undelete(alice, zone).status_code == 200
    problem(bob.get(zone_url(zone, "changes/")), 404)
    assert len(changes(alice, zone)) == 3
    assert len(changes(bob, other)) == 2


def test_undelete_too_late(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    gone = alice.delete(zone_url(zone))
    with installation.app.app_context(), writing() as session:
        late = {"created_at": datetime.now(UTC) - timedelta(days=30, seconds=1)}
        session.execute(update(Change).where(Change.uuid == gone.headers["X-Change-Id"]).values(late))
    problem(undelete(alice, zone), 404, says="more than 30 days ago")


# ---- against a model ----

_NAMES = ("@", "a", "b", "a.b", "*")
_VALUES = (
    "A 192.0.2.1",
    "A 192.0.2.2",
    "AAAA 2001:db8::1",
    "TXT one",
    "TXT two",
    "CNAME example.net",
    "MX example.net",
)


def _random_write(client: FlaskClient, zone: Json, draw: random.Random) -> TestResponse:
    there = records_of(client, zone)
    kind = draw.random()
    name, value = draw.choice(_NAMES), draw.choice(_VALUES)
    priority = {"priority": 10} if value.startswith("MX") else {}
    if kind < 0.5 or not there:
        return add(client, zone, f"{name} {value}", ttl=draw.choice((60, 300)), **priority)
    record = draw.choice(there)
    if kind < 0.75:
        return client.delete(record_url(record))
    record_type, _, text = value.partition(" ")
    return client.patch(
        record_url(record), json={"record_type": record_type, "value": text, "name": name, "priority": None} | priority
    )


def _rrsets(records: list[Json]) -> dict[tuple[str, str], set[tuple[Any, ...]]]:
    found: dict[tuple[str, str], set[tuple[Any, ...]]] = {}
    for each in records:
        content = (each["value"], each["ttl"], each["priority"])
        found.setdefault((each["name"], each["record_type"]), set()).add(content)
    return found


def _expected(client: FlaskClient, zone: Json, change: Json, before: list[Json], after: list[Json]) -> Any:
    """What a three-way merge of whole RRsets makes of it; None: it must be refused."""
    was, left, there = (_rrsets(each) for each in (before, after, records_of(client, zone)))
    keys = {(each["name"], each["record_type"]) for each in (*change["removed"], *change["added"])}
    if any(there.get(key) != left.get(key) for key in keys):
        return None
    return {key: rrset for key, rrset in (there | {key: was.get(key, set()) for key in keys}).items() if rrset}


def _random_changes_reverted(client: FlaskClient, zone: Json, number: int, seed: int) -> None:
    draw = random.Random(seed)
    states: dict[str, tuple[list[Json], list[Json]]] = {}
    while len(states) < number:
        before = records_of(client, zone)
        answer = _random_write(client, zone, draw)
        if "X-Change-Id" in answer.headers:
            states[answer.headers["X-Change-Id"]] = (before, records_of(client, zone))
    told = {each["id"]: each for each in client.get(zone_url(zone, "changes/?limit=5000")).get_json()}
    names = list(states)
    draw.shuffle(names)
    for name in [*names, *reversed(list(states))]:
        expected = _expected(client, zone, told[name], *states[name])
        there = _rrsets(records_of(client, zone))
        answer = revert(client, name)
        if expected is None:
            assert answer.status_code == 409, (seed, told[name], answer.text)
        elif answer.status_code == 400:
            assert answer.get_json()["field"], answer.text  # a rule stands against it: nothing has changed
            expected = there
        else:
            assert answer.status_code == 200, (seed, answer.text)
        assert _rrsets(records_of(client, zone)) == (there if expected is None else expected), (seed, told[name])


@pytest.mark.parametrize("seed", range(2))
def test_random_changes_reverted_in_random_order(alice: FlaskClient, zone: Json, seed: int) -> None:
    _random_changes_reverted(alice, zone, 20, seed)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_500_random_changes_reverted(alice: FlaskClient, zone: Json) -> None:
    _random_changes_reverted(alice, zone, 500, 500)


@pytest.mark.parametrize("seed", range(2))
def test_last_to_first_the_zone_is_as_it_began(alice: FlaskClient, zone: Json, seed: int) -> None:
    draw, made = random.Random(seed), []
    while len(made) < 15:
        answer = _random_write(alice, zone, draw)
        made += [answer] if "X-Change-Id" in answer.headers else []
    for answer in reversed(made):
        assert revert(alice, answer).status_code == 200, seed
    assert records_of(alice, zone) == []
