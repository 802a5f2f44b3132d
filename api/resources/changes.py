"""Changes: what was written, and how far it got."""

from flask import Response, current_app, g
from sqlalchemy import ColumnElement

from api.answers import json_response
from api.auth import caller
from api.changes import confirming, undo
from api.models import Change
from api.pagination import page_of, paged
from api.resources.writes import finished
from api.schemas import history as history_schema
from api.schemas import status as schema
from api.schemas.loading import require_no_body
from api.store import history, status


def show_change(uuid: str) -> Response:
    """One change of the caller's, a zone's deletion too."""
    change = status.change_of(caller().account_uuid, uuid)
    standings = status.change_standings(change.domain, change.serial, change.action == history.DELETE)
    body = schema.change_answer(change, standings, history.answered_at(change), history.confirmation_of(change))
    return json_response(body)


def confirm_change(uuid: str) -> Response:
    """Keep the write that this change is part of."""
    confirming.confirm(caller().account_uuid, uuid)
    return show_change(uuid)


def list_changes() -> Response:
    """The account's changes, the newest first."""
    condition = Change.account_uuid == caller().account_uuid
    if "zone" in g.query:
        condition &= Change.zone_uuid == g.query["zone"].lower()
    if "action" in g.query:
        condition &= Change.action == g.query["action"]
    return _listed(condition)


def list_zone_changes(uuid: str) -> Response:
    """A zone's changes, the newest first, also when it is deleted."""
    return _listed(history.readable(caller().account_id, caller().account_uuid, uuid))


def revert_change(uuid: str) -> Response:
    """Take one change back."""
    status.change_of(caller().account_uuid, uuid)
    require_no_body()
    return finished(*undo.revert(current_app.config["SETTINGS"], g.intent, uuid, history_schema.undone))


def _listed(condition: ColumnElement[bool]) -> Response:
    page = page_of(g.query)
    rows, total = history.changes_where(condition, page)
    return paged(rows, page, total, history_schema.told, lambda row: int(row.id))
