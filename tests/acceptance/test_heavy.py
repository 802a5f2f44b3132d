"""A zone of 100,000 records on its way keeps nobody waiting."""

import sqlite3
import uuid
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import pytest

from tests.acceptance.answers import serials
from tests.checksums import seal
from tests.stack import Stack, eventually

RECORDS = 99_999  # the one that is added makes it 100,000
SMALL = 5


def fill(stack: Stack, zone: Mapping[str, Any]) -> None:
    """Give the zone its records without a request for each."""
    with closing(sqlite3.connect(stack.data / "zonewright.db", timeout=30)) as database, database:
        [(zone_id, created)] = database.execute("SELECT id, created_at FROM zones WHERE uuid = ?", [zone["uuid"]])
        database.executemany(
            "INSERT INTO records (uuid, zone_id, name, type, ttl, value, digest, created_at)"
            " VALUES (?, ?, ?, 'A', 300, '192.0.2.1', ?, ?)",
            ((str(uuid.uuid4()), zone_id, f"h{each}", f"{each:064}", created) for each in range(RECORDS)),
        )
        seal(database, zone["uuid"])


@pytest.mark.timeout(300)
def test_small_changes_are_answered_before_a_heavy_zone_is(stack: Stack) -> None:
    small = [stack.zone(f"small{number}.example.org") for number in range(SMALL)]
    heavy = stack.zone("heavy.example.org", wait=20)
    before = serials(stack, heavy["domain"])
    fill(stack, heavy)
    stack.record(heavy, "last", "192.0.2.2")
    for zone in small:
        stack.record(zone, "www", "192.0.2.3", wait=20)
    assert serials(stack, heavy["domain"]) == before
    eventually(lambda: stack.status(heavy)["state"] == "in_sync", 120)
    assert serials(stack, heavy["domain"]) == [stack.status(heavy)["serial"]] * 2
