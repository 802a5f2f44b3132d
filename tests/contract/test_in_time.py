"""Confirmed commits, scheduled writes and records that expire: done at their time, once, by the control plane."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from api.database import db, writing
from api.timekeeper import Timekeeper
from tests.contract.forms import (
    CHANGES,
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
from tests.contract.test_history import changes, texts, timeless
from tests.installation import Installation, together

Json = dict[str, Any]
BATCHES, PROPOSALS = "/api/v1/dns-batches/", "/api/v1/dns-proposals/"
A = {"record_type": "A", "name": "www", "value": "192.0.2.1"}


@pytest.fixture
def look(installation: Installation) -> Callable[[], None]:
    """What the control plane does when it looks at its clock."""
    return lambda: Timekeeper(installation.app, installation.settings).look()


@pytest.fixture
def passes(installation: Installation, look: Callable[[], None]) -> Callable[[], None]:
    """An hour passes, and the control plane looks."""

    def an_hour() -> None:
        with installation.app.app_context(), writing() as session:
            for table, column in (("confirmations", "revert_at"), ("proposals", "apply_at"), ("records", "expires_at")):
                hour = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=1)
                session.execute(text(f"UPDATE {table} SET {column} = :hour WHERE {column} IS NOT NULL"), {"hour": hour})
        look()
        with installation.app.app_context():
            db.session.remove()

    return an_hour


def hence(**more: float) -> str:
    return (datetime.now(UTC) + timedelta(**more)).strftime("%Y-%m-%dT%H:%M:%SZ")


def confirmation(client: FlaskClient, write: TestResponse, position: int = 0) -> Json:
    change = write.headers["X-Change-Id"].split(", ")[position]
    return dict(client.get(f"{CHANGES}{change}/").get_json()["confirmation"])


def confirm(client: FlaskClient, write: TestResponse, position: int = 0) -> TestResponse:
    return client.post(f"{CHANGES}{write.headers['X-Change-Id'].split(', ')[position]}/confirm/")


# ---- confirmed commits ----


def test_unconfirmed_write_takes_itself_back(
    alice: FlaskClient, zone: Json, look: Callable[[], None], passes: Callable[[], None]
) -> None:
    write = alice.post(zone_url(zone, "records/?confirm_within=60"), json=A)
    assert write.status_code == 201
    assert write.headers["X-Confirm-By"] == confirmation(alice, write)["revert_at"]
    look()
    assert (confirmation(alice, write)["state"], len(records_of(alice, zone))) == ("waiting", 1)
    passes()
    assert records_of(alice, zone) == []
    assert confirmation(alice, write)["state"] == "reverted"
    back = changes(alice, zone)[0]
    assert (back["action"], back["reason"], back["undoes"]) == (
        "revert",
        "Not confirmed in time.",
        write.headers["X-Change-Id"],
    )
    assert back["actor"]["account"] == "zonewright"
    passes()
    assert len(changes(alice, zone)) == 3
    problem(confirm(alice, write), 409, says="has been taken back")


def test_confirmed_write_stays(alice: FlaskClient, zone: Json, passes: Callable[[], None]) -> None:
    write = alice.post(zone_url(zone, "records/?confirm_within=60"), json=A)
    for _ in range(2):
        assert confirm(alice, write).get_json()["confirmation"]["state"] == "confirmed"
    passes()
    assert len(records_of(alice, zone)) == 1


def test_batch_is_confirmed_as_a_whole(alice: FlaskClient, zone: Json, passes: Callable[[], None]) -> None:
    other = created(alice, "example.net")
    operations = [{"action": "create", "zone": each["uuid"], **A} for each in (zone, other)]
    first = alice.post(f"{BATCHES}?confirm_within=60", json={"operations": operations})
    assert confirm(alice, first, 1).status_code == 200
    more = [each | {"value": "192.0.2.2"} for each in operations]
    second = alice.post(f"{BATCHES}?confirm_within=60", json={"operations": more})
    passes()
    assert [len(records_of(alice, each)) for each in (zone, other)] == [1, 1]
    assert [confirmation(alice, second, each)["state"] for each in (0, 1)] == ["reverted", "reverted"]


def test_unconfirmed_zones_go_and_come_back(alice: FlaskClient, zone: Json, passes: Callable[[], None]) -> None:
    added(alice, zone, "www A 192.0.2.1")
    new = alice.post(f"{ZONES}?confirm_within=60", json={"domain": "example.net"}).get_json()
    assert alice.delete(zone_url(zone, "?confirm_within=60")).status_code == 204
    passes()
    problem(alice.get(zone_url(new)), 404)
    assert texts(records_of(alice, zone)) == ["www 3600 A 192.0.2.1"]


def test_several_unconfirmed_writes_to_one_record(alice: FlaskClient, zone: Json, passes: Callable[[], None]) -> None:
    record = added(alice, zone, "www A 192.0.2.1")
    for value in ("192.0.2.2", "192.0.2.3"):
        alice.patch(f"{record_url(record)}?confirm_within=60", json={"value": value})
    passes()
    assert texts(records_of(alice, zone)) == ["www 3600 A 192.0.2.1"]


def test_unconfirmed_write_that_was_written_over_stays(
    alice: FlaskClient, zone: Json, passes: Callable[[], None]
) -> None:
    record = added(alice, zone, "www A 192.0.2.1")
    write = alice.patch(f"{record_url(record)}?confirm_within=60", json={"value": "192.0.2.2"})
    alice.patch(record_url(record), json={"value": "192.0.2.3"})
    passes()
    assert texts(records_of(alice, zone)) == ["www 3600 A 192.0.2.3"]
    told = confirmation(alice, write)
    assert (told["state"], told["detail"].startswith("www A changed since")) == ("kept", True)


def test_who_may_confirm(installation: Installation, alice: FlaskClient, bob: FlaskClient, zone: Json) -> None:
    write = alice.post(zone_url(zone, "records/?confirm_within=60"), json=A)
    problem(confirm(bob, write), 404)
    problem(confirm(installation.client_with("dns:list", "dns:create"), write), 403)
    problem(confirm(alice, add(alice, zone, "a A 192.0.2.1")), 409, says="not made with confirm_within")


@pytest.mark.parametrize("seconds", ["0", "-1", "604801", "1.5", "soon", ""])
def test_confirm_within_is_seconds(alice: FlaskClient, zone: Json, seconds: str) -> None:
    problem(alice.post(zone_url(zone, f"records/?confirm_within={seconds}"), json=A), 400, "confirm_within")
    assert records_of(alice, zone) == []


# ---- records that expire ----


def test_record_expires(alice: FlaskClient, zone: Json, look: Callable[[], None], passes: Callable[[], None]) -> None:
    for name in ("a", "b"):
        moment = hence(minutes=30)
        answer = alice.post(zone_url(zone, "records/"), json=A | {"name": name, "expires_at": moment})
        assert answer.get_json()["expires_at"] == moment
    added(alice, zone, "c A 192.0.2.1")
    look()
    assert len(records_of(alice, zone)) == 3
    passes()
    assert [each["name"] for each in records_of(alice, zone)] == ["c"]
    newest = changes(alice, zone)[0]
    assert (newest["action"], newest["reason"], len(newest["removed"])) == ("expire", "Expired.", 2)
    passes()
    assert changes(alice, zone)[0] == newest


def test_expiry_is_changed_and_taken_away(alice: FlaskClient, zone: Json, passes: Callable[[], None]) -> None:
    record = alice.post(zone_url(zone, "records/"), json=A | {"expires_at": hence(minutes=30)}).get_json()
    url = record_url(record)
    tag = alice.get(url).headers["ETag"]
    before = changes(alice, zone)[0]
    later = alice.patch(url, json={"expires_at": hence(days=1)})
    newest = changes(alice, zone)[0]
    assert (newest["number"], newest["serial"]) == (before["number"] + 1, before["serial"])  # nothing to publish
    assert newest["removed"] != newest["added"]
    assert alice.get(url).headers["ETag"] != tag
    assert alice.patch(url, json={"ttl": 60}).get_json()["expires_at"] == later.get_json()["expires_at"]
    assert "expires_at" not in alice.patch(url, json={"expires_at": None}).get_json()
    passes()
    assert len(records_of(alice, zone)) == 1
    alice.patch(url, json={"expires_at": hence(days=1)})
    assert "expires_at" not in alice.put(url, json=A).get_json()


def test_expiry_is_undone_confirmed_and_proposed_like_anything_else(
    alice: FlaskClient, zone: Json, passes: Callable[[], None]
) -> None:
    moment = hence(days=1)
    record = alice.post(zone_url(zone, "records/"), json=A | {"expires_at": moment}).get_json()
    alice.delete(zone_url(zone))
    alice.post(zone_url(zone, "undelete/"))
    assert list(map(timeless, records_of(alice, zone))) == [timeless(record)]
    gone = alice.delete(record_url(record)).headers["X-Change-Id"]
    alice.post(f"{CHANGES}{gone}/revert/")
    assert list(map(timeless, records_of(alice, zone))) == [timeless(record)]
    stays = alice.patch(record_url(record), json={"expires_at": None})
    alice.post(f"{CHANGES}{stays.headers['X-Change-Id']}/revert/")
    assert list(map(timeless, records_of(alice, zone))) == [timeless(record)]
    proposed = alice.patch(f"{record_url(record)}?propose=true", json={"expires_at": None})
    assert proposed.status_code == 202
    assert proposed.get_json()["effects"][0]["share"] == 0
    unsure = alice.patch(f"{record_url(record)}?confirm_within=60", json={"expires_at": None})
    assert "X-Confirm-By" in unsure.headers
    assert "expires_at" not in records_of(alice, zone)[0]
    passes()
    assert list(map(timeless, records_of(alice, zone))) == [timeless(record)]


@pytest.mark.parametrize("moment", ["2026-01-18T16:45:00Z", "tomorrow", "2126-01-18T16:45:00", 7, True, ""])
def test_expiry_that_is_none(alice: FlaskClient, zone: Json, moment: Any) -> None:
    problem(alice.post(zone_url(zone, "records/"), json=A | {"expires_at": moment}), 400, "expires_at")
    assert records_of(alice, zone) == []


def test_expired_record_that_a_rule_needs_stays_for_now(
    alice: FlaskClient, zone: Json, passes: Callable[[], None]
) -> None:
    address = {"record_type": "A", "name": "ns", "value": "192.0.2.53", "expires_at": hence(minutes=30)}
    alice.post(zone_url(zone, "records/"), json=address)
    apex = added(alice, zone, "@ NS ns.example.com")
    passes()
    assert len(records_of(alice, zone)) == 2
    alice.delete(record_url(apex))
    passes()
    assert records_of(alice, zone) == []


# ---- scheduled writes ----


def test_scheduled_write(alice: FlaskClient, zone: Json, look: Callable[[], None], passes: Callable[[], None]) -> None:
    moment = hence(minutes=30)
    kept = alice.post(zone_url(zone, f"records/?apply_at={moment}"), json=A, headers={"X-Change-Reason": "the move"})
    assert kept.status_code == 202, kept.text
    body = kept.get_json()
    assert (body["state"], body["apply_at"], body["reason"]) == ("scheduled", moment, "the move")
    assert texts(body["effects"][0]["added"]) == ["www 3600 A 192.0.2.1"]
    look()
    assert records_of(alice, zone) == []
    passes()
    assert texts(records_of(alice, zone)) == ["www 3600 A 192.0.2.1"]
    [newest] = changes(alice, zone)[:1]
    assert (newest["reason"], newest["actor"]["token"], newest["actor"]["source"]) == ("the move", "all", "api")
    done = alice.get(f"{PROPOSALS}{body['id']}/").get_json()
    assert (done["state"], done["changes"]) == ("applied", [newest["id"]])
    passes()
    assert len(changes(alice, zone)) == 2


def test_scheduled_batch_is_one_publication(alice: FlaskClient, zone: Json, passes: Callable[[], None]) -> None:
    operations = [{"action": "create", "zone": "example.com", **A, "name": name} for name in ("a", "b", "c")]
    kept = alice.post(f"{BATCHES}?apply_at={hence(hours=1)}", json={"operations": operations})
    assert kept.status_code == 202
    passes()
    assert [len(each["added"]) for each in changes(alice, zone)] == [3, 0]


def test_scheduled_write_that_no_longer_fits(alice: FlaskClient, zone: Json, passes: Callable[[], None]) -> None:
    kept = alice.post(zone_url(zone, f"records/?apply_at={hence(hours=1)}"), json=A).get_json()
    added(alice, zone, "www CNAME example.net")
    passes()
    failed = alice.get(f"{PROPOSALS}{kept['id']}/").get_json()
    assert (failed["state"], "CNAME" in failed["detail"]) == ("failed", True)
    assert texts(records_of(alice, zone)) == ["www 3600 CNAME example.net"]


def test_scheduled_write_is_called_off(alice: FlaskClient, zone: Json, passes: Callable[[], None]) -> None:
    kept = alice.post(zone_url(zone, f"records/?apply_at={hence(hours=1)}"), json=A).get_json()
    assert alice.post(f"{PROPOSALS}{kept['id']}/reject/").get_json()["state"] == "rejected"
    passes()
    assert records_of(alice, zone) == []


def test_time_that_is_over(alice: FlaskClient, zone: Json) -> None:
    answer = alice.post(zone_url(zone, "records/?apply_at=2026-01-18T16:45:00Z"), json=A)
    problem(answer, 400, "apply_at", "still to come")


# ---- proposals ----


@pytest.fixture
def second(installation: Installation) -> FlaskClient:
    """Alice's other token."""
    return installation.client(secret=installation.token(name="second")[1])


def propose(client: FlaskClient, zone: Json, body: Json = A) -> Json:
    answer = client.post(zone_url(zone, "records/?propose=true"), json=body)
    assert answer.status_code == 202, answer.text
    return dict(answer.get_json())


def decide(client: FlaskClient, proposal: Json, verb: str, **more: Any) -> TestResponse:
    return client.post(f"{PROPOSALS}{proposal['id']}/{verb}/", **more)


def test_proposal_is_approved(alice: FlaskClient, second: FlaskClient, zone: Json) -> None:
    added(alice, zone, "a A 192.0.2.1")
    proposal = propose(alice, zone, A | {"name": "foo_bar"})
    assert (proposal["state"], proposal["write"]) == ("open", f"POST {zone_url(zone, 'records/')}")
    [effect] = proposal["effects"]
    assert (effect["names"], effect["share"], texts(effect["added"])) == (1, 0, ["foo_bar 3600 A 192.0.2.1"])
    [check] = proposal["checks"]
    assert (check["verdict"], check["problems"][0]["rule"]) == ("warning", "owner-not-hostname")
    assert len(records_of(alice, zone)) == 1
    answer = decide(second, proposal, "approve")
    assert answer.status_code == 201, answer.text
    assert answer.get_json()["name"] == "foo_bar"
    assert serial(answer) == changes(alice, zone)[0]["serial"]
    actor = changes(alice, zone)[0]["actor"]
    assert (actor["token"], actor["approved_by"]) == ("all", "alice@example.org (second)")
    done = alice.get(f"{PROPOSALS}{proposal['id']}/").get_json()
    assert (done["state"], done["changes"]) == ("applied", [answer.headers["X-Change-Id"]])
    problem(decide(second, proposal, "approve"), 409, says="applied already")
    problem(decide(second, proposal, "reject"), 409, says="applied already")


def test_nobody_approves_his_own(alice: FlaskClient, zone: Json) -> None:
    problem(decide(alice, propose(alice, zone), "approve"), 403, says="Another token")
    assert records_of(alice, zone) == []


def test_proposal_is_rejected(alice: FlaskClient, second: FlaskClient, zone: Json) -> None:
    proposal = propose(alice, zone)
    rejected = decide(second, proposal, "reject", json={"reason": "not now"}).get_json()
    assert (rejected["state"], rejected["detail"]) == ("rejected", "not now")
    assert rejected["decided_by"]["token"] == "second"
    problem(decide(second, proposal, "approve"), 409, says="rejected already")
    assert records_of(alice, zone) == []


@pytest.mark.parametrize("meanwhile", ["same", "other"])
def test_proposal_that_no_longer_applies(alice: FlaskClient, second: FlaskClient, zone: Json, meanwhile: str) -> None:
    record = added(alice, zone, "www A 192.0.2.9")
    proposal = alice.delete(f"{record_url(record)}?propose=true").get_json()
    alice.patch(record_url(record), json={"value": "192.0.2.8"} if meanwhile == "other" else {"ttl": 60})
    problem(decide(second, proposal, "approve"), 409, says="has changed since")
    assert len(records_of(alice, zone)) == 1
    alice.delete(record_url(record))
    problem(decide(second, proposal, "approve"), 404)
    assert alice.get(f"{PROPOSALS}{proposal['id']}/").get_json()["state"] == "open"


def test_proposed_deletion_of_a_zone_is_of_the_zone_as_it_was(
    alice: FlaskClient, second: FlaskClient, zone: Json
) -> None:
    added(alice, zone, "www A 192.0.2.9")
    proposal = alice.delete(zone_url(zone, "?propose=true")).get_json()
    assert proposal["effects"][0]["share"] == 1
    assert proposal["checks"] == []
    new = added(alice, zone, "new A 192.0.2.9")
    problem(decide(second, proposal, "approve"), 409, says="has changed since")
    alice.delete(record_url(new))
    assert decide(second, proposal, "approve").status_code == 204
    problem(alice.get(zone_url(zone)), 404)


def test_proposal_with_a_time_waits_for_both(
    alice: FlaskClient, second: FlaskClient, zone: Json, look: Callable[[], None], passes: Callable[[], None]
) -> None:
    url = zone_url(zone, f"records/?propose=true&apply_at={hence(hours=1)}")
    unapproved, approved = (alice.post(url, json=A | {"name": name}).get_json() for name in ("a", "b"))
    answer = decide(second, approved, "approve")
    assert (answer.status_code, answer.get_json()["state"]) == (202, "scheduled")
    look()
    assert records_of(alice, zone) == []
    passes()
    assert [each["name"] for each in records_of(alice, zone)] == ["b"]
    assert decide(second, unapproved, "approve").status_code == 201


def test_proposed_undo_and_batch(alice: FlaskClient, second: FlaskClient, zone: Json) -> None:
    write = add(alice, zone, "www A 192.0.2.1")
    undo = alice.post(f"{CHANGES}{write.headers['X-Change-Id']}/revert/?propose=true").get_json()
    assert decide(second, undo, "approve").status_code == 200
    assert records_of(alice, zone) == []
    operations = [
        {"action": "create_zone", "domain": "example.net"},
        {"action": "create", "zone": "example.net", **A},
        {"action": "create", "zone": "example.com", **A},
    ]
    batch = alice.post(f"{BATCHES}?propose=true", json={"operations": operations}).get_json()
    assert [each["domain"] for each in batch["effects"]] == ["example.com", "example.net"]
    assert decide(second, batch, "approve").status_code == 200
    assert len(alice.get(ZONES).get_json()) == 2


def test_refused_write_is_no_proposal(alice: FlaskClient, zone: Json) -> None:
    problem(alice.post(zone_url(zone, "records/?propose=true"), json=A | {"value": "x"}), 400, "value")
    problem(alice.post(zone_url(zone, "records/?propose=true&dry_run=true"), json=A), 400, "dry_run")
    record = added(alice, zone, "www A 192.0.2.1")
    problem(alice.patch(f"{record_url(record)}?propose=true", json={"ttl": 3600}), 400, says="changes nothing")
    assert alice.get(PROPOSALS).get_json() == []


def test_proposals_are_listed(alice: FlaskClient, bob: FlaskClient, second: FlaskClient, zone: Json) -> None:
    made = [propose(alice, zone, A | {"name": name}) for name in ("a", "b", "c")]
    decide(second, made[1], "reject")
    assert [each["id"] for each in alice.get(PROPOSALS).get_json()] == [each["id"] for each in reversed(made)]
    assert [each["id"] for each in alice.get(f"{PROPOSALS}?state=rejected").get_json()] == [made[1]["id"]]
    assert bob.get(PROPOSALS).get_json() == []
    for verb in ("approve", "reject"):
        problem(decide(bob, made[0], verb), 404)


def test_weak_token_approves_nothing(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    problem(decide(installation.client_with("dns:delete"), propose(alice, zone), "approve"), 403, says="dns:create")
    assert records_of(alice, zone) == []


def test_proposal_sent_twice_with_a_key(alice: FlaskClient, zone: Json) -> None:
    answers = [
        alice.post(zone_url(zone, "records/?propose=true"), json=A, headers={"Idempotency-Key": "k"}) for _ in range(2)
    ]
    assert [each.status_code for each in answers] == [202, 202]
    assert answers[0].get_json() == answers[1].get_json()
    assert len(alice.get(PROPOSALS).get_json()) == 1


def test_proposal_says_all_that_is_approved(alice: FlaskClient, zone: Json) -> None:
    kept = alice.post(zone_url(zone, "records/?propose=true&confirm_within=60"), json=A).get_json()
    assert kept["write"] == f"POST {zone_url(zone, 'records/')}?confirm_within=60"
    lock = alice.post(zone_url(zone, "locks/?propose=true"), json={"name": "www", "reason": "billing"}).get_json()
    assert lock["effects"][0]["reason"] == "www: billing"


def test_approved_by_many_at_once(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    proposal = propose(alice, zone)
    secret = installation.token(name="second")[1]
    clients = [installation.client(secret=secret) for _ in range(8)]
    answers = together([partial(decide, client, proposal, "approve") for client in clients])
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert len(records_of(alice, zone)) == 1


def test_what_says_more_than_its_url(alice: FlaskClient, zone: Json) -> None:
    write = add(alice, zone, "www A 192.0.2.1").headers["X-Change-Id"]
    problem(alice.post(f"{CHANGES}{write}/revert/", json={"a": 1}), 400, says="no body")
    assert len(records_of(alice, zone)) == 1
    alice.delete(zone_url(zone))
    problem(alice.post(zone_url(zone, "undelete/"), json=[1]), 400, says="no body")
    late = alice.post(zone_url(zone, "undelete/"), headers={"If-Match": '"x"'})
    assert late.status_code == 412
    assert alice.post(zone_url(zone, "undelete/"), json={}).status_code == 200
