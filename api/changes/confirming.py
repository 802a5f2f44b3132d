"""Confirmed commits: a write that takes itself back unless somebody confirms it in time."""

import logging
from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.changes import undo
from api.changes.actor import on_behalf_of
from api.changes.intent import Intent
from api.database import changing, db, now, writing
from api.errors import ApiError, Conflict
from api.models import Change, Confirmation
from api.settings import Settings
from api.store.accounts import owner_in_history
from api.store.history import change_with
from api.store.status import change_of
from nameserver.errors import InvalidInput

log = logging.getLogger(__name__)

_REASON = "Not confirmed in time."


def confirm(account_uuid: str, uuid: str) -> Change:
    """Keep the write that this change is part of: all its changes. Again does no harm.

    Raises NotFound, Conflict when it needs no confirmation, or was taken back.
    """
    change = change_of(account_uuid, uuid)
    with writing() as session:
        row = session.get(Confirmation, change.uuid, with_for_update=True, populate_existing=True)
        if row is None:
            raise Conflict("This change was not made with confirm_within: it stays as it is.")
        if row.state == "reverted":
            raise Conflict("It was not confirmed in time, and has been taken back.")
        waiting = (Confirmation.write == row.write) & (Confirmation.state == "waiting")
        session.execute(update(Confirmation).where(waiting).values(state="confirmed"))
    return change


def revert_unconfirmed(settings: Settings) -> int:
    """Take back every change whose time is over, the newest first; answers how many there were."""
    due = _due()
    for uuid in due:
        _revert(settings, uuid)
    return len(due)


def _due() -> Sequence[str]:
    waiting = (Confirmation.state == "waiting") & (Confirmation.revert_at <= now())
    query = select(Confirmation.change_uuid).join(Change, Change.uuid == Confirmation.change_uuid).where(waiting)
    return db.session.scalars(query.order_by(Change.id.desc())).all()


def _revert(settings: Settings, uuid: str) -> None:
    with changing() as session:
        row = session.get(Confirmation, uuid, with_for_update=True, populate_existing=True)
        if row is None or row.state != "waiting":
            return  # confirmed at the last moment, or done by another control plane
        change = change_with(uuid)
        row.detail = _taken_back(session, settings, change)
        row.state = "kept" if row.detail else "reverted"
    if row.detail:
        log.warning("%s: change %d was not confirmed, and stays: %s", change.domain, change.number, row.detail)


def _taken_back(session: Session, settings: Settings, change: Change) -> str | None:
    """Revert it within the transaction; the sentence that says why not, when something stands against it."""
    try:
        with session.begin_nested():
            intent = Intent(on_behalf_of(owner_in_history(change)), reason=_REASON)
            undo.revert(settings, intent, change.uuid, lambda _written, _change: None)
    except (ApiError, InvalidInput) as error:
        return error.detail
    return None
