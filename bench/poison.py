"""A zone that cannot be published, put into the database past every rule: the others must not notice."""

import sqlite3
from contextlib import closing
from typing import Any

from bench.measure import Client
from bench.places import Place
from tests.checksums import seal


class Poisoned:
    """The zone; `bother` makes it due again, as somebody does who keeps writing to it."""

    def __init__(self, place: Place, zone: dict[str, Any]) -> None:
        self._place, self._zone, self._number = place, zone, 0
        record = self._write("poison")
        assert place.database is not None
        with closing(sqlite3.connect(place.database, timeout=20)) as database, database:
            database.execute("UPDATE records SET value = 'no address' WHERE uuid = ?", [record["uuid"]])
            seal(database, zone["uuid"])
        self.bother()

    def bother(self) -> None:
        """One more write to it, which is accepted and held."""
        self._number += 1
        self._write(f"more{self._number}")

    def state(self) -> str:
        """Its state as the API tells it."""
        with Client(self._place) as client:
            return str(client.read(f"dns-zones/{self._zone['uuid']}/status/")["state"])

    def _write(self, name: str) -> dict[str, Any]:
        body = {"record_type": "A", "name": name, "value": "192.0.2.1"}
        with Client(self._place) as client:
            written: dict[str, Any] = client.write("POST", f"dns-zones/{self._zone['uuid']}/records/", body)[0]
            return written
