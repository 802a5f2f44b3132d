"""Batches of writes."""

from flask import Response, current_app, g

from api import auth
from api.changes import batches as changes
from api.resources.writes import finished
from api.schemas import batches as schema
from api.schemas import records as record_schema
from api.schemas import zones as zone_schema
from api.schemas.loading import json_object
from api.store.records import count_in


def apply_batch() -> Response:
    """Many writes over several zones, all or none."""
    operations = authorized()
    presenters = changes.Presenters(
        zone=lambda zone: zone_schema.answer(zone, count_in(zone)),
        record=record_schema.flat_answer,
        merged=record_schema.merged,
    )
    body, written = changes.apply(current_app.config["SETTINGS"], g.intent, operations, presenters)
    return finished(body, *written)


def authorized() -> list[changes.Operation]:
    """The request's operations. Raises PermissionDenied when one takes a permission that the token lacks."""
    operations = schema.operations(json_object())
    for permission in sorted({schema.PERMISSIONS[each.action] for each in operations}):
        auth.require(permission)
    return operations
