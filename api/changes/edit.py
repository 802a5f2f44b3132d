"""Editing the records of one zone within one transaction: every rule, one serial step, one change."""

import uuid as uuids
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from api.changes import journal
from api.changes.drafts import Draft, draft
from api.changes.intent import Intent
from api.changes.journal import Expiries, Written
from api.database import now
from api.models import Record, Zone
from api.settings import Settings
from api.store import records as stored
from api.store.rows import Rows
from nameserver import names, records, rules
from nameserver.errors import InvalidInput

Body = Mapping[str, Any]
Faults = Mapping[str, str]
# Of a zone with so many records, so large a share goes only when the removal is confirmed.
_MANY = 10
_NEVER = datetime.max.replace(tzinfo=UTC)
_BIRTHS = ("zone.create", "zone.undelete")
_SHARE = 0.3
Merge = Callable[[Record], tuple[Body, Faults]]


class Edit:
    """The edits of one zone, which the transaction has locked. `finish` ends them."""

    def __init__(self, settings: Settings, session: Session, zone: Zone, rows: Rows) -> None:
        self.zone = zone
        self._settings, self._session, self._rows = settings, session, rows
        self._before: dict[str, records.Record | None] = {}
        self._after: dict[str, Record | None] = {}
        self._expired: dict[str, datetime] = {}
        self._count: int | None = None

    def create(self, body: Body, faults: Faults) -> Record:
        """Add a record. Raises InvalidInput."""
        wanted = draft(body, faults, self.zone.domain, self._settings)
        self._require_room()
        row = Record(uuid=str(uuids.uuid4()), zone_id=self.zone.id, created_at=now())
        self._place(row, wanted, None)
        row.expires_at = body.get("expires_at")
        return row

    def change(self, row: Record, merge: Merge) -> Record:
        """Change a record; `merge` makes the whole new body from the present one. Raises InvalidInput."""
        body, faults = merge(row)
        self._place(row, draft(body, faults, self.zone.domain, self._settings), row.name)
        row.expires_at = body.get("expires_at")
        return row

    def restore(self, record: records.Record, created_at: datetime, expires_at: datetime | None) -> Record:
        """Put a record back as it was, its uuid too. Raises InvalidInput."""
        self._require_room()
        row = Record(uuid=record.uuid, zone_id=self.zone.id, created_at=created_at, expires_at=expires_at)
        self._place(row, Draft(record.type, record.name, record.value, record.ttl, record.priority), None)
        return row

    def delete(self, row: Record) -> None:
        """Remove a record."""
        self._note(row)
        self._after[row.uuid] = None
        self._rows.discard(row)
        self._count = None if self._count is None else self._count - 1

    def flush(self) -> None:
        """What was deleted is gone for the database as well: its uuids are free."""
        self._session.flush()

    def finish(self, intent: Intent, action: str = "records") -> Written:
        """The serial moves, the change is kept.

        Raises InvalidInput when a nameserver at the apex lost its address, Conflict when a record changed is locked.
        """
        before = [record for record in self._before.values() if record]
        after = stored.as_values([row for row in self._after.values() if row])
        self._check_nameservers(before, after)
        self._session.flush()
        expire = {row.uuid: row.expires_at for row in self._after.values() if row and row.expires_at}
        was = {repr(record): self._expired.get(record.uuid) for record in before}
        unchanged = {key for record in after if was.get(key := repr(record), _NEVER) == expire.get(record.uuid)}
        removed = [record for record in before if repr(record) not in unchanged]
        added = [record for record in after if repr(record) not in unchanged]
        expiries = Expiries(_of(self._expired, removed), _of(expire, added))
        if action in _BIRTHS:  # the zone has its first serial, and is a change even when it is empty
            return journal.keep(self._session, intent, self.zone, action, removed, added, expiries)
        return journal.commit_records(self._session, intent, self.zone, removed, added, action, expiries)

    def require_few_removed(self) -> None:
        """Raises InvalidInput("confirm_removals") when much of the zone would go: a slip of a program, perhaps."""
        gone = sum(1 for uuid, before in self._before.items() if before and self._after.get(uuid) is None)
        new = sum(1 for uuid, row in self._after.items() if row and self._before.get(uuid) is None)
        self._session.flush()
        there = self._rows.count() + gone - new
        require_few_removed("The batch", self.zone.domain, gone, there)

    def _note(self, row: Record) -> None:
        if row.uuid not in self._before:
            self._before[row.uuid] = stored.as_values([row])[0]
            self._expired |= {row.uuid: row.expires_at} if row.expires_at else {}

    def _place(self, row: Record, wanted: Draft, name: str | None) -> None:
        """Put the draft into the row, after every rule, with the RRset's other records brought to its TTL."""
        above = [wanted.name, "@", *names.ancestors(wanted.name)]
        beside = [other for other in self._rows.at(above) if other.uuid != row.uuid]
        siblings = [other for other in beside if (other.name, other.type) == (wanted.name, wanted.type)]
        ttl = self._ttl(wanted, siblings)
        record = records.Record(row.uuid, wanted.name, wanted.type, ttl, wanted.value, wanted.priority)
        self._check(record, beside)
        if name is None:
            self._before.setdefault(row.uuid, None)  # one that was deleted before in this edit has its own
        else:
            self._note(row)
        for other in siblings:
            if other.ttl != ttl:
                self._note(other)
                self._after[other.uuid] = other
                other.ttl = ttl
        row.fill(record)
        self._after[row.uuid] = row
        self._rows.put(row, name)

    def _ttl(self, wanted: Draft, siblings: list[Record]) -> int:
        """All records of an RRset have one TTL (RFC 2181, section 5.2)."""
        if wanted.ttl is not None:
            return wanted.ttl
        return siblings[0].ttl if siblings else self._settings.default_ttl

    def _check(self, record: records.Record, beside: list[Record]) -> None:
        rows = {row.uuid: row for row in beside}
        if record.type in ("NS", "DNAME"):
            rows |= {row.uuid: row for row in self._rows.below(record.name) if row.uuid != record.uuid}
        # In one order, whatever way they came: of several records in the way the same one is named.
        others = sorted(stored.as_values(rows.values()), key=lambda other: (other.name, other.type, other.value))
        # Zones of ours below this one that are at or above the record: it would never be answered.
        name = names.absolute(record.name, self.zone.domain)
        hiding = self._rows.zones_at([each for each in (name, *names.ancestors(name)) if self._is_below(each)])
        rules.check_record(self.zone.domain, others, record, self._settings.nameservers, hiding)

    def _is_below(self, name: str) -> bool:
        return names.is_below(name, self.zone.domain)

    def _check_nameservers(self, before: list[records.Record], after: list[records.Record]) -> None:
        """What changed may have cost a nameserver at the apex its address; the zone would not load.

        Its own, a wildcard's, or a delegation's: whatever stands in its branch of the zone can decide.
        """
        branches = {_branch(record.name) for record in (*before, *after)}
        for nameserver in stored.as_values(self._rows.at(["@"])) if branches else ():
            host = names.relative(nameserver.value, self.zone.domain) if nameserver.type == "NS" else None
            if host is not None and branches & {_branch(host), "*"}:
                rest = stored.as_values([*self._rows.at(["@"]), *self._rows.below("@")])
                rules.check_address(self.zone.domain, rest, nameserver)

    def forget_zones(self) -> None:
        """The write has created or deleted a zone, which may hide records of this one."""
        self._rows.forget_zones()

    def _require_room(self) -> None:
        if self._count is None:
            self._count = self._rows.count()
        if self._count >= self._settings.records_per_zone:
            raise InvalidInput(
                "name", f"A zone may have {self._settings.records_per_zone} records; this one has as many."
            )
        self._count += 1


def require_few_removed(what: str, domain: str, gone: int, there: int) -> None:
    """Raises InvalidInput("confirm_removals") when `gone` of the `there` records are much of the zone."""
    if there >= _MANY and gone > _SHARE * there:
        raise InvalidInput(
            "confirm_removals",
            f"{what} removes {gone} of the {there} records of {domain}; "
            "if that is meant, send it again with ?confirm_removals=true.",
        )


def _of(expiries: Mapping[str, datetime], some: Iterable[records.Record]) -> dict[str, datetime]:
    return {record.uuid: expiries[record.uuid] for record in some if record.uuid in expiries}


def _branch(name: str) -> str:
    """The label next to the zone's own name."""
    return name.rpartition(".")[2]
