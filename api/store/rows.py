"""The records of one zone that a write has to look at: asked for one by one, or held whole for a large batch."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

from sqlalchemy import select

from api.database import db
from api.models import Record, Zone
from api.store import records as store
from api.store import zones as store_zones
from api.store.pages import EVERYTHING


class Rows(Protocol):
    """The zone's present records, the write's own changes included."""

    def at(self, names: Iterable[str]) -> list[Record]:
        """The records at any of these names."""

    def below(self, name: str) -> list[Record]:
        """The records at names below this one."""

    def zones_at(self, names: Iterable[str]) -> list[str]:
        """The domains among these absolute names that are zones of ours, below this one."""

    def forget_zones(self) -> None:
        """The write has created or deleted a zone: which ones there are is asked anew."""

    def count(self) -> int:
        """How many records there are."""

    def put(self, row: Record, name: str | None) -> None:
        """The row is there now; before, it was at `name` (None: nowhere)."""

    def discard(self, row: Record) -> None:
        """The row is gone."""


class AskedRows:
    """Each question goes to the database: right for a few changes, whatever the zone's size."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone

    def at(self, names: Iterable[str]) -> list[Record]:
        """See Rows."""
        return list(db.session.scalars(select(Record).where(Record.zone_id == self._zone.id, Record.name.in_(names))))

    def below(self, name: str) -> list[Record]:
        """See Rows."""
        return store.below(self._zone, name)

    def zones_at(self, names: Iterable[str]) -> list[str]:
        """See Rows."""
        return store_zones.domains_among(names)

    def forget_zones(self) -> None:
        """See Rows."""

    def count(self) -> int:
        """See Rows."""
        return store.count_in(self._zone)

    def put(self, row: Record, name: str | None) -> None:  # noqa: ARG002
        """See Rows."""
        db.session.add(row)

    def discard(self, row: Record) -> None:
        """See Rows."""
        db.session.delete(row)


class HeldRows:
    """Every record is held in memory: right for many changes to one zone."""

    def __init__(self, zone: Zone) -> None:
        self._domain = zone.domain
        self._zones: frozenset[str] | None = None
        self._names: dict[str, dict[str, Record]] = defaultdict(dict)
        for row in store.records_of(zone, EVERYTHING):
            self._names[row.name][row.uuid] = row

    def at(self, names: Iterable[str]) -> list[Record]:
        """See Rows."""
        return [row for name in set(names) if name in self._names for row in self._names[name].values()]

    def below(self, name: str) -> list[Record]:
        """See Rows."""
        return [row for each in self._names if _is_below(each, name) for row in self._names[each].values()]

    def zones_at(self, names: Iterable[str]) -> list[str]:
        """See Rows."""
        if self._zones is None:
            self._zones = frozenset(store_zones.domains_below(self._domain))
        return [name for name in names if name in self._zones]

    def forget_zones(self) -> None:
        """See Rows."""
        self._zones = None

    def count(self) -> int:
        """See Rows."""
        return sum(map(len, self._names.values()))

    def put(self, row: Record, name: str | None) -> None:
        """See Rows."""
        if name is not None:
            self._names[name].pop(row.uuid, None)
        self._names[row.name][row.uuid] = row
        if db.session.deleted:
            db.session.flush()  # inserts go before deletes: the same record, deleted just now, would stand in the way
        db.session.add(row)

    def discard(self, row: Record) -> None:
        """See Rows."""
        self._names[row.name].pop(row.uuid, None)
        db.session.delete(row)


def _is_below(name: str, other: str) -> bool:
    return name != "@" if other == "@" else name.endswith(f".{other}")
