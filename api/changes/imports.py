"""Importing a zone: what its file says becomes what is desired, in one transaction and one change."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Table, bindparam, delete, select, update
from sqlalchemy.orm import Session

from api.changes import idempotency, journal, meanwhile, zones
from api.changes.edit import require_few_removed
from api.changes.intent import Intent
from api.changes.journal import Written
from api.changes.records import unique
from api.database import changing, now
from api.errors import NotFound
from api.models import Record as Row
from api.models import Zone
from api.settings import Settings
from api.store.zones import domains_below
from nameserver import names, records, rules, whole
from nameserver.errors import InvalidInput
from nameserver.incoming.incoming import Incoming
from nameserver.incoming.losses import Loss
from nameserver.records import Record
from nameserver.whole import Weighed

_AT_ONCE = 5000  # rows in one statement
_Item = TypeVar("_Item")


class Mode(StrEnum):
    """What becomes of the records that are there."""

    CREATE = "create"
    REPLACE = "replace"
    MERGE = "merge"


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import makes of a zone. `changed` are (before, after): only the TTL differs."""

    domain: str
    mode: Mode
    added: Sequence[Weighed]
    removed: Sequence[Record]
    changed: Sequence[tuple[Record, Record]]
    unchanged: int
    losses: Sequence[Loss]

    @property
    def records(self) -> int:
        """How many records the zone has afterwards."""
        return len(self.added) + len(self.changed) + self.unchanged


@dataclass(frozen=True, slots=True)
class Siblings:
    """The zones that are to be imported together with one: how many, and the domains below each domain."""

    count: int
    below: Mapping[str, Collection[str]]

    @classmethod
    def among(cls, domains: Collection[str]) -> Self:
        """Those of each of the domains."""
        below: dict[str, list[str]] = {domain: [] for domain in domains}
        for domain in domains:
            for above in names.ancestors(domain):
                if above in below:
                    below[above].append(domain)
        return cls(len(domains) - 1, below)


Present = Callable[[Zone, Plan], Any]
_ALONE = Siblings(0, {})


def bring(settings: Settings, intent: Intent, incoming: Incoming, mode: Mode, present: Present) -> tuple[Any, Written]:
    """Import one zone; answers what `present` makes of it. In a dry run nothing is stored.

    Raises InvalidInput: field `domain`, `file` (with the line) or `confirm_removals`.
    """
    intent = replace(intent, actor=replace(intent.actor, source="import"))
    with unique(), zones.taken(), changing(intent.dry_run) as session:
        zone, plan = _zone_and_plan(settings, session, intent, incoming, mode)
        _store(session, zone, plan)
        written = _committed(session, intent, zone, plan)
        answer = present(zone, plan)
        idempotency.keep(session, intent, answer, written)
        return answer, written


def planned(settings: Settings, intent: Intent, incoming: Incoming, mode: Mode, siblings: Siblings) -> Plan:
    """What `bring` would do once the siblings are imported, too. Stores nothing, raises the same."""
    intent = replace(intent, actor=replace(intent.actor, source="import"), dry_run=True, watch=None)
    with unique(), zones.taken(), changing(dry_run=True) as session:
        zone, plan = _zone_and_plan(settings, session, intent, incoming, mode, siblings)
        _committed(session, intent, zone, plan)
        return plan


def _zone_and_plan(
    settings: Settings, session: Session, intent: Intent, incoming: Incoming, mode: Mode, siblings: Siblings = _ALONE
) -> tuple[Zone, Plan]:
    zone = _zone(settings, session, intent, incoming.domain, mode, siblings.count)
    plan = _planned(settings, session, zone, incoming, mode, siblings.below.get(incoming.domain, ()))
    if not intent.confirm_removals:
        there = len(plan.removed) + len(plan.changed) + plan.unchanged
        require_few_removed("The import", zone.domain, len(plan.removed), there)
    return zone, plan


def _zone(settings: Settings, session: Session, intent: Intent, domain: str, mode: Mode, others: int) -> Zone:
    if mode is Mode.CREATE:
        return zones.new_zone(settings, session, intent, domain, others=others)
    try:
        zone = zones.locked(session, intent.actor, domain)
    except NotFound:
        raise InvalidInput("domain", f"There is no zone {domain} to {mode}: import it with mode=create.") from None
    meanwhile.require_zone(session, intent, zone)
    return zone


def _planned(
    settings: Settings, session: Session, zone: Zone, incoming: Incoming, mode: Mode, below: Collection[str]
) -> Plan:
    present = _present(session, zone)
    wanted = {_key(each): each for each in _weighed(settings, incoming)}
    touched = present if mode is not Mode.MERGE else _of_the_same_rrsets(present, wanted)
    kept = [(old, wanted[key]) for key, old in touched.items() if key in wanted]
    changed = [(old, replace(old, ttl=new[0].ttl)) for old, new in kept if old.ttl != new[0].ttl]
    added = [new for key, new in wanted.items() if key not in touched]
    others = [(old, _wire(old)) for key, old in present.items() if key not in touched]
    after = [*added, *((replace(new, uuid=old.uuid), wire) for old, (new, wire) in kept), *others]
    _check(settings, zone, incoming, after, below)
    removed = [old for key, old in touched.items() if key not in wanted]
    return Plan(zone.domain, mode, added, removed, changed, len(kept) - len(changed) + len(others), incoming.losses)


_Key = tuple[str, str, str]


def _key(weighed: Weighed) -> _Key:
    record, wire = weighed
    return record.name, record.type, hashlib.sha256(wire).hexdigest()


def _wire(record: Record) -> bytes:
    return records.canonical_wire(record.type, record.value, record.priority)


def _present(session: Session, zone: Zone) -> dict[_Key, Record]:
    columns = (Row.uuid, Row.name, Row.type, Row.ttl, Row.value, Row.priority, Row.digest)
    rows = session.execute(select(*columns).where(Row.zone_id == zone.id).order_by(Row.id))
    return {(row.name, row.type, row.digest): Record(*row[:6]) for row in rows}


def _of_the_same_rrsets(present: Mapping[_Key, Record], wanted: Iterable[_Key]) -> dict[_Key, Record]:
    rrsets = {key[:2] for key in wanted}
    return {key: old for key, old in present.items() if key[:2] in rrsets}


def _weighed(settings: Settings, incoming: Incoming) -> Iterator[Weighed]:
    ttls: set[int] = set()
    for record in incoming.records:
        if record.ttl not in ttls:
            _check_ttl(settings, incoming, record)
            ttls.add(record.ttl)
        yield record, _wire(record)


def _check_ttl(settings: Settings, incoming: Incoming, record: Record) -> None:
    try:
        rules.check_ttl(record.ttl, settings.lowest_ttl, settings.highest_ttl)
    except InvalidInput as error:
        raise _refused(incoming, record, error) from error


def _check(
    settings: Settings, zone: Zone, incoming: Incoming, after: Sequence[Weighed], below: Collection[str]
) -> None:
    most = settings.records_per_zone
    if len(after) > most:
        raise InvalidInput("file", f"A zone may have {most} records; {zone.domain} would have {len(after)}.")
    faults = whole.faults(zone.domain, after, settings.nameservers, {*domains_below(zone.domain), *below})
    for record, error in faults:
        raise _refused(incoming, record, error) from error


def _refused(incoming: Incoming, record: Record, error: InvalidInput) -> InvalidInput:
    priority = "" if record.priority is None else f"{record.priority} "
    words = f"{record.name} {record.type} {priority}{record.value[:80]}: {error.detail}"
    return InvalidInput("file", incoming.where(record) + words)


def _committed(session: Session, intent: Intent, zone: Zone, plan: Plan) -> Written:
    removed = [*plan.removed, *(before for before, _ in plan.changed)]
    added = [*(record for record, _ in plan.added), *(after for _, after in plan.changed)]
    if plan.mode is Mode.CREATE:
        return journal.keep(session, intent, zone, "zone.create", removed, added)
    return journal.commit_records(session, intent, zone, removed, added)


def _store(session: Session, zone: Zone, plan: Plan) -> None:
    table = Row.__table__
    assert isinstance(table, Table)
    for gone in _parts(plan.removed):
        session.execute(delete(Row).where(Row.uuid.in_([record.uuid for record in gone])))
    if plan.changed:
        statement = update(table).where(table.c.uuid == bindparam("which")).values(ttl=bindparam("seconds"))
        values = [{"which": record.uuid, "seconds": record.ttl} for _, record in plan.changed]
        session.connection().execute(statement, values)
    for part in _parts(plan.added):
        _insert(session.connection(), table, zone.id, part)


_COLUMNS = ("zone_id", "uuid", "name", "type", "ttl", "priority", "value", "digest", "created_at")


def _insert(connection: Connection, table: Table, zone_id: int, added: Sequence[Weighed]) -> None:
    """By the driver itself: SQLAlchemy takes as long to prepare a row as the database to store it."""
    kind = table.c.created_at.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    moment = kind(now()) if kind else now()
    rows = [_row(zone_id, record, wire, moment) for record, wire in added]
    columns = ", ".join(_COLUMNS)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(_COLUMNS))
        connection.exec_driver_sql(f"INSERT INTO records ({columns}) VALUES ({marks})", rows)  # noqa: S608  our names
        return
    cursor: Any = connection.connection.cursor()  # psycopg's own
    with cursor, cursor.copy(f"COPY records ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _row(zone_id: int, record: Record, wire: bytes, moment: Any) -> tuple[Any, ...]:
    digest = hashlib.sha256(wire).hexdigest()
    fields = (record.uuid, record.name, record.type, record.ttl, record.priority, record.value)
    return (zone_id, *fields, digest, moment)


def _parts(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))
