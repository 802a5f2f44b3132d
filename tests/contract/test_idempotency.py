"""`Idempotency-Key`: a write that is sent again is answered again, and done once."""

import random
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from api.database import now, writing
from api.models import Change, IdempotencyKey
from tests.contract.forms import (
    PROBLEM,
    ZONES,
    added,
    created,
    problem,
    record_url,
    records_of,
    serial,
    zone_url,
)
from tests.contract.test_dry_run import BATCHES, BODIES, everything, send  # noqa: F401  a fixture
from tests.installation import together

if TYPE_CHECKING:
    from tests.installation import Installation

Json = dict[str, Any]
BODY = {"record_type": "A", "name": "www", "value": "192.0.2.1"}
KEY = {"Idempotency-Key": "6f1f9a52"}


def post(client: FlaskClient, zone: Json, body: Any = None, **headers: str) -> TestResponse:
    """POST a record under the key."""
    return client.post(zone_url(zone, "records/"), json=body or BODY, headers=KEY | headers)


def told(answer: TestResponse) -> tuple[int, bytes, list[tuple[str, str]]]:
    """All of an answer but its own name and the word that it is one given before."""
    own = {"X-Request-Id", "Idempotency-Replayed"}
    return answer.status_code, answer.data, sorted((key, value) for key, value in answer.headers if key not in own)


def conflict(answer: TestResponse) -> None:
    assert answer.status_code == 409, answer.text
    assert list(answer.get_json()) == PROBLEM
    assert answer.get_json()["error_code"] == "conflict"


def keys(installation: "Installation") -> list[tuple[str, bool]]:
    return [tuple(row) for row in installation.stored(IdempotencyKey, "key", "answered")]


def age(installation: "Installation", span: timedelta) -> None:
    """All keys become so much older."""
    with installation.app.app_context(), writing() as session:
        for uuid, created_at in installation.stored(IdempotencyKey, "id", "created_at"):
            values = {"created_at": created_at - span}
            session.execute(update(IdempotencyKey).where(IdempotencyKey.id == uuid).values(**values))


# ---- again ----


@pytest.mark.parametrize("route", BODIES)
def test_every_write_can_be_sent_again(
    installation: "Installation",
    alice: FlaskClient,
    send: Callable[..., TestResponse],  # noqa: F811
    route: str,
) -> None:
    """Answered byte for byte and header for header as before, even when what it wrote is gone; done once."""
    send_again = partial(send, route, BODIES[route][0], headers=KEY)
    first = send_again()
    assert first.status_code in (200, 201, 204)
    assert "Idempotency-Replayed" not in first.headers
    after = everything(installation)
    for _ in range(3):
        again = send_again()
        assert again.headers["Idempotency-Replayed"] == "true"
        assert told(again) == told(first)
    assert everything(installation) == after
    for each in alice.get(ZONES).get_json():
        alice.delete(zone_url(each))
    assert told(send_again()) == told(first)


@pytest.mark.parametrize("route", BODIES)
def test_key_of_every_write_is_for_one_request_at_a_time(
    installation: "Installation",
    send: Callable[..., TestResponse],  # noqa: F811
    route: str,
) -> None:
    """With another body it is refused; while the first one is under way, the second one is told so."""
    body = BODIES[route][0]
    assert send(route, body, headers=KEY).status_code < 300
    problem(send(route, {"another": 1}, headers=KEY), field="Idempotency-Key", says="another request")
    with installation.app.app_context(), writing() as session:
        session.execute(update(IdempotencyKey).values(answered=False, body=None, written=None))
    before = everything(installation)
    conflict(send(route, body, headers=KEY))
    assert everything(installation) == before


def test_text_comes_back_as_it_was(alice: FlaskClient, zone: Json) -> None:
    """Byte for byte, whatever the database makes of it in between."""
    values = ["grüße 🦄 \u2028", r"\\ \" \000", "a\tb\x7f", "</script>", "x" * 5000]
    for number, value in enumerate(values):
        key = {"Idempotency-Key": f"k{number}"}
        body = {"record_type": "TXT", "name": f"h{number}", "value": value}
        answers = [alice.post(zone_url(zone, "records/"), json=body, headers=key) for _ in range(2)]
        assert answers[0].status_code == 201
        assert told(answers[0]) == told(answers[1])


def test_array_is_sent_again(alice: FlaskClient, zone: Json) -> None:
    bodies = [BODY | {"value": f"192.0.2.{number}"} for number in range(30)]
    first, again = post(alice, zone, bodies), post(alice, zone, bodies)
    assert told(first) == told(again)
    assert len(records_of(alice, zone)) == 30


def test_without_the_key_it_is_another_write(alice: FlaskClient, zone: Json) -> None:
    post(alice, zone)
    problem(alice.post(zone_url(zone, "records/"), json=BODY), field="value", says="exists")


def test_write_that_changes_nothing_is_sent_again(alice: FlaskClient, zone: Json) -> None:
    record = added(alice, zone, "www A 192.0.2.1", ttl=60)
    first, again = (alice.patch(record_url(record), json={"ttl": 60}, headers=KEY) for _ in range(2))
    assert (first.status_code, "X-Change-Id" in first.headers) == (200, False)
    assert told(first) == told(again)


# ---- another request, another account ----


def test_key_is_for_one_request(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    other = created(alice, "example.net")
    record = added(alice, zone, "old A 192.0.2.1")
    first = post(alice, zone)
    before = everything(installation)
    others = [
        post(alice, zone, BODY | {"ttl": 60}),
        post(alice, other),
        alice.post(zone_url(zone, "records/"), data=b"[", content_type="application/json", headers=KEY),
        alice.patch(record_url(record), json={"ttl": 60}, headers=KEY),
        alice.delete(record_url(record), headers=KEY),
        alice.delete(zone_url(zone), headers=KEY),
        alice.post(ZONES, json={"domain": "example.org"}, headers=KEY),
    ]
    for answer in others:
        problem(answer, field="Idempotency-Key", says="another request")
    assert everything(installation) == before
    assert told(post(alice, zone)) == told(first)


def test_key_is_an_accounts_own(installation: "Installation", alice: FlaskClient, bob: FlaskClient) -> None:
    """The same key of another account is another key; another token of the account has the same."""
    body = {"json": {"domain": "example.net"}, "headers": KEY}
    first = alice.post(ZONES, **body)
    problem(bob.post(ZONES, **body), field="domain", says="exists")
    assert bob.post(ZONES, json={"domain": "example.org"}, headers=KEY).status_code == 201
    assert told(installation.client_with("dns:create").post(ZONES, **body)) == told(first)


def test_key_gives_no_permission(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    """A token that may not write it is not answered either."""
    record = added(alice, zone, "www A 192.0.2.1")
    operations = {"operations": [{"action": "delete", "record": record["uuid"]}]}
    assert alice.post(BATCHES, json=operations, headers=KEY).status_code == 200
    weak = installation.client_with("dns:list", "dns:create", "dns:update")
    problem(weak.post(BATCHES, json=operations, headers=KEY), 403, says="dns:delete")
    key = {"Idempotency-Key": "another"}
    assert alice.delete(zone_url(zone), headers=key).status_code == 204
    problem(weak.delete(zone_url(zone), headers=key), 403, says="dns:delete")
    problem(installation.client(secret="vps_" + "x" * 43).delete(zone_url(zone), headers=key), 401)


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "schl\u00fcssel"])
def test_key_has_its_form(installation: "Installation", alice: FlaskClient, zone: Json, key: str) -> None:
    before = everything(installation)
    answer = alice.post(zone_url(zone, "records/"), json=BODY, headers={"Idempotency-Key": key})
    problem(answer, field="Idempotency-Key", says="1 to 255")
    assert everything(installation) == before
    for right in ("x" * 255, "a b", '"quoted"', "k"):
        body = BODY | {"name": f"h{len(right)}"}
        assert alice.post(zone_url(zone, "records/"), json=body, headers={"Idempotency-Key": right}).status_code == 201


def test_reads_take_no_key(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    for url in (ZONES, zone_url(zone)):
        assert "Idempotency-Replayed" not in alice.get(url, headers=KEY).headers
    assert keys(installation) == []


# ---- a write that failed ----


def test_failed_write_keeps_no_key(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    """Neither a refused one, nor one that met a fault of ours; it can be mended and sent again."""
    problem(post(alice, zone, BODY | {"value": "x"}), field="value")
    problem(alice.delete(f"{ZONES}{zone['uuid'].replace('-4', '-5')}/", headers=KEY), 404)
    answer = alice.delete(zone_url(zone), headers=KEY | {"If-Match": '"x"'})
    assert answer.status_code == 412
    assert keys(installation) == []
    assert post(alice, zone).status_code == 201


def test_fault_of_ours_keeps_no_key(
    installation: "Installation", alice: FlaskClient, zone: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.changes import journal

    def fail(*_: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(journal, "want", fail)
        problem(post(alice, zone), 500)
    assert keys(installation) == []
    assert records_of(alice, zone) == []
    assert post(alice, zone).status_code == 201


def test_answer_is_kept_with_the_write_or_not_at_all(
    installation: "Installation", alice: FlaskClient, zone: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is never a write whose answer is lost."""
    from api.changes import idempotency

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError

    before = everything(installation)
    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "keep", fail)
        problem(post(alice, zone), 500)
    assert everything(installation) == before


# ---- time ----


def test_key_is_forgotten_after_a_day(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    first = post(alice, zone)
    age(installation, timedelta(hours=23, minutes=59))
    assert told(post(alice, zone)) == told(first)
    age(installation, timedelta(minutes=2))
    problem(post(alice, zone), field="value", says="exists")
    assert keys(installation) == []
    alice.delete(record_url(first.get_json()))
    again = post(alice, zone)
    assert (again.status_code, "Idempotency-Replayed" in again.headers) == (201, False)
    assert again.get_json()["uuid"] != first.get_json()["uuid"]


def test_keys_of_others_are_cleared_away(installation: "Installation", alice: FlaskClient, bob: FlaskClient) -> None:
    """Any write with a key clears all that are over a day old: the table does not grow for ever."""
    for number in range(3):
        headers = {"Idempotency-Key": f"k{number}"}
        assert bob.post(ZONES, json={"domain": f"z{number}.example.org"}, headers=headers).status_code == 201
    age(installation, timedelta(hours=25))
    alice.post(ZONES, json={"domain": "example.net"}, headers=KEY)
    assert keys(installation) == [(KEY["Idempotency-Key"], True)]


@pytest.fixture
def claimed(installation: "Installation", alice: FlaskClient, zone: Json) -> Callable[[timedelta], None]:
    """Leave a claim so old whose writer has not answered: it is at work, or dead."""
    assert post(alice, zone).status_code == 201
    alice.delete(record_url(records_of(alice, zone)[0]))

    def leave(old: timedelta) -> None:
        with installation.app.app_context(), writing() as session:
            values = {"answered": False, "body": None, "written": None, "created_at": now() - old}
            session.execute(update(IdempotencyKey).values(**values))

    return leave


def test_claim_that_is_worked_on_is_not_taken(
    installation: "Installation", alice: FlaskClient, zone: Json, claimed: Callable[[timedelta], None]
) -> None:
    claimed(timedelta(seconds=50))
    before = everything(installation)
    conflict(post(alice, zone))
    problem(post(alice, zone, BODY | {"ttl": 5}), field="Idempotency-Key")
    assert everything(installation) == before


def test_abandoned_claim_is_free(
    installation: "Installation", alice: FlaskClient, zone: Json, claimed: Callable[[timedelta], None]
) -> None:
    claimed(timedelta(seconds=61))
    first = post(alice, zone)
    assert (first.status_code, "Idempotency-Replayed" in first.headers) == (201, False)
    assert told(post(alice, zone)) == told(first)
    assert keys(installation) == [(KEY["Idempotency-Key"], True)]


def test_late_writer_whose_key_was_taken_over_writes_nothing(
    installation: "Installation", alice: FlaskClient, zone: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It claimed the key, slept longer than a claim lives, and wakes up when another one has written with it."""
    assert post(alice, zone).status_code == 201
    before = everything(installation)
    monkeypatch.setattr("api.changes.idempotency.claim", lambda *_: None)
    late = post(alice, zone, BODY | {"value": "192.0.2.2"})
    conflict(late)
    assert "taken over" in late.text
    assert everything(installation) == before


# ---- at the same time ----


@pytest.mark.parametrize("what", ["record", "zone", "deletion", "batch"])
def test_duplicates_at_once_are_one_write(
    installation: "Installation", alice: FlaskClient, zone: Json, what: str
) -> None:
    kept = len(installation.stored(Change, "uuid"))
    operation = {"action": "create", "zone": zone["uuid"], **BODY}
    url, method, body = {
        "record": (zone_url(zone, "records/"), "POST", BODY),
        "zone": (ZONES, "POST", {"domain": "example.net"}),
        "deletion": (zone_url(zone), "DELETE", None),
        "batch": (BATCHES, "POST", {"operations": [operation]}),
    }[what]
    more = {} if body is None else {"json": body}
    duplicates = [lambda: installation.client().open(url, method=method, headers=KEY, **more)] * 10
    answers = together(duplicates)
    done = [answer for answer in answers if answer.status_code < 300]
    assert len([answer for answer in done if "Idempotency-Replayed" not in answer.headers]) == 1
    assert len({str(told(answer)) for answer in done}) == 1
    for answer in answers:
        if answer not in done:
            conflict(answer)
    assert len(installation.stored(Change, "uuid")) == kept + 1
    assert told(duplicates[0]()) == told(done[0])


@pytest.mark.parametrize("records", [60, pytest.param(1000, marks=(pytest.mark.long, pytest.mark.timeout(900)))])
def test_creations_retried_at_random(
    installation: "Installation", alice: FlaskClient, zone: Json, records: int
) -> None:
    """Each is sent one to four times, by whichever client, again or at the same time: one record each."""
    chance = random.Random(records)
    sent = [number for number in range(records) for _ in range(chance.randint(1, 4))]
    chance.shuffle(sent)
    answers: dict[int, set[bytes]] = {number: set() for number in range(records)}

    def create(client: FlaskClient, number: int) -> None:
        body = {"record_type": "A", "name": f"h{number}", "value": "192.0.2.1"}
        answer = client.post(zone_url(zone, "records/"), json=body, headers={"Idempotency-Key": f"k{number}"})
        while answer.status_code == 409:
            conflict(answer)
            answer = client.post(zone_url(zone, "records/"), json=body, headers={"Idempotency-Key": f"k{number}"})
        assert answer.status_code == 201, answer.text
        answers[number].add(answer.data)

    def work(share: list[int]) -> None:
        client = installation.client()
        for number in share:
            create(client, number)

    together([partial(work, sent[start::16]) for start in range(16)], seconds=600)
    assert {len(told) for told in answers.values()} == {1}
    assert sorted(record["name"] for record in records_of(alice, zone)) == sorted(f"h{n}" for n in range(records))
    assert len(installation.stored(Change, "uuid")) == 1 + records


def test_different_requests_with_one_key_at_once(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    """One is done; the others are refused or told to ask again."""

    def create(number: int) -> TestResponse:
        return post(installation.client(), zone, BODY | {"name": f"h{number}"})

    answers = together([partial(create, number) for number in range(8)])
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses.count(201) == 1
    assert set(statuses) == {201, 400}
    assert len(records_of(alice, zone)) == 1


# ---- with other headers ----


def test_waiting_tells_how_it_stands_now(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    """The write is not done again; its publication is looked at again."""
    installation.contact("ns2", "no route to host")  # nobody waits for it
    first = post(alice, zone, Prefer="wait=30")
    assert first.headers["X-Publication"] == "pending"
    installation.contact("ns2", None)
    installation.in_sync("example.com", serial(first))
    again = post(alice, zone, Prefer="wait=30")
    assert (again.headers["X-Publication"], again.headers["Preference-Applied"]) == ("in_sync", "wait")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.data, serial(again)) == (first.data, serial(first))


def test_deletion_waits_again(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    number = alice.get(zone_url(zone, "status/")).get_json()["serial"]
    installation.in_sync("example.com", number)
    first = alice.delete(zone_url(zone), headers=KEY)
    for name in ("ns1", "ns2"):
        installation.no_longer_answers(name, "example.com", number)
    again = alice.delete(zone_url(zone), headers=KEY | {"Prefer": "wait=30"})
    assert (again.status_code, again.data, again.headers["X-Publication"]) == (204, b"", "in_sync")
    assert "Content-Type" not in again.headers
    assert again.headers["X-Change-Id"] == first.headers["X-Change-Id"]


def test_condition_held_the_first_time(alice: FlaskClient, zone: Json) -> None:
    """The write itself has changed the tag: sent again, it is still answered."""
    record = added(alice, zone, "www A 192.0.2.1")
    tag = alice.get(record_url(record)).headers["ETag"]
    first, again = (
        alice.patch(record_url(record), json={"ttl": 60}, headers=KEY | {"If-Match": tag}) for _ in range(2)
    )
    assert first.status_code == 200
    assert told(first) == told(again)


def test_tried_write_takes_no_key(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    url = f"{zone_url(zone, 'records/')}?dry_run=true"
    assert alice.post(url, json=BODY, headers=KEY).headers["X-Dry-Run"] == "true"
    assert keys(installation) == []
    assert post(alice, zone).status_code == 201
