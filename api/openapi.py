"""The OpenAPI 3.1 document, made from the route table and the schemas."""

import re
from importlib.metadata import version
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin, OpenAPIConverter
from marshmallow import Schema, fields

from api.floods import FREE
from api.routes import ANY, ROUTES, Route
from api.schemas.errors import ErrorAnswer
from api.schemas.examples import EXAMPLES
from api.schemas.fields import Flag, Text, WholeNumber
from api.schemas.imports import SeveralAnswer
from api.schemas.proposals import ProposalAnswer
from api.schemas.queries import ExportQuery, NoQuery, WriteQuery

_WRITE_HEADERS = {
    "X-Change-Id": "The change this write made; absent when nothing changed.",
    "X-Zone-Serial": "The zone's serial after this write.",
    "X-Publication": "With `Prefer: wait`: in_sync, pending, failed or held.",
    "X-Confirm-By": "With `confirm_within`: when the write takes itself back unless it is confirmed.",
    "Link": "Where the publication can be watched (rel=status).",
    "X-Dry-Run": "`true` when the write was only tried.",
    "Preference-Applied": "`wait`, when the answer was held.",
    "Idempotency-Replayed": "`true` when this is the answer of an earlier write with the same key.",
}
_TAG_HEADERS = {"ETag": "What it says now; for If-Match and If-None-Match."}
_LIST_HEADERS = {"X-Total-Count": "How many there are on all pages.", "Link": "The next page (rel=next)."}
_REQUEST_HEADERS = {
    "Prefer": "`wait=N` holds the answer up to N seconds (30 at most) until every nameserver answers the change.",
    "X-Change-Reason": "Why, in at most 500 characters; kept with the change.",
    "If-Match": "Write only if the entity tag is still this one; otherwise 412.",
    "Idempotency-Key": "The same write sent again within 24 hours is answered again, and done once.",
}
#: Answered one at a time or as an array.
_ONE_OR_MANY = ("create_record", "zone_check")
_DECIDING = ("confirm_change", "approve_proposal", "reject_proposal")
_TAGGED = ("show_zone", "show_record")
#: What a zone may be sent as.
_IMPORTED = {
    "text/dns": {"schema": {"type": "string"}},
    "multipart/form-data": {
        "schema": {"type": "object", "additionalProperties": {"type": "string", "contentMediaType": "text/dns"}}
    },
    "application/x-tar": {"schema": {"type": "string", "contentMediaType": "application/x-tar"}},
}
#: What a zone may be answered as.
_EXPORTED: dict[str, Any] = {
    kind: {"schema": {"type": "string"}} for kind in ("text/dns", "text/csv", "text/plain")
} | {"application/json": {"schema": {"type": "object"}}, "application/yaml": {"schema": {}}}
_EXPORT_HEADERS = {
    "Content-Disposition": "A name for the file.",
    "X-Left-Out": "How many things the format cannot hold; absent when it holds everything.",
}
#: What the answers are that have no schema of their own.
_PLAIN = {
    "openapi": "application/json",
    "docs": "text/html",
    "healthz": "application/json",
    "read_metrics": "text/plain",
}
_ERRORS = {
    400: "The request is not valid; `field` names what is at fault.",
    401: "The token is missing or not valid.",
    403: "The token lacks the permission, or the address may not read this.",
    404: "It does not exist, or belongs to another account.",
    409: "What it would change is locked, or a request with the same Idempotency-Key is under way.",
    412: "It has changed meanwhile.",
    413: "The body is too large.",
    415: "The body is of another media type.",
    429: "Too many requests within a minute; Retry-After says when to try again.",
    500: "A fault of ours; nothing was changed.",
    503: "The database, or what else it takes, is not available at the moment.",
}
_ABOUT = (
    "Zones and records of the DNS, live on every nameserver: a change is in sync when each was asked and answered it."
)


def document() -> dict[str, Any]:
    """The document as plain JSON values."""
    plugin = MarshmallowPlugin(schema_name_resolver=lambda schema: _schema_class(schema).__name__)
    about = {"description": _ABOUT, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}}
    spec = APISpec("zonewright", version("zonewright"), "3.1.0", info=about, plugins=[plugin])
    _teach(plugin.converter)
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer", "description": "`vps_…`"})
    spec.components.schema("Error", schema=ErrorAnswer)
    for route in ROUTES:
        spec.path(_path(route), operations={route.method.lower(): _operation(route)})
    return spec.to_dict()


def _schema_class(schema: Any) -> type[Schema]:
    return schema if isinstance(schema, type) else type(schema)


def _teach(converter: OpenAPIConverter | None) -> None:
    """What our own kinds of values are in JSON Schema."""
    assert converter is not None
    converter.map_to_openapi_type(Text, "string", None)
    converter.map_to_openapi_type(WholeNumber, "integer", None)
    converter.map_to_openapi_type(Flag, "boolean", None)
    converter.add_attribute_function(_bounds)


def _bounds(_converter: Any, field: fields.Field[Any], **_: Any) -> dict[str, Any]:
    return {"minimum": field.low, "maximum": field.high} if isinstance(field, WholeNumber) else {}


def _path(route: Route) -> str:
    return re.sub(r"<(\w+)>", r"{\1}", route.path)


def _operation(route: Route) -> dict[str, Any]:
    words = (route.answer.__doc__ or "").strip()
    operation: dict[str, Any] = {
        "operationId": route.answer.__name__,
        "summary": words.splitlines()[0].rstrip("."),
        "tags": [route.path.split("/")[3] if route.path.startswith("/api/") else "service"],
        "parameters": _parameters(route),
        "responses": {str(route.status): _success(route)}
        | {str(status): _error(status) for status in _faults(route)}
        | _unchanged(route)
        | _kept(route),
        "security": [] if route.permission is None else [{"token": []}],
    }
    if route.permission is not None:
        operation["description"] = _permission(route)
    if route.body is not None:
        example = EXAMPLES.get(route.body)
        content: dict[str, Any] = {"schema": _body_schema(route)} | ({"example": example} if example else {})
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    if route.large:
        operation["requestBody"] = {"required": True, "content": _IMPORTED}
    return operation


def _permission(route: Route) -> str:
    return "Each operation takes its own permission." if route.permission == ANY else f"Takes `{route.permission}`."


def _body_schema(route: Route) -> Any:
    """Records can be created one at a time or as an array."""
    if route.answer.__name__ == "create_record":
        return {"oneOf": [route.body, {"type": "array", "items": route.body, "minItems": 1}]}
    return route.body


def _parameters(route: Route) -> list[Any]:
    parameters: list[Any] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
        for name in re.findall(r"<(\w+)>", route.path)
    ]
    if route.query is not NoQuery:
        parameters.append({"in": "query", "schema": route.query})
    if issubclass(route.query, WriteQuery):
        parameters += [
            {"name": name, "in": "header", "description": words, "schema": {"type": "string"}}
            for name, words in _REQUEST_HEADERS.items()
            if name != "If-Match" or "<uuid>" in route.path
        ]
    if route.answer.__name__ in _TAGGED:
        words = "Answer only if the entity tag is no longer one of these; otherwise 304."
        parameters.append({"name": "If-None-Match", "in": "header", "description": words, "schema": {"type": "string"}})
    return parameters


def _success(route: Route) -> dict[str, Any]:
    response: dict[str, Any] = {"description": "Done."}
    if route.answers is not None:
        schema: Any = {"type": "array", "items": route.answers} if route.many else route.answers
        if route.answer.__name__ in _ONE_OR_MANY:
            schema = {"oneOf": [route.answers, {"type": "array", "items": route.answers}]}
        if route.large:
            schema = {"oneOf": [route.answers, SeveralAnswer]}
        response["content"] = {"application/json": {"schema": schema}}
        if (example := EXAMPLES.get(route.answers)) is not None:
            response["content"]["application/json"]["example"] = [example] if route.many else example
    elif (kind := _PLAIN.get(route.answer.__name__)) is not None:
        response["content"] = {kind: {"schema": {"type": "object" if kind.endswith("json") else "string"}}}
    if route.query is ExportQuery:
        response |= {"content": _EXPORTED, "headers": _headers(_EXPORT_HEADERS)}
    elif issubclass(route.query, WriteQuery):
        response["headers"] = _headers(_WRITE_HEADERS)
    elif route.answer.__name__ in _TAGGED:
        response["headers"] = _headers(_TAG_HEADERS)
    elif route.many:
        response["headers"] = _headers(_LIST_HEADERS)
    return response


def _headers(words: dict[str, str]) -> dict[str, Any]:
    return {name: {"description": each, "schema": {"type": "string"}} for name, each in words.items()}


def _unchanged(route: Route) -> dict[str, Any]:
    if route.answer.__name__ not in _TAGGED:
        return {}
    return {"304": {"description": "It is what the client has.", "headers": _headers(_TAG_HEADERS)}}


def _kept(route: Route) -> dict[str, Any]:
    """A write that is kept instead of done; and what came of one that is approved is that write's own answer."""
    content = {"application/json": {"schema": ProposalAnswer}}
    if issubclass(route.query, WriteQuery):
        return {"202": {"description": "It is kept, as `propose` or `apply_at` wants it.", "content": content}}
    if route.answer.__name__ != "approve_proposal":
        return {}
    written: dict[str, Any] = {"application/json": {"schema": {}}}
    done = {"description": "Done, with the write's own answer.", "headers": _headers(_WRITE_HEADERS)}
    return {
        "200": done | {"content": written},
        "201": done | {"content": written},
        "202": {"description": "It is done at its time.", "content": content},
        "204": done,
        "409": _error(409),
        "412": _error(412),
    }


def _faults(route: Route) -> list[int]:
    statuses = {400, 500, 503} if route.path in FREE else {400, 429, 500, 503}
    if route.permission is not None:
        statuses |= {401, 403}
    if route.path == "/metrics":
        statuses.add(403)
    if "<uuid>" in route.path:
        statuses.add(404)
    if route.answer.__name__ in _DECIDING:
        statuses.add(409)
    if issubclass(route.query, WriteQuery):
        statuses |= {409, 413} | ({412} if "<uuid>" in route.path else set())
    if route.body is not None or route.large:
        statuses.add(415)
    return sorted(statuses)


def _error(status: int) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": _ERRORS[status], "content": {"application/json": {"schema": "Error"}}}
    if status == 429:
        answer["headers"] = _headers({"Retry-After": "Seconds until the minute is over."})
    return answer
