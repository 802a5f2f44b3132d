"""Answers: JSON bodies, and the headers that tell of a write."""

from typing import Any

import orjson
from flask import Response

from api.changes.journal import Written


def json_response(body: Any, status: int = 200) -> Response:
    """The body as JSON, its keys in the order given."""
    return Response(orjson.dumps(body), status=status, mimetype="application/json")


def written_response(body: Any, status: int, written: Written) -> Response:
    """The answer to a write: the page's body, and in the headers the change and where to watch it."""
    response = json_response(body, status) if body is not None else Response(status=status)
    response.headers["X-Zone-Serial"] = str(written.serial)
    response.headers.add("Link", f'<{_status_path(written)}>; rel="status"')
    if written.change is not None:
        response.headers["X-Change-Id"] = written.change
    if body is None:
        del response.headers["Content-Type"]
    return response


def _status_path(written: Written) -> str:
    """Where the write can be watched: a deleted zone has no status/ any more, its change goes on."""
    if written.deletion:
        return f"/api/v1/dns-changes/{written.change}/"
    return f"/api/v1/dns-zones/{written.zone}/status/"
