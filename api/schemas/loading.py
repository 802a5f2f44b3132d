"""Loading a body or a query by its schema: what is right, and the faults in field order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from flask import g, request
from marshmallow import RAISE, Schema, ValidationError
from marshmallow.exceptions import SCHEMA
from werkzeug.exceptions import RequestEntityTooLarge

from api.errors import InvalidRequest, UnsupportedMediaType
from nameserver.errors import InvalidInput

#: In every answer, never taken from a body: whole objects can be sent back.
READ_ONLY = frozenset({"uuid", "created_at", "zone"})


class Body(Schema):
    """A JSON object; the order of the fields is the order in which faults are named."""

    class Meta:
        """An unknown key is a fault: `{"tll": 300}` must not pass."""

        unknown = RAISE


@dataclass(frozen=True, slots=True)
class Content:
    """A body and its media type."""

    octets: bytes
    media_type: str


def content() -> Content:
    """The body of the request, or, while a kept write is carried out, of that. Raises RequestEntityTooLarge."""
    kept: Content | None = g.get("replayed")
    return kept or Content(content_of_request(), request.mimetype)


def require_no_body() -> None:
    """Raises InvalidRequest when the request says more than its URL: it would be ignored."""
    if content().octets.strip() not in (b"", b"{}"):
        raise InvalidRequest("This takes no body.")


def content_of_request() -> bytes:
    """The request's body, whole. Raises RequestEntityTooLarge.

    Without a Content-Length (chunked) it is read up to the limit, and the rest would be cut off unseen.
    """
    content = request.get_data(cache=True)
    if request.content_length is None and len(content) >= (request.max_content_length or 0):
        raise RequestEntityTooLarge
    return content


def json_body() -> Any:
    """The request's body, whatever JSON it is. Raises InvalidRequest, UnsupportedMediaType."""
    body = content()
    if not (body.media_type == "application/json" or body.media_type.endswith("+json")):
        raise UnsupportedMediaType(f"Send the body as application/json, not as {body.media_type or 'nothing'}.")
    try:
        return orjson.loads(body.octets)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"The body is not valid JSON: {error}.") from error


def json_object() -> dict[str, Any]:
    """The request's body, a JSON object. Raises InvalidRequest, UnsupportedMediaType."""
    body = json_body()
    if not isinstance(body, dict):
        raise InvalidRequest("The body must be a JSON object.")
    return body


def objects(body: Any) -> list[dict[str, Any]]:
    """The body as a list: an object alone, or an array of them. Raises InvalidRequest."""
    several = body if isinstance(body, list) else [body]
    if not several:
        raise InvalidRequest("The body must be a JSON object, or an array of at least one object.")
    for position, each in enumerate(several):
        if not isinstance(each, dict):
            what = f"Record {position + 1} of {len(several)}" if body is several else "The body"
            raise InvalidRequest(f"{what} must be a JSON object.")
    return several


def load(schema: Schema, body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The valid fields of a body, and the faults of the others in field order: {field: sentence}."""
    return _load(schema, {key: value for key, value in body.items() if key not in READ_ONLY}, "field")


def load_query(schema: Schema) -> dict[str, Any]:
    """The request's query. Raises InvalidInput for the first faulty parameter; one given twice is a fault, too."""
    parameters = request.args.to_dict(flat=False)
    for name, values in parameters.items():
        if name in schema.fields and len(values) > 1:
            raise InvalidInput(name, f"The query parameter `{name}` is given {len(values)} times; give it once.")
    return _faultless(*_load(schema, {name: values[0] for name, values in parameters.items()}, "query parameter"))


def raise_first(faults: Mapping[str, str]) -> None:
    """Raises InvalidInput for the first of the faults, if there is one."""
    for field, detail in faults.items():
        raise InvalidInput(field, detail)


def _load(schema: Schema, given: Mapping[str, Any], word: str) -> tuple[dict[str, Any], dict[str, str]]:
    try:
        return schema.load(given), {}
    except ValidationError as error:
        messages = error.normalized_messages()
        order = [*schema.fields, *given, SCHEMA]
        faults = {field: _sentence(field, messages[field], schema, word) for field in order if field in messages}
        return dict(error.valid_data or {}), faults


def _faultless(valid: dict[str, Any], faults: Mapping[str, str]) -> dict[str, Any]:
    raise_first(faults)
    return valid


def _sentence(field: str, messages: Any, schema: Schema, word: str) -> str:
    first = messages[0] if isinstance(messages, list) else str(messages)
    if first == "Unknown field.":
        known = f"the {word}s are {', '.join(schema.fields)}" if schema.fields else "there are none"
        return f"There is no {word} `{field}` here; {known}."
    if first == "Missing data for required field.":
        return f"The {word} `{field}` is required."
    if first == "Field may not be null.":
        return f"The {word} `{field}` must not be null."
    return f"The {word} `{field}` {first[:1].lower()}{first[1:]}"  # marshmallow's own begin with a capital
