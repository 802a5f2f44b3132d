"""Loading a body or a query by its schema: what is right, and the faults in field order."""

from collections.abc import Mapping
from typing import Any

import orjson
from flask import request
from marshmallow import RAISE, Schema, ValidationError
from marshmallow.exceptions import SCHEMA

from api.errors import InvalidRequest, UnsupportedMediaType
from nameserver.errors import InvalidInput

#: In every answer, never taken from a body: whole objects can be sent back.
READ_ONLY = frozenset({"uuid", "created_at", "zone"})


class Body(Schema):
    """A JSON object; the order of the fields is the order in which faults are named."""

    class Meta:
        """An unknown key is a fault: `{"tll": 300}` must not pass."""

        unknown = RAISE


def json_object() -> dict[str, Any]:
    """The request's body. Raises InvalidRequest, UnsupportedMediaType."""
    content = request.get_data(cache=False)
    if not (request.mimetype == "application/json" or request.mimetype.endswith("+json")):
        raise UnsupportedMediaType(f"Send the body as application/json, not as {request.mimetype or 'nothing'}.")
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"The body is not valid JSON: {error}.") from error
    if not isinstance(body, dict):
        raise InvalidRequest("The body must be a JSON object.")
    return body


def load(schema: Schema, body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The valid fields of a body, and the faults of the others in field order: {field: sentence}."""
    kept = {key: value for key, value in body.items() if key not in READ_ONLY}
    try:
        return schema.load(kept), {}
    except ValidationError as error:
        messages = error.normalized_messages()
        order = [*schema.fields, *kept, SCHEMA]
        faults = {field: _sentence(field, messages[field], schema) for field in order if field in messages}
        return dict(error.valid_data or {}), faults


def load_all(schema: Schema, body: Mapping[str, Any]) -> dict[str, Any]:
    """The valid body. Raises InvalidInput for the first faulty field."""
    valid, faults = load(schema, body)
    for field, detail in faults.items():
        raise InvalidInput(field, detail)
    return valid


def _sentence(field: str, messages: Any, schema: Schema) -> str:
    first = messages[0] if isinstance(messages, list) else str(messages)
    if first == "Unknown field.":
        return f"There is no field `{field}` here; the fields are {', '.join(schema.fields)}."
    if first == "Missing data for required field.":
        return f"The field `{field}` is required."
    if first == "Field may not be null.":
        return f"The field `{field}` must not be null."
    return f"The field `{field}` {first}"
