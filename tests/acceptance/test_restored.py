"""An older copy of the database, and a table emptied by hand: nothing goes back, nothing is unpublished."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from nameserver.serial import newer
from tests.acceptance.answers import Answer, ask_all, assert_becomes_served, assert_served, serials
from tests.stack import Stack, eventually

FILES = ("zonewright.db", "zonewright.db-wal", "zonewright.db-shm")


def copy_files(source: Path, target: Path) -> None:
    """The database with what belongs to it; what the source lacks is removed from the target."""
    target.mkdir(exist_ok=True)
    for name in FILES:
        (target / name).unlink(missing_ok=True)
        if (source / name).exists():
            shutil.copy2(source / name, target / name)


def test_an_older_copy_of_the_database(stack: Stack, tmp_path: Path) -> None:
    """Written to since, left alone since, deleted since and created since: each goes on above what was served."""
    written, left, deleted = (stack.zone(f"{name}.example.org") for name in ("written", "left", "deleted"))
    kept = stack.record(written, "kept", "192.0.2.1")
    for zone in (left, deleted):
        stack.record(zone, "www", "192.0.2.2", wait=10)
    stack.stop()
    copy_files(stack.data, tmp_path / "copy")

    stack.start()
    for number in range(7):
        stack.record(written, f"lost{number}", "192.0.2.3")
    for number in range(5):
        stack.record(deleted, f"lost{number}", "192.0.2.3")
    last = int(stack.done("DELETE", f"dns-zones/{deleted['uuid']}/").headers["X-Zone-Serial"])
    stray, again = stack.zone("stray.example.org"), stack.zone("again.example.org")
    for number in range(5):
        stack.record(again, f"lost{number}", "192.0.2.4")
    for zone in (left, stray):
        stack.record(zone, "late", "192.0.2.5")
    assert_becomes_served(stack, written, left, stray, again)
    eventually(lambda: serials(stack, deleted["domain"]) == [None, None])
    before = {zone["domain"]: serials(stack, zone["domain"])[0] for zone in (written, left, again)}
    before[deleted["domain"]] = last  # the copy knows nothing of it, and nobody serves it
    stack.stop()

    copy_files(tmp_path / "copy", stack.data)
    stack.start()
    stack.done("PATCH", f"dns-records/{kept['uuid']}/", {"value": "192.0.2.6"}, wait=20)
    # What the nameservers serve and the copy does not know is not emptied by whoever creates a zone of its name.
    refused = eventually(lambda: _refused(stack, "again.example.org"))
    assert "zonewright rebuild" in refused
    made = stack.cli("zone", "create", "again.example.org", "--account", "operator@zonewright.test", "--wait", "20")
    assert made.returncode == 0, made.stderr
    [again] = stack.done("GET", "dns-zones/?domain=again.example.org").json()
    assert_becomes_served(stack, written, left, deleted, again)
    for domain, serial in before.items():
        assert serial is not None
        for now in serials(stack, domain):
            assert now is not None
            assert newer(now, serial)
    for domain in (written["domain"], again["domain"]):
        assert ask_all(stack, f"lost0.{domain}", "A") == [Answer("NXDOMAIN")] * 4
    # The zone that the copy does not know was never deleted: it is kept, and reported.
    assert None not in serials(stack, stray["domain"])
    eventually(lambda: stack.cli("nameserver", "list").stdout.count(" zones we do not know") == 2)


def _refused(stack: Stack, domain: str) -> str:
    """Why the API does not create the zone, tried without storing it; empty when it would."""
    answer = stack.call("POST", "dns-zones/?dry_run=true", {"domain": domain})
    return "" if answer.ok else str(answer.json()["detail"])


def test_a_wal_that_is_left_behind_is_part_of_the_database(stack: Stack, tmp_path: Path) -> None:
    """Everything is killed at once, so the last writes are in the -wal file only; copied elsewhere, they are there."""
    zone = stack.zone("wal.example.org")
    stack.record(zone, "www", "192.0.2.1", wait=10)
    stack.crash()
    copy_files(stack.data, tmp_path / "copy")
    copy_files(tmp_path / "copy", stack.data)
    stack.start()
    assert_becomes_served(stack, zone)


def test_zones_deleted_by_hand_stay_served(stack: Stack) -> None:
    zones = [stack.zone(f"truncated{number}.example.org") for number in range(5)]
    for zone in zones:
        stack.record(zone, "www", "192.0.2.1", wait=10)
    with closing(sqlite3.connect(stack.data / "zonewright.db", timeout=20)) as database:
        database.executescript("DELETE FROM zones; DELETE FROM records")
    before = [serials(stack, zone["domain"]) for zone in zones]

    again = stack.zone("after.example.org", wait=10)
    stack.record(again, "www", "192.0.2.2", wait=10)
    assert_served(stack, again)
    stack.cli("publish")
    stack.stop()
    stack.start()
    with closing(sqlite3.connect(stack.data / "zonewright.db", timeout=20)) as database, database:
        database.execute("UPDATE publications SET state = 'pending', due_at = '2020-01-01 00:00:00.000000'")
    stack.record(again, "more", "192.0.2.3", wait=10)
    published = stack.cli("publish")
    assert published.returncode == 1
    assert "truncated0.example.org on ns1: held: " in published.stdout
    assert [serials(stack, zone["domain"]) for zone in zones] == before
    answer = Answer("NOERROR", 3600, frozenset({"c0000201"}))
    assert [ask_all(stack, f"www.{zone['domain']}", "A") for zone in zones] == [[answer] * 4] * 5


def test_records_deleted_by_hand_stay_served_until_released(stack: Stack) -> None:
    """Not even the next write takes them away; a person does, or puts them back."""
    zone, other = stack.zone("emptied.example.org"), stack.zone("beside.example.org")
    for number in range(3):
        stack.record(zone, f"h{number}", "192.0.2.1", wait=10)
    with closing(sqlite3.connect(stack.data / "zonewright.db", timeout=20)) as database, database:
        database.execute("DELETE FROM records WHERE name IN ('h0', 'h1')")
    answer = stack.call("POST", f"dns-zones/{zone['uuid']}/records/", RECORD, wait=10)
    assert answer.headers["X-Publication"] == "held"
    stack.record(other, "www", "192.0.2.2", wait=10)
    served = Answer("NOERROR", 3600, frozenset({"c0000201"}))
    assert [ask_all(stack, f"h{number}.{zone['domain']}", "A") for number in range(3)] == [[served] * 4] * 3
    [line] = [line for line in stack.cli("zone", "list").stdout.splitlines() if line.startswith(zone["domain"])]
    assert "2 records are gone from the database without a change that removed them: h0 A, h1 A." in line

    released = stack.cli("zone", "release", zone["domain"], "--put-back", "--yes")
    assert released.returncode == 0, released.stdout + released.stderr
    assert_becomes_served(stack, zone)
    for name in ("h0", "h1", "h2", "new"):
        assert ask_all(stack, f"{name}.{zone['domain']}", "A") == [served] * 4
    assert stack.cli("zone", "release", zone["domain"], "--yes").stdout == f"{zone['domain']} is not held.\n"


RECORD = {"record_type": "A", "name": "new", "value": "192.0.2.1"}
