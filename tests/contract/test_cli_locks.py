"""`zonewright zone lock|unlock|locks`, and what every other command makes of a lock, in one process."""

import json
from typing import Any

from flask.testing import FlaskClient

from tests.contract.forms import added, locked, records_of, zone_url
from tests.contract.test_cli import Run, call, run  # noqa: F401  fixtures
from tests.contract.test_history import changes
from tests.installation import BOB

Json = dict[str, Any]


def test_lock_show_and_unlock(run: Run, alice: FlaskClient, zone: Json) -> None:  # noqa: F811
    record = added(alice, zone, "www A 192.0.2.1")
    assert run("zone", "locks", "example.com").done == "Nothing is locked.\n"
    scopes = [["--name", "WWW", "--type", "a"], ["--record", record["uuid"]], []]
    said = [run("zone", "lock", "example.com", *scope, "--reason", "asked by billing").done for scope in scopes]
    locks = alice.get(zone_url(zone, "locks/")).get_json()
    subjects = ["www A", f"the record {record['uuid']}", "the whole zone"]
    for text, subject, lock in zip(said, subjects, locks, strict=True):
        unlocks = f"`zonewright zone unlock example.com {lock['uuid']}` unlocks."
        assert text == f"example.com: {subject} locked. {unlocks}\n"
    assert json.loads(run("zone", "locks", "example.com", "--json").done) == locks
    lines = run("zone", "locks", "example.com").done.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["LOCKED", *subjects]
    assert "asked by billing" in lines[1]
    assert "alice@example.org, cli" in lines[1]
    assert "  locked: www A: asked by billing\n" in run("zone", "show", "example.com").done
    assert json.loads(run("zone", "show", "example.com", "--json").done)["locks"] == locks
    assert run("zone", "unlock", "example.com", locks[0]["uuid"]).done == "example.com: www A unlocked.\n"
    assert "has no lock" in run("zone", "unlock", "example.com", locks[0]["uuid"]).refused
    assert len(run("zone", "unlock", "example.com", "--all", "--reason", "done").done.splitlines()) == 2
    assert run("zone", "locks", "example.com").done == "Nothing is locked.\n"
    assert [each["reason"] for each in changes(alice, zone)[:2]] == [
        "the whole zone: done",
        f"the record {record['uuid']}: done",
    ]


def test_wrong_usage(run: Run, alice: FlaskClient, zone: Json) -> None:  # noqa: F811
    assert "--reason" in run("zone", "lock", "example.com").usage
    assert "Give the id of a lock, or --all." in run("zone", "unlock", "example.com").usage
    assert "Give the id of a lock, or --all." in run("zone", "unlock", "example.com", "x", "--all").usage
    assert "1 to 500 characters" in run("zone", "lock", "example.com", "--reason", "a\nb").refused
    assert "There is no zone" in run("zone", "lock", "example.net", "--reason", "x").refused
    assert alice.get(zone_url(zone, "locks/")).get_json() == []


def test_commands_honour_it(run: Run, alice: FlaskClient, bob: FlaskClient, zone: Json) -> None:  # noqa: F811
    record = added(alice, zone, "www A 192.0.2.1")
    first = changes(alice, zone)[-1]["serial"]
    lock = locked(alice, zone, "asked by billing")
    change = changes(alice, zone)[1]["id"]
    for command in (
        ("record", "add", "example.com", "new", "A", "192.0.2.1", "--wait", "0"),
        ("record", "set", "example.com", "www", "A", "192.0.2.2", "--wait", "0"),
        ("record", "delete", "example.com", "www", "A", "--wait", "0"),
        ("zone", "delete", "example.com", "--yes", "--wait", "0"),
        ("zone", "move", "example.com", "--account", BOB),
        ("zone", "rollback", "example.com", str(first), "--yes", "--wait", "0"),
        ("change", "revert", change, "--yes", "--wait", "0"),
    ):
        said = run(*command).refused
        assert "“asked by billing”" in said
        assert f"zonewright zone unlock example.com {lock['uuid']}" in said
    assert records_of(alice, zone) == [record]


def test_zone_moves_with_the_locks_of_its_parts(
    run: Run,  # noqa: F811
    alice: FlaskClient,
    bob: FlaskClient,
    zone: Json,
) -> None:
    lock = locked(alice, zone, "billing", name="www")
    run("zone", "move", "example.com", "--account", BOB)
    assert bob.get(zone_url(zone, "locks/")).get_json() == [lock]
    assert bob.get(f"/api/v1/dns-locks/{lock['uuid']}/").status_code == 200
    assert alice.get(f"/api/v1/dns-locks/{lock['uuid']}/").status_code == 404
