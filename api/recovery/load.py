"""From a backup into an empty database, and what must be set anew there."""

import base64
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Connection, DateTime, LargeBinary, Table, select, text, update

from api.changes.leases import first_fence
from api.database import now
from api.errors import OperatorError
from api.models import Nameserver, Publication
from api.recovery.dump import BATCH, Progress, tables_of
from api.recovery.files import Kept
from api.recovery.stream import Backup
from api.schema import upgrade_to

_READERS: dict[type, Callable[[str], Any]] = {DateTime: datetime.fromisoformat, LargeBinary: base64.b64decode}


def load(connection: Connection, backup: Backup, data: Path, paused: bool, progress: Progress) -> list[Kept]:
    """Fill an empty database in the connection's transaction; answers the files of the backup.

    Raises OperatorError when the backup is damaged or of a newer version.
    """
    upgrade_to(connection, backup.header.revision)
    tables = {table.name: table for table in tables_of(connection)}
    if unknown := backup.header.tables.keys() - tables.keys():
        raise OperatorError(f"The backup has a table this version does not know: {', '.join(sorted(unknown))}.")
    kept: list[Kept] = []
    for table, rows in _batches(backup, tables, kept):
        connection.execute(table.insert(), rows)
        progress(len(rows), backup.header.rows)
    if connection.dialect.name == "postgresql":
        _continue_numbers(connection, list(tables.values()))
    upgrade_to(connection, "head")
    _settle(connection, backup.header.data, str(data.absolute()), paused)
    return kept


def _batches(
    backup: Backup, tables: dict[str, Table], kept: list[Kept]
) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    """Rows as dictionaries, some thousand at a time; files go to `kept`."""
    table: Table | None = None
    columns: list[str] = []
    rows: list[dict[str, Any]] = []
    readers: dict[str, Callable[[str], Any]] = {}
    for value in backup.lines():
        if isinstance(value, list):
            row = dict(zip(columns, value, strict=True))
            for name, reader in readers.items():
                if row[name] is not None:
                    row[name] = reader(row[name])
            rows.append(row)
            if len(rows) < BATCH:
                continue
        if rows and table is not None:
            yield table, rows
            rows = []
        if isinstance(value, dict) and "file" in value:
            kept.append(Kept.from_json(value))
        elif isinstance(value, dict):
            table, columns = tables[value["table"]], value["columns"]
            readers = _readers(table)
    if rows and table is not None:
        yield table, rows


def _readers(table: Table) -> dict[str, Callable[[str], Any]]:
    """What JSON has no form for is read by the column's type."""
    for column in table.columns:
        if isinstance(column.type, JSON):
            column.type.none_as_null = True  # a NULL comes back as one, not as JSON's null
    kinds = {column.name: next((kind for kind in _READERS if isinstance(column.type, kind)), None) for column in
             table.columns}  # fmt: skip
    return {name: _READERS[kind] for name, kind in kinds.items() if kind}


def _continue_numbers(connection: Connection, tables: list[Table]) -> None:
    """PostgreSQL's sequences know nothing of rows that came with their numbers."""
    for table in tables:
        if "id" in table.columns:
            name = {"table": table.name}
            sequence = connection.scalar(text("SELECT pg_get_serial_sequence(:table, 'id')"), name)
            last = connection.scalar(select(table.c.id).order_by(table.c.id.desc()).limit(1))
            if sequence and last:
                connection.execute(text("SELECT setval(:sequence, :last)"), {"sequence": sequence, "last": last})


def _settle(connection: Connection, before: str, after: str, paused: bool) -> None:
    """What was observed is not known any more: every zone is asked again, and published where it differs.

    The fence goes above what the agents have seen since the backup, or they would take us for a control plane
    that slept.
    """
    observed = {"state": "pending", "served": None, "digest": None, "error": None, "checked_at": None}
    connection.execute(update(Publication).values(**observed, due_at=now(), attempts=0, staged=False))
    for row in connection.execute(select(Nameserver.id, Nameserver.target, Nameserver.fence, Nameserver.paused)):
        # The way to the nameserver names the files of the control plane's key and the pinned host keys.
        agent = [part.replace(f"{before}/ssh/", f"{after}/ssh/") for part in row.target["agent"]]
        values: dict[str, Any] = {"target": {**row.target, "agent": agent}, "paused": paused or row.paused}
        values |= {"lease_owner": None, "lease_expires": 0.0, "fence": max(row.fence + 1, first_fence())}
        match = Nameserver.id == row.id
        connection.execute(update(Nameserver).where(match).values(**values, error=None, strays=[]))
