"""Changes: what was written, and how far it got."""

from flask import Response

from api.answers import json_response
from api.auth import caller
from api.schemas import status as schema
from api.store import status


def show_change(uuid: str) -> Response:
    """One change of the caller's, a zone's deletion too."""
    change = status.change_of(caller().account_uuid, uuid)
    deletion = change.action == "zone.delete"
    return json_response(schema.change_answer(change, status.change_standings(change.domain, change.serial, deletion)))
