"""Locking a record, a name, a type or a whole zone against change, and unlocking it: changes that move no serial."""

import uuid as uuids
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.changes import idempotency, journal, meanwhile, zones
from api.changes.intent import Intent
from api.changes.journal import Written
from api.database import changing, now
from api.errors import NotFound
from api.models import Lock, Record, Zone
from api.store import locks as store
from nameserver import names
from nameserver.errors import InvalidInput
from nameserver.records import canonical_type

_LONGEST_REASON = 500
#: Every write reads them all.
MOST = 1000


@dataclass(frozen=True, slots=True)
class Scope:
    """What to lock: a record by its uuid, or a name and a type, each None for any; none of them is the whole zone."""

    record: str | None = None
    name: str | None = None
    record_type: str | None = None


def add(
    intent: Intent, zone_uuid: str, scope: Scope, reason: str, present: Callable[[Lock], Any]
) -> tuple[Any, Written]:
    """Lock a part of the zone, or all of it. Raises NotFound, PreconditionFailed, InvalidInput."""
    reason = _usable(reason)
    with changing(intent.dry_run) as session:
        zone = zones.locked(session, intent.actor, zone_uuid)
        meanwhile.require_zone(session, intent, zone)
        lock = _lock(session, zone, scope)
        lock.reason, lock.actor = reason, intent.actor.to_json()
        session.add(lock)
        written = _noted(session, intent, zone, "lock", lock, reason)
        answer = present(lock)
        idempotency.keep(session, intent, answer, written)
        return answer, written


def remove(intent: Intent, uuid: str) -> Written:
    """Unlock what this lock is on. Raises NotFound, PreconditionFailed."""
    with changing(intent.dry_run) as session:
        zone = _zone_of(session, intent, uuid)
        lock = store.lock_of(intent.actor.account_id, uuid)  # another writer may have unlocked it meanwhile
        meanwhile.require_zone(session, intent, zone)
        session.delete(lock)
        written = _noted(session, intent, zone, "unlock", lock, intent.reason)
        idempotency.keep(session, intent, None, written)
        return written


def _zone_of(session: Session, intent: Intent, uuid: str) -> Zone:
    zone = session.scalar(select(Lock.zone_uuid).where(Lock.uuid == uuid))
    try:
        return zones.locked(session, intent.actor, zone or "")
    except NotFound:
        raise NotFound("Lock not found.") from None


def _usable(reason: str) -> str:
    reason = reason.strip()
    if not (0 < len(reason) <= _LONGEST_REASON and reason.isprintable()):
        raise InvalidInput("reason", f"The reason must have 1 to {_LONGEST_REASON} characters, all of them printable.")
    return reason


def _lock(session: Session, zone: Zone, scope: Scope) -> Lock:
    if store.count_locks(zone) >= MOST:
        raise InvalidInput("reason", f"A zone may have {MOST} locks; this one has as many. Lock the whole zone.")
    lock = Lock(uuid=str(uuids.uuid4()), zone_uuid=zone.uuid, created_at=now())
    if scope.record is not None:
        lock.record_uuid = _record_in(session, zone, scope)
    if scope.name is not None:
        lock.name = names.canonical_owner(scope.name, zone.domain)
    if scope.record_type is not None:
        lock.record_type = canonical_type(scope.record_type)
    return lock


def _record_in(session: Session, zone: Zone, scope: Scope) -> str:
    if scope.name is not None or scope.record_type is not None:
        raise InvalidInput("record", "Give `record` alone, or `name` and `record_type`; none of them: the whole zone.")
    found = select(Record.uuid).where(Record.uuid == (scope.record or "").lower(), Record.zone_id == zone.id)
    uuid = session.scalar(found)
    if uuid is None:
        raise InvalidInput("record", f"{zone.domain} has no record with this uuid.")
    return uuid


def _noted(session: Session, intent: Intent, zone: Zone, action: str, lock: Lock, reason: str | None) -> Written:
    """What was locked stands before the reason: it is to be found when the lock is gone."""
    told = f"{lock.subject()}: {reason}" if reason else lock.subject()
    return journal.note(session, replace(intent, reason=told[:_LONGEST_REASON]), zone, action)
