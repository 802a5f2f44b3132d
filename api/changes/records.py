"""Creating, changing and deleting records."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.changes import idempotency, meanwhile
from api.changes.edit import Body, Edit, Faults, Merge
from api.changes.intent import Intent
from api.changes.journal import Written
from api.changes.zones import locked
from api.database import changing
from api.errors import NotFound
from api.models import Record, Zone
from api.settings import Settings
from api.store.rows import AskedRows, HeldRows, Rows
from nameserver.errors import InvalidInput

#: From so many changes on, holding the zone's records costs less than asking for them.
MANY = 20

Bodies = Sequence[tuple[Body, Faults]]


def create(
    settings: Settings,
    intent: Intent,
    zone_uuid: str,
    bodies: Bodies,
    present: Callable[[list[Record]], Any],
    numbered: bool = True,
) -> tuple[Any, Written]:
    """Add records to a zone, all or none; answers what `present` makes of them.

    Raises NotFound, PreconditionFailed, InvalidInput (with the position of the body when `numbered`).
    """
    with unique(), changing(intent.dry_run) as session:
        zone = locked(session, intent.actor, zone_uuid)
        meanwhile.require_zone(session, intent, zone)
        edit = Edit(settings, session, zone, rows_for(zone, len(bodies)))
        rows = [_created(edit, position, len(bodies) if numbered else 0, body) for position, body in enumerate(bodies)]
        written = edit.finish(intent)
        answer = present(rows)
        idempotency.keep(session, intent, answer, written)
        return answer, written


def change(
    settings: Settings, intent: Intent, uuid: str, merge: Merge, present: Callable[[Record, Zone], Any]
) -> tuple[Any, Written]:
    """Change a record: `merge` makes the whole new body from the present record.

    Raises NotFound, PreconditionFailed, InvalidInput.
    """
    with unique(), changing(intent.dry_run) as session:
        row, zone = locked_record(session, intent, uuid)
        meanwhile.require_record(session, intent, row, zone)
        edit = Edit(settings, session, zone, AskedRows(zone))
        edit.change(row, merge)
        written = edit.finish(intent)
        answer = present(row, zone)
        idempotency.keep(session, intent, answer, written)
        return answer, written


def delete(settings: Settings, intent: Intent, uuid: str) -> Written:
    """Delete a record. Raises NotFound, PreconditionFailed, InvalidInput."""
    with changing(intent.dry_run) as session:
        row, zone = locked_record(session, intent, uuid)
        meanwhile.require_record(session, intent, row, zone)
        edit = Edit(settings, session, zone, AskedRows(zone))
        edit.delete(row)
        written = edit.finish(intent)
        idempotency.keep(session, intent, None, written)
        return written


def rows_for(zone: Zone, changes: int) -> Rows:
    """The zone's records, in the form that suits so many changes."""
    return HeldRows(zone) if changes > MANY else AskedRows(zone)


def locked_record(session: Session, intent: Intent, uuid: str) -> tuple[Record, Zone]:
    """The actor's record with its zone, which is locked to the end of the transaction. Raises NotFound."""
    zone_uuid = session.scalar(select(Zone.uuid).join(Record, Record.zone_id == Zone.id).where(Record.uuid == uuid))
    missing = NotFound("Record not found.")
    if zone_uuid is None:
        raise missing
    try:
        zone = locked(session, intent.actor, zone_uuid)
    except NotFound:
        raise missing from None
    # Only now is it safe to read: another writer may have changed or deleted it meanwhile.
    row = session.scalar(select(Record).where(Record.uuid == uuid).execution_options(populate_existing=True))
    if row is None:
        raise missing
    return row, zone


@contextmanager
def unique() -> Iterator[None]:
    """The database's own word on a record that stands twice, as the rule's sentence."""
    try:
        yield
    except IntegrityError as error:
        raise InvalidInput("value", "This record exists already.") from error


def _created(edit: Edit, position: int, of: int, body: tuple[Body, Faults]) -> Record:
    try:
        return edit.create(*body)
    except InvalidInput as error:
        if not of:
            raise
        raise InvalidInput(f"{position}.{error.field}", f"Record {position + 1} of {of}: {error.detail}") from error
