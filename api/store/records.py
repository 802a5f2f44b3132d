"""Reading records."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, func, select

from api.database import db
from api.errors import NotFound
from api.models import Record, Zone
from api.store.pages import Page
from nameserver import records


def record_of(account_id: int, uuid: str) -> tuple[Record, Zone]:
    """The account's record with its zone. Raises NotFound, the same for an unknown and a foreign one."""
    row = db.session.execute(_rows(account_id).where(Record.uuid == uuid)).first()
    if row is None:
        raise NotFound("Record not found.")
    return row[0], row[1]


def records_of(zone: Zone, page: Page) -> list[Record]:
    """The zone's records in creation order."""
    return list(db.session.scalars(page.cut(select(Record).where(Record.zone_id == zone.id), Record.id)))


def list_records(account_id: int, zone: str | None, record_type: str | None, page: Page) -> list[tuple[Record, Zone]]:
    """The account's records with their zones, in creation order, narrowed to one zone (uuid) and type."""
    query = page.cut(_narrowed(_rows(account_id), zone, record_type), Record.id)
    return [(record, of) for record, of in db.session.execute(query)]


def count_records(account_id: int, zone: str | None, record_type: str | None) -> int:
    """How many records `list_records` has on all its pages."""
    query = _narrowed(_rows(account_id), zone, record_type).with_only_columns(func.count(Record.id))
    return db.session.scalar(query) or 0


def count_in(zone: Zone) -> int:
    """How many records the zone has."""
    return db.session.scalar(select(func.count()).where(Record.zone_id == zone.id)) or 0


def below(zone: Zone, name: str) -> list[Record]:
    """The records at names below this one."""
    query = select(Record).where(Record.zone_id == zone.id)
    if name == "@":
        return list(db.session.scalars(query.where(Record.name != "@")))
    return list(db.session.scalars(query.where(Record.name.endswith(f".{name}", autoescape=True))))


def at_or_below(zone: Zone, name: str) -> list[Record]:
    """The records at this name and at names below it."""
    return [*at(zone, name), *below(zone, name)]


def at(zone: Zone, name: str) -> list[Record]:
    """The records at this name."""
    return list(db.session.scalars(select(Record).where(Record.zone_id == zone.id, Record.name == name)))


def as_values(rows: Iterable[Record]) -> list[records.Record]:
    """Rows as the control plane's records."""
    return [records.Record(row.uuid, row.name, row.type, row.ttl, row.value, row.priority) for row in rows]


def _rows(account_id: int) -> Select[Record, Zone]:
    return select(Record, Zone).join(Zone, Zone.id == Record.zone_id).where(Zone.account_id == account_id)


def _narrowed(query: Any, zone: str | None, record_type: str | None) -> Any:
    if zone is not None:
        query = query.where(Zone.uuid == zone)
    return query if record_type is None else query.where(Record.type == record_type)
