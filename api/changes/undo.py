"""Taking changes back: each is itself a change, published as any other."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.changes import idempotency, meanwhile, zones
from api.changes.become import become
from api.changes.edit import Edit
from api.changes.intent import Intent
from api.changes.journal import Written
from api.changes.records import rows_for, unique
from api.changes.zones import locked
from api.database import changing, now
from api.errors import Conflict, NotFound, PreconditionFailed
from api.models import Change
from api.models.changes import THINNED
from api.settings import Settings
from api.store import history
from api.store.history import Past
from api.store.pages import EVERYTHING
from api.store.records import as_values, records_of
from api.store.rows import HeldRows, Rows
from api.store.status import change_of
from nameserver import records

Content = tuple[str, str, int, str, int | None]
Present = Callable[[Written, Change | None], Any]
_SOURCE = "rollback"
_NAMED = 5


def revert(settings: Settings, intent: Intent, uuid: str, present: Present) -> tuple[Any, Written]:
    """Take one change back, and leave what came after it.

    Raises NotFound, PreconditionFailed, Conflict when later changes touched the same RRsets, InvalidInput when
    a rule forbids what was there before.
    """
    change = change_of(intent.actor.account_uuid or "", uuid)
    intent = _undoing(intent, change)
    if change.action == history.DELETE:
        return undelete(settings, intent, change.zone_uuid, present)
    with unique(), changing(intent.dry_run) as session:
        zone = locked(session, intent.actor, change.zone_uuid)
        meanwhile.require_zone(session, intent, zone)
        rows = rows_for(zone, len(change.removed) + len(change.added))
        edit = Edit(settings, session, zone, rows)
        written = _reverted(session, intent, edit, rows, change)
        return _answered(session, intent, written, present)


def rollback(settings: Settings, intent: Intent, zone_uuid: str, serial: int, present: Present) -> tuple[Any, Written]:
    """The whole zone becomes what it was with this serial. Raises NotFound, PreconditionFailed, InvalidInput."""
    with unique(), changing(intent.dry_run) as session:
        zone = locked(session, intent.actor, zone_uuid)
        meanwhile.require_zone(session, intent, zone)
        then = history.change_at(Change.zone_uuid == zone.uuid, serial, "serial")
        edit = Edit(settings, session, zone, HeldRows(zone))
        become(edit, records_of(zone, EVERYTHING), history.records_after(session, zone.uuid, then.number).values())
        return _answered(session, intent, edit.finish(_as_rollback(intent), "rollback"), present)


def undelete(settings: Settings, intent: Intent, zone_uuid: str, present: Present) -> tuple[Any, Written]:
    """A deleted zone comes back with its records, and all have their uuids.

    Raises NotFound (never there, another account's, deleted too long ago), Conflict when it is there,
    InvalidInput when its domain is taken.
    """
    with unique(), zones.taken(), changing(intent.dry_run) as session:
        gone = _deletion(session, settings, intent, zone_uuid)
        if intent.if_match is not None:
            raise PreconditionFailed("A zone that is deleted has no ETag: leave If-Match out.")
        zone = zones.new_zone(settings, session, intent, gone.domain, gone.zone_uuid)
        zone.changes = gone.number
        zone.created_at = history.first_change(zone_uuid).created_at
        edit = Edit(settings, session, zone, HeldRows(zone))
        become(edit, [], history.records_after(session, zone_uuid, gone.number - 1).values())
        return _answered(session, intent, edit.finish(_as_rollback(intent), "zone.undelete"), present)


def _reverted(session: Session, intent: Intent, edit: Edit, rows: Rows, change: Change) -> Written:
    before, after = (
        history.records_after(session, change.zone_uuid, number) for number in (change.number - 1, change.number)
    )
    if change.action in ("zone.create", "zone.undelete"):
        _require_untouched(session, change, rows.count(), len(after))
        return zones.remove(session, intent, edit.zone)
    if change.action == THINNED:
        raise Conflict("This change stands for all before it, which were thinned out: it cannot be taken back.")
    rrsets = {(each["name"], each["record_type"]) for each in (*change.removed, *change.added)}
    if not rrsets:
        raise Conflict("This change changed no records: there is nothing to take back.")
    there = [row for row in rows.at({name for name, _ in rrsets}) if (row.name, row.type) in rrsets]
    was, left = (_of(rrsets, state.values()) for state in (before, after))
    _require_same(session, change, as_values(there), [past.record for past in left])
    become(edit, there, was)
    return edit.finish(intent, "revert")


def _require_same(
    session: Session, change: Change, there: Sequence[records.Record], left: Sequence[records.Record]
) -> None:
    """Three ways: what the change left must be what is there, RRset by RRset."""
    changed = {(each[0], each[1]) for each in set(map(_content, there)) ^ set(map(_content, left))}
    if changed:
        raise Conflict(f"{_later(session, change, changed)} Take that back first, or write what you mean.")


def _require_untouched(session: Session, change: Change, there: int, left: int) -> None:
    """A zone that was created is deleted again only when nothing was done in it since."""
    later = next(iter(session.scalars(_records_changed_after(change))), None)
    if later is not None or there != left:
        raise Conflict("The zone was changed after it was made: delete it if that is what you mean.")


def _records_changed_after(change: Change) -> Any:
    touched = Change.action.not_in(("serial", "settings", *history.NOTES))
    return select(Change).where(Change.zone_uuid == change.zone_uuid, Change.number > change.number, touched).limit(1)


def _later(session: Session, change: Change, rrsets: set[tuple[str, str]]) -> str:
    names = ", ".join(f"{name} {kind}" for name, kind in sorted(rrsets)[:_NAMED])
    more = f" and {len(rrsets) - _NAMED} more" if len(rrsets) > _NAMED else ""
    since = [
        f"change {each.number} by {each.actor.get('account')}"
        for each in islice(history.touching(session, change.zone_uuid, change.number, rrsets), _NAMED)
    ]
    by = f" (by {', '.join(since)})" if since else ""
    return f"{names}{more} changed since{by}."


def _of(rrsets: set[tuple[str, str]], state: Iterable[Past]) -> list[Past]:
    return [past for past in state if (past.record.name, past.record.type) in rrsets]


def _content(record: records.Record) -> Content:
    return record.name, record.type, record.ttl, record.value, record.priority


def _deletion(session: Session, settings: Settings, intent: Intent, zone_uuid: str) -> Change:
    change = history.last_change(session, zone_uuid)
    if change is None or change.account_uuid != intent.actor.account_uuid:
        raise NotFound("Zone not found.")
    if change.action != history.DELETE:
        raise Conflict("The zone is not deleted.")
    if change.created_at < now() - timedelta(days=settings.undelete_days):
        raise NotFound(f"The zone was deleted more than {settings.undelete_days} days ago.")
    return change


def _answered(session: Session, intent: Intent, written: Written, present: Present) -> tuple[Any, Written]:
    change = session.scalar(select(Change).where(Change.uuid == written.change)) if written.change else None
    answer = present(written, change)
    idempotency.keep(session, intent, answer, written)
    return answer, written


def _undoing(intent: Intent, change: Change) -> Intent:
    return replace(_as_rollback(intent), undoes=change.uuid)


def _as_rollback(intent: Intent) -> Intent:
    return replace(intent, actor=replace(intent.actor, source=_SOURCE))
