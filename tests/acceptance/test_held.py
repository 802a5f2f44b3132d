"""A zone that cannot be published as it stands in the database is held alone, and its last good data stays served."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.acceptance.answers import Answer, ask_all, assert_becomes_served, assert_served, serials
from tests.checksums import seal
from tests.stack import Stack, eventually, running

# What a slip of the hand, or a bug, could leave in a row. The rules of the API refuse each of them.
POISONS = {
    "value": "UPDATE records SET value = 'not an address' WHERE id = :record",
    "label": "UPDATE records SET name = '{}' WHERE id = :record".format("x" * 64),
    "empty-label": "UPDATE records SET name = 'a..b' WHERE id = :record",
    "type": "UPDATE records SET type = 'NONSENSE' WHERE id = :record",
    "priority": "UPDATE records SET type = 'MX', value = 'mail.example.com' WHERE id = :record",
    "ttl": "UPDATE records SET ttl = 4294967295 WHERE id = :record",
    "cname": "UPDATE records SET type = 'CNAME', value = 'example.com', name = '@' WHERE id = :record",
}

# These make no sense either, but what is rendered of them is one record and no other.
ODDITIES = {
    "value": "UPDATE records SET value = '192.0.2.1' || char(10) || 'evil A 192.0.2.66' WHERE id = :record",
    "owner": "UPDATE records SET name = 'www' || char(10) || 'evil A 192.0.2.66' WHERE id = :record",
    "dollar": "UPDATE records SET name = '$INCLUDE /etc/passwd' WHERE id = :record",
    "brackets": "UPDATE records SET name = 'a(b;c' WHERE id = :record",
    "text": "UPDATE records SET type = 'TXT', value = 'x\" ' || char(10) || 'evil A 192.0.2.66' WHERE id = :record",
}


def poison(stack: Stack, zone: dict[str, Any], record: dict[str, Any], statement: str) -> None:
    """Do it as a fault of ours would: past the rules, with the zone's checksum right, and the zone due."""
    with closing(sqlite3.connect(stack.data / "zonewright.db", timeout=20)) as database, database:
        [number] = database.execute("SELECT id FROM records WHERE uuid = ?", [record["uuid"]]).fetchone()
        database.execute(statement, {"record": number})
        seal(database, zone["uuid"])
        database.execute("UPDATE zones SET serial = serial + 1 WHERE uuid = ?", [zone["uuid"]])
        database.execute(
            "UPDATE publications SET state = 'pending', error = NULL, attempts = 0,"
            " due_at = '2020-01-01 00:00:00.000000',"
            " wanted = (SELECT serial FROM zones WHERE domain = publications.domain) WHERE domain = ?",
            [zone["domain"]],
        )


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for this module: the zones of one test must not be in the way of the next."""
    with running(tmp_path_factory.mktemp("held") / "data") as stack:
        yield stack


@pytest.fixture(autouse=True)
def _cured(stack: Stack) -> Iterator[None]:
    """Whatever a failing test leaves poisoned is taken out of the way."""
    yield
    with closing(sqlite3.connect(stack.data / "zonewright.db", timeout=20)) as database, database:
        database.execute("UPDATE publications SET state = 'in_sync', served = wanted")


@pytest.mark.parametrize("kind", POISONS)
def test_a_poisoned_zone_is_held_alone(stack: Stack, kind: str) -> None:
    zone, other = stack.zone(f"{kind}.poison.example"), stack.zone(f"{kind}.healthy.example")
    record = stack.record(zone, "www", "192.0.2.1", wait=10)
    before = serials(stack, zone["domain"])
    poison(stack, zone, record, POISONS[kind])
    stack.record(other, "www", "192.0.2.2", wait=10)  # in the same pass or later, it must go out
    assert_served(stack, other)

    status = eventually(lambda: held(stack, zone))
    assert all(each["error"] and "Traceback" not in each["error"] for each in status["nameservers"])
    assert {each["serial"] for each in status["nameservers"]} == set(before)
    assert serials(stack, zone["domain"]) == before
    assert ask_all(stack, f"www.{zone['domain']}", "A") == [Answer("NOERROR", 3600, frozenset({"c0000201"}))] * 4
    assert ask_all(stack, f"evil.{zone['domain']}", "A") == [Answer("NXDOMAIN")] * 4
    stack.record(other, "again", "192.0.2.3", wait=10)
    listed = stack.cli("zone", "list").stdout
    [line] = [line for line in listed.splitlines() if line.startswith(f"{zone['domain']} ")]
    assert " held " in line

    # One more write to the sick zone does not help it, nor harm others; the one that mends the record does.
    waited = stack.call("POST", f"dns-zones/{zone['uuid']}/records/", RECORD, wait=10)
    assert waited.status_code == 201, waited.text
    assert waited.headers["X-Publication"] == "held"
    whole = {"record_type": "A", "name": "www", "value": "192.0.2.5", "ttl": 600}
    mended = stack.call("PUT", f"dns-records/{record['uuid']}/", whole, wait=10)
    assert mended.status_code == 200, mended.text
    assert mended.headers["X-Publication"] == "in_sync"
    assert_becomes_served(stack, zone)
    assert stack.status(zone)["state"] == "in_sync"


RECORD = {"record_type": "A", "name": "more", "value": "192.0.2.77"}


def held(stack: Stack, zone: dict[str, Any]) -> dict[str, Any] | None:
    """The zone's status, once it is held."""
    status = stack.status(zone)
    return status if {status["state"], *(each["state"] for each in status["nameservers"])} == {"held"} else None


@pytest.mark.parametrize("kind", ODDITIES)
def test_nothing_is_injected(stack: Stack, kind: str) -> None:
    """Held, or published as one record with an odd owner or value; never two, and nobody else notices."""
    zone, other = stack.zone(f"{kind}.odd.example"), stack.zone(f"{kind}.sound.example")
    record = stack.record(zone, "www", "192.0.2.1", wait=10)
    poison(stack, zone, record, ODDITIES[kind])
    stack.record(other, "www", "192.0.2.2", wait=10)
    status = eventually(lambda: settled(stack, zone))
    assert status["state"] in ("held", "in_sync")
    assert ask_all(stack, f"evil.{zone['domain']}", "A") == [Answer("NXDOMAIN")] * 4
    assert b"root:" not in b"".join(path.read_bytes() for path in stack.data.glob("ns?/zones/*"))
    assert "root:" not in stack.log("control") + str(status)


def settled(stack: Stack, zone: dict[str, Any]) -> dict[str, Any] | None:
    """The zone's status, once it is no longer pending."""
    status = stack.status(zone)
    return None if status["state"] == "pending" else status


def test_many_poisoned_at_once(stack: Stack) -> None:
    """In one batch of the checker, where one process looks at all of them."""
    zones = [stack.zone(f"batch{number}.poison.example") for number in range(8)]
    records = [stack.record(zone, "www", "192.0.2.1", wait=10) for zone in zones]
    for zone, record in list(zip(zones, records, strict=True))[::2]:
        poison(stack, zone, record, POISONS["cname"])
    for zone in zones[1::2]:
        stack.record(zone, "new", "192.0.2.9")
    assert_becomes_served(stack, *zones[1::2])
    for zone in zones[::2]:
        eventually(lambda zone=zone: held(stack, zone))  # type: ignore[misc]
        assert ask_all(stack, f"www.{zone['domain']}", "A") == [Answer("NOERROR", 3600, frozenset({"c0000201"}))] * 4
    assert stack.cli("publish", "batch1.poison.example").returncode == 0
    published = stack.cli("publish", "batch0.poison.example")
    assert published.returncode == 1
    assert "batch0.poison.example on ns1: held: " in published.stdout
