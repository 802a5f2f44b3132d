"""Creating, changing and deleting records."""

import uuid as uuids
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.changes import journal
from api.changes.actor import Actor
from api.changes.drafts import Draft, draft
from api.changes.journal import Written
from api.changes.zones import locked
from api.database import changing, now
from api.errors import NotFound
from api.models import Record, Zone
from api.settings import Settings
from api.store import records as stored
from api.store import zones as stored_zones
from nameserver import names, records, rules
from nameserver.errors import InvalidInput

Body = Mapping[str, Any]
Faults = Mapping[str, str]
Merge = Callable[[Record], tuple[Body, Faults]]


def create(
    settings: Settings, actor: Actor, zone_uuid: str, body: Body, faults: Faults
) -> tuple[Record, Zone, Written]:
    """Add a record to a zone. Raises NotFound, InvalidInput."""
    with _unique(), changing() as session:
        zone = locked(session, actor, zone_uuid)
        wanted = draft(body, faults, zone.domain, settings)
        row = Record(uuid=str(uuids.uuid4()), zone_id=zone.id, created_at=now())
        written = _place(settings, actor, session, zone, row, wanted, None)
        return row, zone, written


def change(settings: Settings, actor: Actor, uuid: str, merge: Merge) -> tuple[Record, Zone, Written]:
    """Change a record: `merge` makes the whole new body from the present record. Raises NotFound, InvalidInput."""
    with _unique(), changing() as session:
        row, zone = _locked_record(session, actor, uuid)
        body, faults = merge(row)
        before = stored.as_values([row])[0]
        written = _place(settings, actor, session, zone, row, draft(body, faults, zone.domain, settings), before)
        return row, zone, written


def delete(actor: Actor, uuid: str) -> Written:
    """Delete a record. Raises NotFound."""
    with changing() as session:
        row, zone = _locked_record(session, actor, uuid)
        gone = stored.as_values([row])
        session.delete(row)
        return journal.commit_records(session, actor, zone, gone, [])


def _locked_record(session: Session, actor: Actor, uuid: str) -> tuple[Record, Zone]:
    zone_uuid = session.scalar(select(Zone.uuid).join(Record, Record.zone_id == Zone.id).where(Record.uuid == uuid))
    if zone_uuid is not None:
        try:
            zone = locked(session, actor, zone_uuid)
        except NotFound:
            zone = None
        row = session.scalar(select(Record).where(Record.uuid == uuid))
        if zone is not None and row is not None:
            return row, zone
    raise NotFound("Record not found.")


def _place(
    settings: Settings,
    actor: Actor,
    session: Session,
    zone: Zone,
    row: Record,
    wanted: Draft,
    before: records.Record | None,
) -> Written:
    """Put the draft into the row, after every rule, with the RRset's other records brought to its TTL."""
    with session.no_autoflush:
        beside = [other for other in stored.beside(zone, wanted.name) if other.uuid != row.uuid]
        siblings = [other for other in beside if (other.name, other.type) == (wanted.name, wanted.type)]
        ttl = _ttl(settings, wanted, siblings)
        record = records.Record(row.uuid, wanted.name, wanted.type, ttl, wanted.value, wanted.priority)
        _check(settings, zone, record, beside)
    uneven = [other for other in siblings if other.ttl != ttl]
    removed = stored.as_values(uneven) + ([before] if before else [])
    for other in uneven:
        other.ttl = ttl
    _fill(row, record)
    session.add(row)
    return journal.commit_records(session, actor, zone, removed, [*stored.as_values(uneven), record])


def _ttl(settings: Settings, wanted: Draft, siblings: list[Record]) -> int:
    """All records of an RRset have one TTL (RFC 2181, section 5.2)."""
    if wanted.ttl is not None:
        return wanted.ttl
    return siblings[0].ttl if siblings else settings.default_ttl


def _check(settings: Settings, zone: Zone, record: records.Record, beside: list[Record]) -> None:
    others = stored.as_values(beside)
    if record.type in ("NS", "DNAME"):
        others += [other for other in stored.as_values(stored.below(zone, record.name)) if other.uuid != record.uuid]
    # Zones of ours below this one that are at or above the record: it would never be answered.
    hiding = stored_zones.domains_at_or_above(names.absolute(record.name, zone.domain), zone.domain)
    rules.check_record(zone.domain, others, record, settings.nameservers, hiding)


def _fill(row: Record, record: records.Record) -> None:
    row.name, row.type, row.ttl, row.value, row.priority = (
        record.name,
        record.type,
        record.ttl,
        record.value,
        record.priority,
    )
    row.digest = records.digest(records.rdata(record.type, record.value, record.priority))


class _unique:  # noqa: N801  used as a context manager, like contextlib.suppress
    """The database's own word on a record that stands twice, as the rule's sentence."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, IntegrityError):
            raise InvalidInput("value", "This record exists already.") from error
