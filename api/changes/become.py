"""Bringing records to what they should be, whatever they are: undoing, restoring, replacing."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy import select

from api.changes.edit import Edit
from api.database import db, now
from api.models import Record as Row
from api.store.history import Past
from api.store.records import as_values
from nameserver.records import Record


def become(edit: Edit, present: Sequence[Row], wanted: Iterable[Past]) -> None:
    """These rows of the edit's zone become the wanted records, with their uuids. Raises InvalidInput.

    What differs goes first and then comes back: on the way from one valid set to another, no record is in
    the way of the next.
    """
    left = {past.record.uuid: past for past in wanted}
    created = {row.uuid: row.created_at for row in present}
    for row, record in zip(present, as_values(present), strict=True):
        past = left.get(row.uuid)
        if past is not None and (past.record, _expiry(past)) == (record, row.expires_at):
            del left[row.uuid]
        else:
            edit.delete(row)
    edit.flush()
    taken = set(db.session.scalars(select(Row.uuid).where(Row.uuid.in_(left)))) if left else set()
    for past in sorted(left.values(), key=lambda past: place(past.record)):
        record = past.record
        if record.uuid in taken:  # it lives on under another name
            record, moment = _anew(record), now()
        else:
            moment = created.get(record.uuid, past.created_at)
        edit.restore(record, moment, _expiry(past))


def _expiry(past: Past) -> datetime | None:
    """When it expires; one whose time is over comes back to stay, or it would go again at once."""
    return past.expires_at if past.expires_at and past.expires_at > now() else None


def place(record: Record) -> int:
    """Where it comes among others: delegations before their glue, addresses before the apex NS that need them."""
    if record.type != "NS":
        return 1
    return 2 if record.name == "@" else 0


def _anew(record: Record) -> Record:
    return Record(str(uuid4()), record.name, record.type, record.ttl, record.value, record.priority)
