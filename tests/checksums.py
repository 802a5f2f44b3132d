"""Records put into the database past the API, with the zone's checksum right: as a fault of ours would leave them."""

import sqlite3

from api.models import checksums
from nameserver.records import Record


def seal(database: sqlite3.Connection, zone_uuid: str) -> None:
    """Give the zone the checksum of the records it has now, so that they are not taken for an edit by hand."""
    [(zone,)] = database.execute("SELECT id FROM zones WHERE uuid = ?", [zone_uuid])
    rows = database.execute("SELECT uuid, name, type, ttl, value, priority FROM records WHERE zone_id = ?", [zone])
    checksum = checksums.of(Record(*row) for row in rows)
    database.execute("UPDATE zones SET checksum = ? WHERE id = ?", [checksum, zone])
