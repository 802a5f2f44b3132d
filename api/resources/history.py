"""Zones as they were, and back to it."""

from datetime import datetime
from typing import Any

from flask import Response, current_app, g

from api.answers import json_response
from api.auth import caller
from api.changes import undo
from api.database import db
from api.models import Change
from api.pagination import page_of, paged
from api.resources.writes import finished
from api.schemas import history as schema
from api.schemas import zones as zone_schema
from api.schemas.loading import json_object, load, raise_first, require_no_body
from api.store import history, zones
from nameserver.errors import InvalidInput


def zone_at(uuid: str, moment: int | datetime) -> Response:
    """A zone with its records as they were."""
    records = [schema.past_record(past) for past in _records_at(uuid, moment, "at")[1].values()]
    born = history.first_change(uuid)
    return json_response(zone_schema.described(uuid, born.domain, born.created_at, len(records)) | {"records": records})


def records_at(uuid: str, moment: int | datetime) -> Response:
    """A zone's records as they were, by page when one is asked for."""
    for name in ("cursor", "limit"):  # the past has no row ids to go on from
        if name in g.query:
            raise InvalidInput(name, "With `at`, page by `page` and `page_size`.")
    page = page_of(g.query, usual=None)
    rows = list(_records_at(uuid, moment, "at")[1].values())
    end = None if page.limit is None else page.offset + page.limit + 1
    return paged(rows[page.offset : end], page, len(rows), schema.past_record, lambda _: 0)


def diff(uuid: str) -> Response:
    """What became of a zone's records between two moments."""
    start, before = _records_at(uuid, g.query["from"], "from")
    end, after = _records_at(uuid, g.query.get("to"), "to")
    return json_response(schema.diff(start, end, before, after))


def rollback(uuid: str) -> Response:
    """The whole zone as it was with a serial."""
    zones.zone_of(caller().account_id, uuid)
    body, faults = load(schema.RollbackBody(), json_object())
    raise_first(faults)
    settings = current_app.config["SETTINGS"]
    return finished(*undo.rollback(settings, g.intent, uuid, body["serial"], schema.undone))


def undelete(uuid: str) -> Response:
    """A deleted zone comes back."""
    history.readable(caller().account_id, caller().account_uuid, uuid)
    require_no_body()
    return finished(*undo.undelete(current_app.config["SETTINGS"], g.intent, uuid, schema.undone))


def _records_at(uuid: str, moment: int | datetime | None, field: str) -> tuple[Change, Any]:
    """The change after which it was so, and the records then; None: now."""
    readable = history.readable(caller().account_id, caller().account_uuid, uuid)
    change = history.change_at(readable, moment, field)
    return change, history.records_after(db.session(), uuid, change.number)
