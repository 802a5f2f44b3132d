"""From one moment of a database into a backup, while others go on writing."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from typing import Any, BinaryIO

from sqlalchemy import Connection, Engine, MetaData, Table, func, select, text

from api.database import now
from api.errors import OperatorError
from api.recovery import files
from api.recovery.stream import Header, Writer
from api.schema import revision_of
from api.settings import Settings

BATCH = 2000
_MACHINE = {"data", "database_url"}  # belong to the machine, not to what it does

Progress = Callable[[int, int], None]  # rows done now, rows in all


def dump(
    engine: Engine, settings: Settings, kept: Sequence[files.Kept], stream: BinaryIO, progress: Progress
) -> Header:
    """Write a backup of what the database holds at this moment, and of these files.

    Raises OperatorError when the database has no schema of ours, or is damaged.
    """
    with engine.connect() as plain:
        level = {} if settings.sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        connection = plain.execution_options(**level)
        if settings.sqlite and (found := connection.scalar(text("PRAGMA quick_check(1)"))) != "ok":
            raise OperatorError(f"The database is damaged, so this would be no backup: {found}")
        tables = tables_of(connection)
        header = _header(connection, settings, tables)
        writer = Writer(stream, header)
        writer.lines(each.to_json() for each in kept)
        for table in tables:
            for rows in _dump_table(connection, table, writer):
                progress(rows, header.rows)
        writer.end()
        return header


def tables_of(connection: Connection) -> list[Table]:
    """The tables as they are in the database, referred-to ones first; Alembic's own is left out."""
    metadata = MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != "alembic_version"]


def differing(settings: Settings) -> dict[str, Any]:
    """The settings that are not the default, those of the machine left out; as they stand in settings.toml."""
    values = {item.name: (getattr(settings, item.name), item.default) for item in dataclasses.fields(settings)}
    return {
        name: list(value) if isinstance(value, tuple) else value if isinstance(value, int) else str(value)
        for name, (value, default) in values.items()
        if value != default and name not in _MACHINE
    }


def _header(connection: Connection, settings: Settings, tables: Sequence[Table]) -> Header:
    revision = revision_of(connection)
    if revision is None:
        raise OperatorError("The database has no tables of zonewright: `zonewright migrate` makes them.")
    return Header(
        version=version("zonewright"),
        revision=revision,
        taken_at=now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        database="SQLite" if settings.sqlite else "PostgreSQL",
        data=str(settings.data.absolute()),
        settings=differing(settings),
        tables={str(table.name): connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables},
    )


def _dump_table(connection: Connection, table: Table, writer: Writer) -> Iterator[int]:
    writer.lines([{"table": str(table.name), "columns": [str(column.name) for column in table.columns]}])
    query = select(table).order_by(*table.primary_key)
    rows = connection.execution_options(yield_per=BATCH).execute(query)
    for batch in rows.partitions():
        writer.lines(tuple(row) for row in batch)
        yield len(batch)
