"""Locks."""

from flask import Response, g

from api.answers import json_response
from api.auth import caller
from api.changes import locks as changes
from api.pagination import page_of, paged
from api.resources.writes import finished
from api.schemas import locks as schema
from api.schemas.loading import json_object, load, raise_first
from api.store import locks, zones


def list_locks(uuid: str) -> Response:
    """A zone's locks; all of them when no page is asked for."""
    zone = zones.zone_of(caller().account_id, uuid)
    page = page_of(g.query, usual=None)
    return paged(locks.locks_of(zone, page), page, locks.count_locks(zone), schema.answer, lambda row: int(row.id))


def create_lock(uuid: str) -> Response:
    """Lock a record, a name, a type or the whole zone."""
    zones.zone_of(caller().account_id, uuid)
    body, faults = load(schema.LockBody(), json_object())
    raise_first(faults)
    reason = body.pop("reason")
    return finished(*changes.add(g.intent, uuid, changes.Scope(**body), reason, schema.answer))


def show_lock(uuid: str) -> Response:
    """One lock."""
    return json_response(schema.answer(locks.lock_of(caller().account_id, uuid)))


def delete_lock(uuid: str) -> Response:
    """Unlock what the lock is on."""
    return finished(None, changes.remove(g.intent, uuid))
