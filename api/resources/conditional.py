"""Answers that a client may have already: `ETag` and `If-None-Match` (RFC 9110, section 13.1.2)."""

from typing import Any

from flask import Response

from api.answers import json_response
from api.intents import tags


def tagged(body: Any, etag: str) -> Response:
    """The body with its entity tag; 304 without it when the client has it."""
    known = tags("If-None-Match")
    response = Response(status=304) if known and known & {etag, "*"} else json_response(body)
    response.headers["ETag"] = etag
    response.headers["Vary"] = "Authorization"
    return response
