"""The shape of batches."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from api.changes.batches import Operation
from api.errors import InvalidRequest
from api.schemas.fields import Text
from api.schemas.loading import READ_ONLY, Body, load
from api.schemas.records import RecordBody, RecordPatch
from nameserver import names
from nameserver.errors import InvalidInput

_NAMED = {
    "create_zone": ("domain",),
    "delete_zone": ("zone",),
    "create": ("zone",),
    "update": ("record",),
    "delete": ("record",),
}
#: The permission that each action takes.
PERMISSIONS = {
    "create_zone": "dns:create",
    "delete_zone": "dns:delete",
    "create": "dns:create",
    "update": "dns:update",
    "delete": "dns:delete",
}


class OperationBody(Body):
    """One operation; the fields of the record stand beside `action` and what names its zone or record."""

    action = Text(required=True, validate=validate.OneOf(list(_NAMED)))
    zone = Text(metadata={"description": "uuid or domain of the zone"})
    record = Text(metadata={"description": "uuid of the record"})
    domain = Text()
    record_type = Text()
    name = Text()
    value = Text()
    ttl = fields.Integer(strict=True)
    priority = fields.Integer(strict=True, allow_none=True)
    expires_at = fields.DateTime(allow_none=True)


class BatchBody(Body):
    """All operations, in their order."""

    operations = fields.List(fields.Nested(OperationBody), required=True)


class BatchAnswer(Body):
    """The changes made, and for each operation the zone or record that came of it (null: deleted)."""

    changes = fields.List(fields.Dict(), required=True)
    results = fields.List(fields.Dict(allow_none=True), required=True)


def operations(body: Mapping[str, Any]) -> list[Operation]:
    """The operations of a body. Raises InvalidRequest, InvalidInput with the position."""
    given = body.get("operations")
    if not isinstance(given, list) or not given:
        raise InvalidInput("operations", "The body must be {“operations”: […]} with at least one operation.")
    for key in body:
        if key != "operations" and key not in READ_ONLY:
            raise InvalidInput(key, f"There is no field `{key}` here; the fields are operations.")
    return [_operation(position, each) for position, each in enumerate(given)]


def _operation(position: int, given: Any) -> Operation:
    where = f"operations.{position}"
    if not isinstance(given, dict):
        raise InvalidRequest(f"Operation {position + 1} must be a JSON object.", where)
    action = given.get("action")
    if not isinstance(action, str) or action not in _NAMED:
        raise InvalidInput(f"{where}.action", f"Operation {position + 1}: the actions are {', '.join(_NAMED)}.")
    named: dict[str, Any] = {key: _name(given, key, position) for key in _NAMED[action]}
    rest = {key: value for key, value in given.items() if key not in ("action", *named)}
    schema = RecordPatch() if action == "update" else RecordBody()
    if action in ("create", "update"):
        fields_, faults = load(schema, rest)
        return Operation(action, **named, body=fields_, faults=faults)
    if unknown := [key for key in rest if key not in READ_ONLY]:
        raise InvalidInput(
            f"{where}.{unknown[0]}", f"Operation {position + 1}: {action} takes only {', '.join(named)}."
        )
    return Operation(action, **named)


def _name(given: Mapping[str, Any], key: str, position: int) -> str:
    """What names the zone or record, in its stored spelling; a new domain as it was sent."""
    value = given.get(key)
    if not isinstance(value, str) or "\0" in value or any("\ud800" <= each <= "\udfff" for each in value):
        raise InvalidInput(f"operations.{position}.{key}", f"Operation {position + 1}: `{key}` must be a string.")
    return value if key == "domain" else _stored(value)


def _stored(name: str) -> str:
    """A uuid or a domain as it is stored; what is neither is not found."""
    try:
        return names.canonical_domain(name, exempt=(name.lower().removesuffix("."),)) if "." in name else name.lower()
    except InvalidInput:
        return ""
