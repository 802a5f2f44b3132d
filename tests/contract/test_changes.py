"""Changes and status/: every write is kept, and counts as live only when the nameservers answered it."""

import itertools
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api import waiting
from api.models import Change
from nameserver.serial import newer
from tests.contract.forms import (
    CHANGES,
    UNKNOWN,
    ZONES,
    add,
    added,
    created,
    is_moment,
    is_uuid,
    problem,
    record_url,
    serial,
    zone_url,
)
from tests.installation import ALICE, NAMESERVERS, Background, Installation

Json = dict[str, Any]
STANDING = ["name", "state", "serial", "checked_at", "error"]
STATUS = ["state", "serial", "nameservers"]
CHANGE = ["id", "number", "zone", "domain", "action", "serial", "created_at", "actor", "reason", "undoes"]
CHANGE += ["removed", "added", "state", "nameservers", "confirmation"]
KEPT_RECORD = ["uuid", "record_type", "name", "value", "ttl", "priority"]


def status_of(client: FlaskClient, zone: Json) -> Json:
    answer = client.get(zone_url(zone, "status/"))
    assert answer.status_code == 200
    return dict(answer.get_json())


def change_of(client: FlaskClient, write: TestResponse | str) -> Json:
    """The change that a write told of."""
    name = write if isinstance(write, str) else write.headers["X-Change-Id"]
    answer = client.get(f"{CHANGES}{name}/")
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def states(standings: Json) -> tuple[str, ...]:
    """The whole state, then each nameserver's."""
    return (standings["state"], *(each["state"] for each in standings["nameservers"]))


def kept(record: Json) -> Json:
    """The record as a change keeps it."""
    return {key: record[key] for key in KEPT_RECORD}


# ---- the headers of a write ----


def test_every_write_tells_of_its_change(alice: FlaskClient) -> None:
    create = alice.post(ZONES, json={"domain": "example.com"})
    zone = create.get_json()
    post = add(alice, zone, "@ A 192.0.2.1")
    url = record_url(post.get_json())
    body = {"record_type": "A", "name": "@", "value": "192.0.2.3"}
    writes = [create, post, alice.patch(url, json={"value": "192.0.2.2"}), alice.put(url, json=body), alice.delete(url)]
    assert [write.status_code for write in writes] == [201, 201, 200, 200, 204]
    for write in writes:
        assert write.headers.getlist("Link") == [f'<{zone_url(zone, "status/")}>; rel="status"']
    gone = alice.delete(zone_url(zone))
    assert gone.headers.getlist("Link") == [f'<{CHANGES}{gone.headers["X-Change-Id"]}/>; rel="status"']
    names = [write.headers["X-Change-Id"] for write in (*writes, gone)]
    assert all(map(is_uuid, names))
    assert len(set(names)) == len(names)
    serials = [serial(write) for write in writes]
    assert all(newer(right, left) for left, right in itertools.pairwise(serials))
    assert serial(gone) == serials[-1]


def test_links_are_relative(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    """The header Host is the caller's word: no link is made of it."""
    answer = alice.patch(
        record_url(added(alice, zone, "@ A 192.0.2.1")), json={"ttl": 5}, headers={"Host": "evil.example"}
    )
    paged = alice.get(f"{zone_url(zone, 'records/')}?limit=1", headers={"Host": "evil.example"})
    assert "evil" not in str(answer.headers) + str(paged.headers)


def test_reads_tell_of_no_change(alice: FlaskClient, zone: Json) -> None:
    for url in (ZONES, zone_url(zone), zone_url(zone, "records/"), zone_url(zone, "status/")):
        answer = alice.get(url, headers={"Prefer": "wait=5"})
        assert not {"X-Change-Id", "X-Zone-Serial", "X-Publication", "Preference-Applied"} & set(answer.headers.keys())


# ---- dns-changes/{id}/ ----


def test_change_of_a_zones_creation(alice: FlaskClient) -> None:
    write = alice.post(ZONES, json={"domain": "example.com"})
    change = change_of(alice, write)
    assert list(change) == CHANGE
    assert [change["id"], change["zone"]] == [write.headers["X-Change-Id"], write.get_json()["uuid"]]
    assert [change["domain"], change["action"]] == ["example.com", "zone.create"]
    assert is_moment(change["created_at"])
    assert change["serial"] == serial(write)
    assert change["removed"] == change["added"] == []
    assert [list(each) for each in change["nameservers"]] == [[*STANDING, "answered_at"]] * 2


def test_change_says_who(installation: Installation) -> None:
    _, secret = installation.token(name="a script's")
    client = installation.client(secret=secret)
    write = client.post(ZONES, json={"domain": "example.com"}, environ_overrides={"REMOTE_ADDR": "192.0.2.77"})
    actor = change_of(client, write)["actor"]
    assert actor == {"account": ALICE, "source": "api", "token": "a script's", "address": "192.0.2.77"}
    assert secret not in json.dumps([list(map(str, row)) for row in installation.stored(Change, "actor", "added")])


def test_change_says_what(alice: FlaskClient, zone: Json) -> None:
    write = add(alice, zone, "www A 192.0.2.1")
    record = write.get_json()
    url = record_url(record)
    assert (change_of(alice, write)["removed"], change_of(alice, write)["added"]) == ([], [kept(record)])
    assert [list(each) for each in change_of(alice, write)["added"]] == [KEPT_RECORD]
    patch = alice.patch(url, json={"value": "192.0.2.2"})
    change = change_of(alice, patch)
    assert (change["removed"], change["added"]) == ([kept(record)], [kept(patch.get_json())])
    delete = alice.delete(url)
    change = change_of(alice, delete)
    assert (change["removed"], change["added"]) == ([kept(patch.get_json())], [])
    assert change["action"] == "records"


def test_change_has_the_siblings_that_got_a_new_ttl(alice: FlaskClient, zone: Json) -> None:
    first, even = added(alice, zone, "@ A 192.0.2.1", ttl=60), added(alice, zone, "@ TXT x")
    write = add(alice, zone, "@ A 192.0.2.2", ttl=120)
    change = change_of(alice, write)
    assert change["removed"] == [kept(first)]
    assert change["added"] == [kept(first | {"ttl": 120}), kept(write.get_json())]
    assert even["uuid"] not in json.dumps(change)


def test_change_outlives_its_zone(alice: FlaskClient, zone: Json) -> None:
    write = add(alice, zone, "@ A 192.0.2.1")
    before = change_of(alice, write)
    alice.delete(zone_url(zone))
    after = change_of(alice, write)
    for key in CHANGE[:9]:
        assert after[key] == before[key]


def test_unknown_change(alice: FlaskClient) -> None:
    for name in (UNKNOWN, "x", "-"):
        problem(alice.get(f"{CHANGES}{name}/"), 404)


# ---- status/ ----


def test_status_of_a_new_zone(alice: FlaskClient) -> None:
    write = alice.post(ZONES, json={"domain": "example.com"})
    assert status_of(alice, write.get_json()) == {
        "state": "pending",
        "serial": serial(write),
        "nameservers": [
            {"name": name, "state": "pending", "serial": None, "checked_at": None, "error": None}
            for name in NAMESERVERS
        ],
    }


def test_key_order_of_status(alice: FlaskClient, zone: Json) -> None:
    status = status_of(alice, zone)
    assert list(status) == STATUS
    assert [list(each) for each in status["nameservers"]] == [STANDING, STANDING]


def test_in_sync_when_both_have_answered(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    write = add(alice, zone, "@ A 192.0.2.1")
    installation.answers("ns1", "example.com", serial(write))
    assert states(status_of(alice, zone)) == ("pending", "in_sync", "pending")
    assert states(change_of(alice, write)) == ("pending", "in_sync", "pending")
    installation.answers("ns2", "example.com", serial(write))
    status = status_of(alice, zone)
    assert states(status) == ("in_sync", "in_sync", "in_sync")
    assert states(change_of(alice, write)) == ("in_sync", "in_sync", "in_sync")
    for standing in status["nameservers"]:
        assert standing["serial"] == status["serial"] == serial(write)
        assert is_moment(standing["checked_at"])
        assert standing["error"] is None


def test_answer_for_an_older_wish(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    """It makes the older change in sync, and not the newer one."""
    older, newest = add(alice, zone, "@ A 192.0.2.1"), add(alice, zone, "@ A 192.0.2.2")
    installation.in_sync("example.com", serial(older))
    assert states(status_of(alice, zone)) == ("pending", "pending", "pending")
    assert states(change_of(alice, older)) == ("in_sync", "in_sync", "in_sync")
    assert states(change_of(alice, newest)) == ("pending", "pending", "pending")
    assert [each["serial"] for each in status_of(alice, zone)["nameservers"]] == [serial(older)] * 2
    installation.in_sync("example.com", serial(newest))
    for standings in (status_of(alice, zone), change_of(alice, older), change_of(alice, newest)):
        assert states(standings) == ("in_sync", "in_sync", "in_sync")


def test_write_makes_a_zone_pending_again(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    first = add(alice, zone, "@ A 192.0.2.1")
    installation.in_sync("example.com", serial(first))
    second = add(alice, zone, "@ A 192.0.2.2")
    assert states(status_of(alice, zone)) == ("pending", "pending", "pending")
    assert states(change_of(alice, first)) == ("in_sync", "in_sync", "in_sync")
    assert states(change_of(alice, second)) == ("pending", "pending", "pending")


def test_write_that_changes_nothing_stays_in_sync(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    write = add(alice, zone, "@ A 192.0.2.1")
    installation.in_sync("example.com", serial(write))
    same = alice.put(record_url(write.get_json()), json=write.get_json(), headers={"Prefer": "wait=5"})
    assert (same.status_code, same.headers["X-Publication"]) == (200, "in_sync")
    assert states(status_of(alice, zone)) == ("in_sync", "in_sync", "in_sync")


def test_one_zones_answers_are_not_anothers(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    other = created(alice, "example.net")
    installation.in_sync("example.com", status_of(alice, zone)["serial"])
    assert states(status_of(alice, zone))[0] == "in_sync"
    assert states(status_of(alice, other))[0] == "pending"


def test_failed(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    """With the reason, and over with the next write."""
    write = add(alice, zone, "@ A 192.0.2.1")
    installation.answers("ns1", "example.com", serial(write))
    installation.fails("ns2", "example.com", serial(write), "out of disk")
    for standings in (status_of(alice, zone), change_of(alice, write)):
        assert states(standings) == ("failed", "in_sync", "failed")
        assert standings["nameservers"][1]["error"] == "out of disk"
        assert is_moment(standings["nameservers"][1]["checked_at"])
    add(alice, zone, "@ A 192.0.2.2")
    assert states(status_of(alice, zone)) == ("pending", "pending", "pending")
    assert [each["error"] for each in status_of(alice, zone)["nameservers"]] == [None, None]


def test_failure_of_an_older_wish_counts_no_more(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    older, newest = add(alice, zone, "@ A 192.0.2.1"), add(alice, zone, "@ A 192.0.2.2")
    installation.in_sync("example.com", serial(newest))
    installation.fails("ns1", "example.com", serial(older))
    assert states(status_of(alice, zone)) == ("in_sync", "in_sync", "in_sync")


def test_held(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    write = add(alice, zone, "@ A 192.0.2.1")
    installation.holds("example.com", serial(write), "the checker says no")
    for standings in (status_of(alice, zone), change_of(alice, write)):
        assert states(standings) == ("held", "held", "held")
        assert [each["error"] for each in standings["nameservers"]] == ["the checker says no"] * 2
    newest = add(alice, zone, "@ A 192.0.2.2")
    installation.holds("example.com", serial(write))
    assert states(status_of(alice, zone)) == ("pending", "pending", "pending")
    installation.holds("example.com", serial(newest))
    installation.fails("ns1", "example.com", serial(newest))
    assert states(status_of(alice, zone))[0] == "held"


def test_unreachable(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    """The zone is pending for it, and what was answered before stays answered."""
    write = add(alice, zone, "@ A 192.0.2.1")
    installation.answers("ns1", "example.com", serial(write))
    installation.contact("ns1", "no route to host")
    installation.contact("ns2", "connection refused")
    for standings in (status_of(alice, zone), change_of(alice, write)):
        assert states(standings) == ("pending", "in_sync", "unreachable")
        assert [each["error"] for each in standings["nameservers"]] == [None, "connection refused"]
    installation.contact("ns2", None)
    assert states(status_of(alice, zone)) == ("pending", "in_sync", "pending")


def test_paused_holds_nobody_up(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    write = add(alice, zone, "@ A 192.0.2.1")
    installation.pause("ns2")
    assert states(status_of(alice, zone)) == ("pending", "pending", "paused")
    installation.answers("ns1", "example.com", serial(write))
    assert states(status_of(alice, zone)) == ("in_sync", "in_sync", "paused")
    assert states(change_of(alice, write)) == ("in_sync", "in_sync", "paused")


def test_refusal_as_older_moves_the_serial_above(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    """A nameserver holds a newer serial (the database was restored): the zone goes on above it."""
    held = 4_000_000_000
    write = add(alice, zone, "@ A 192.0.2.1")
    report_older(installation, "ns1", "example.com", serial(write), held)
    after = status_of(alice, zone)
    assert newer(after["serial"], held)
    assert states(after) == ("pending", "pending", "pending")
    report_older(installation, "ns2", "example.com", serial(write), held)
    assert status_of(alice, zone)["serial"] == after["serial"]
    installation.in_sync("example.com", after["serial"])
    assert states(change_of(alice, write)) == ("in_sync", "in_sync", "in_sync")


def report_older(installation: Installation, name: str, domain: str, wanted: int, holds: int) -> None:
    from nameserver.plan import Action, Item, Outcome, State
    from nameserver.publish import Published

    items, outcomes = [Item(domain, Action.PUBLISH, wanted)], [Outcome(domain, State.OLDER, holds)]
    installation.report(Published(name, items, outcomes))


# ---- deletions ----


def test_deletion_is_in_sync_when_all_have_confirmed(
    installation: Installation, alice: FlaskClient, zone: Json
) -> None:
    installation.in_sync("example.com", status_of(alice, zone)["serial"])
    gone = alice.delete(zone_url(zone))
    assert states(change_of(alice, gone)) == ("pending", "pending", "pending")
    installation.no_longer_answers("ns1", "example.com", serial(gone))
    assert states(change_of(alice, gone)) == ("pending", "in_sync", "pending")
    installation.no_longer_answers("ns2", "example.com", serial(gone))
    change = change_of(alice, gone)
    assert states(change) == ("in_sync", "in_sync", "in_sync")
    assert change["action"] == "zone.delete"
    assert [each["serial"] for each in change["nameservers"]] == [None, None]


def test_late_answer_does_not_confirm_a_deletion(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    number = status_of(alice, zone)["serial"]
    gone = alice.delete(zone_url(zone))
    installation.in_sync("example.com", number)
    assert states(change_of(alice, gone)) == ("pending", "pending", "pending")


def test_confirmed_deletion_is_no_answer_for_the_zone_that_came_back(
    installation: Installation, alice: FlaskClient, zone: Json
) -> None:
    gone = alice.delete(zone_url(zone))
    again = alice.post(ZONES, json={"domain": "example.com"})
    for name in NAMESERVERS:
        installation.no_longer_answers(name, "example.com", serial(gone))
    assert states(status_of(alice, again.get_json())) == ("pending", "pending", "pending")
    assert states(change_of(alice, again)) == ("pending", "pending", "pending")
    installation.in_sync("example.com", serial(again))
    assert states(change_of(alice, again)) == ("in_sync", "in_sync", "in_sync")
    assert states(change_of(alice, gone)) == ("in_sync", "in_sync", "in_sync")


def test_change_of_a_deleted_zone_is_not_pending_for_ever(
    installation: Installation, alice: FlaskClient, zone: Json
) -> None:
    """The deletion has overtaken it, and is confirmed."""
    write = add(alice, zone, "@ A 192.0.2.1")
    gone = alice.delete(zone_url(zone))
    for name in NAMESERVERS:
        installation.no_longer_answers(name, "example.com", serial(gone))
    assert states(change_of(alice, write))[0] == "in_sync"


# ---- Prefer: wait ----


def waits(client: FlaskClient, zone: Json, line: str, prefer: str | None) -> TestResponse:
    name, record_type, value = line.split(" ", 2)
    body = {"record_type": record_type, "name": name, "value": value}
    headers = {} if prefer is None else {"Prefer": prefer}
    return client.post(zone_url(zone, "records/"), json=body, headers=headers)


@pytest.mark.parametrize("prefer", ["wait=0", "Wait=0", "wait = 0", 'wait="0"', "respond-async, wait=0", "wait=0; x=1"])
def test_waiting_no_time(alice: FlaskClient, zone: Json, prefer: str) -> None:
    """The name of a preference is any case, and may stand among others (RFC 7240, section 2)."""
    answer = waits(alice, zone, "@ A 192.0.2.1", prefer)
    assert answer.status_code == 201
    assert (answer.headers["Preference-Applied"], answer.headers["X-Publication"]) == ("wait", "pending")


@pytest.mark.parametrize(
    "prefer", [None, "", "wait", "wait=", "wait=-1", "wait=x", "wait=1.5", "awaits=5", "return=minimal"]
)
def test_no_wish_to_wait_and_one_that_is_none(alice: FlaskClient, zone: Json, prefer: str | None) -> None:
    """Answered at once, as if it had not been said."""
    answer = waits(alice, zone, "@ A 192.0.2.1", prefer)
    assert answer.status_code == 201
    assert "Preference-Applied" not in answer.headers
    assert "X-Publication" not in answer.headers


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(waiting, "time", clock)
    return clock


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("wait=1", 1),
        ("wait=30", 30),
        ("wait=31", 30),
        ("wait=3600", 30),
        ("wait=" + "9" * 20, 30),
        ("wait=2, wait=9", 2),
    ],
)
def test_wait_is_at_most_half_a_minute(
    alice: FlaskClient, zone: Json, clock: Clock, prefer: str, seconds: float
) -> None:
    answer = waits(alice, zone, "@ A 192.0.2.1", prefer)
    assert clock.now == pytest.approx(seconds)
    assert (answer.headers["Preference-Applied"], answer.headers["X-Publication"]) == ("wait", "pending")


def test_waiting_asks_the_database_seldom(alice: FlaskClient, zone: Json, clock: Clock) -> None:
    """Short naps at first, longer ones later: some 60 questions in half a minute, not 30,000."""
    naps = []
    original = clock.sleep
    clock.sleep = lambda seconds: (naps.append(seconds), original(seconds))  # type: ignore[assignment,func-returns-value]
    waits(alice, zone, "@ A 192.0.2.1", "wait=30")
    assert naps[0] <= 0.002
    assert len(naps) < 100


def written(client: FlaskClient, zone: Json, after: int) -> int:
    """Wait until a write in the background has moved the zone's serial; the new one."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        found = int(status_of(client, zone)["serial"])
        if found != after:
            return found
        time.sleep(0.002)
    raise TimeoutError


@pytest.mark.parametrize("outcome", ["in_sync", "failed", "held", "unreachable"])
def test_answer_comes_with_the_nameservers(
    installation: Installation, alice: FlaskClient, zone: Json, outcome: str
) -> None:
    """A request that would wait half a minute is answered in the moment of the observation."""
    before = status_of(alice, zone)["serial"]
    held = Background(lambda: waits(installation.client(), zone, "@ A 192.0.2.1", "wait=30"))
    number = written(alice, zone, before)
    installation.answers("ns1", "example.com", number)
    time.sleep(0.05)
    assert held.running
    began = time.monotonic()
    {
        "in_sync": lambda: installation.answers("ns2", "example.com", number),
        "failed": lambda: installation.fails("ns2", "example.com", number),
        "held": lambda: installation.holds("example.com", number),
        "unreachable": lambda: installation.contact("ns2", "no route to host"),
    }[outcome]()
    answer = held.answer()
    assert time.monotonic() - began < 5
    assert answer.status_code == 201
    assert answer.headers["X-Publication"] == {"unreachable": "pending"}.get(outcome, outcome)
    assert answer.headers["Preference-Applied"] == "wait"
    assert list(answer.get_json()) == [*KEPT_RECORD, "created_at"]


def test_deletion_waits_for_both_to_forget(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    number = status_of(alice, zone)["serial"]
    installation.in_sync("example.com", number)
    held = Background(lambda: installation.client().delete(zone_url(zone), headers={"Prefer": "wait=30"}))
    while alice.get(zone_url(zone)).status_code == 200:
        time.sleep(0.002)
    installation.no_longer_answers("ns1", "example.com", number)
    time.sleep(0.05)
    assert held.running
    installation.no_longer_answers("ns2", "example.com", number)
    answer = held.answer()
    assert (answer.status_code, answer.data, answer.headers["X-Publication"]) == (204, b"", "in_sync")


@pytest.mark.parametrize("way", ["zone", "PUT", "PATCH", "DELETE"])
def test_every_write_can_wait(installation: Installation, alice: FlaskClient, zone: Json, way: str) -> None:
    installation.contact("ns1", "away")
    record = added(alice, zone, "@ A 192.0.2.1")
    prefer = {"headers": {"Prefer": "wait=30"}}
    body = {"record_type": "A", "name": "@", "value": "192.0.2.2"}
    if way == "zone":
        answer = alice.post(ZONES, json={"domain": "example.net"}, **prefer)
    else:
        answer = alice.open(record_url(record), method=way, json=body, **prefer)
    assert answer.headers["X-Publication"] == "pending"
    assert answer.headers["Preference-Applied"] == "wait"


def test_refused_write_does_not_wait(alice: FlaskClient, zone: Json, clock: Clock) -> None:
    answer = waits(alice, zone, "@ A nonsense", "wait=30")
    problem(answer, field="value")
    assert clock.now == 0
    assert "Preference-Applied" not in answer.headers


def test_nobody_waits_for_a_nameserver_that_is_away(
    installation: Installation, alice: FlaskClient, zone: Json, clock: Clock
) -> None:
    installation.contact("ns2", "no route to host")
    answer = waits(alice, zone, "@ A 192.0.2.1", "wait=30")
    assert clock.now == 0
    assert answer.headers["X-Publication"] == "pending"


def test_nobody_waits_for_a_paused_nameserver(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    """Nor does one that is paused and away keep the others' answer from counting."""
    installation.pause("ns2")
    installation.contact("ns2", "no route to host")
    before = status_of(alice, zone)["serial"]
    held = Background(lambda: waits(installation.client(), zone, "@ A 192.0.2.1", "wait=30"))
    installation.answers("ns1", "example.com", written(alice, zone, before))
    assert held.answer().headers["X-Publication"] == "in_sync"


def test_only_so_many_wait(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    """Twelve; the thirteenth is answered at once, and the places are free again afterwards."""
    lines = [f"h{number} A 192.0.2.1" for number in range(12)]
    held = [
        Background(lambda line=line: waits(installation.client(), zone, line, "wait=30"))  # type: ignore[misc]
        for line in lines
    ]
    places = installation.app.extensions["zonewright_waiters"].places
    end = time.monotonic() + 10
    while places.acquire(blocking=False):
        places.release()
        assert time.monotonic() < end
        time.sleep(0.002)
    began = time.monotonic()
    answer = waits(alice, zone, "@ A 192.0.2.1", "wait=30")
    assert time.monotonic() - began < 5
    assert (answer.status_code, answer.headers["X-Publication"]) == (201, "pending")
    assert all(each.running for each in held)
    installation.in_sync("example.com", serial(answer))
    assert [each.answer().headers["X-Publication"] for each in held] == ["in_sync"] * 12
    before = status_of(alice, zone)["serial"]
    again = Background(lambda: waits(installation.client(), zone, "@ A 192.0.2.2", "wait=30"))
    installation.in_sync("example.com", written(alice, zone, before))
    assert again.answer().headers["X-Publication"] == "in_sync"


def test_waiting_holds_no_connection(install: Callable[..., Installation], monkeypatch: pytest.MonkeyPatch) -> None:
    """All connections of the pool are free while a request waits."""
    from api.database import db

    installation = install()
    client = installation.client()
    zone = created(client, "example.com")
    seen: list[int] = []

    class Watching(Clock):
        def sleep(self, seconds: float) -> None:
            seen.append(db.engine.pool.checkedout())  # type: ignore[attr-defined]
            super().sleep(seconds)

    monkeypatch.setattr(waiting, "time", Watching())
    installation.close()  # so that the note of the token's use is written
    waits(client, zone, "@ A 192.0.2.1", "wait=1")
    assert seen
    assert set(seen) == {0}
