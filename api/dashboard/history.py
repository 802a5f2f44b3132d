"""A zone's history, and taking a change back."""

from flask import Response, current_app, flash

from api.changes import undo
from api.changes.intent import Intent
from api.dashboard.answers import back_to, page
from api.dashboard.paging import Paged
from api.dashboard.person import person
from api.dashboard.zones import zone_seen
from api.errors import Conflict, NotFound
from api.models import Change
from api.models.changes import THINNED
from api.settings import Settings
from api.store import history, status
from api.store.accounts import owner_of
from nameserver.errors import InvalidInput

_CHANGES = 10
_NOT_HERE = (THINNED, "zone.create", "zone.undelete", history.DELETE)


def show_history(zone: str) -> Response:
    """A zone's changes, the newest first."""
    found, paged = zone_seen(zone), Paged(_CHANGES)
    rows, total = history.changes_where(Change.zone_uuid == found.uuid, paged.page)
    return page("history", zone=found, changes=paged.cut(rows), total=total, paged=paged, can_revert=can_revert)


def revert(zone: str, change: str) -> Response:
    """Take a change back, unless later ones touched the same records."""
    found = zone_seen(zone)
    owner = owner_of(found)
    wanted = status.change_of(owner.uuid, change)
    if wanted.zone_uuid != found.uuid or not can_revert(wanted):
        raise NotFound("Change not found.")
    number = wanted.number
    try:
        _, written = undo.revert(_settings(), Intent(person().on_behalf_of(owner)), change, lambda *_: None)
        flash(f"Change {number} is taken back; the zone's serial is {written.serial} now.")
    except (Conflict, InvalidInput) as error:
        flash(f"Change {number} was not taken back. {error.detail}", "error")
    return back_to(f"/zones/{found.uuid}/history/")


def can_revert(change: Change) -> bool:
    """Does a button of this page make sense? What made or deleted a whole zone is no slip in its records."""
    return change.action not in _NOT_HERE and bool(change.removed or change.added)


def _settings() -> Settings:
    found: Settings = current_app.config["SETTINGS"]
    return found
