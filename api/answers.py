"""Answers: JSON bodies, and the headers that tell of a write."""

from typing import Any

import orjson
from flask import Response, g

from api.changes.journal import Written
from api.schemas.times import stamp

#: A batch over more zones tells of them in its body only: many clients and proxies refuse so long a header.
MOST_IN_HEADERS = 20


def json_response(body: Any, status: int = 200) -> Response:
    """The body as JSON, its keys in the order given."""
    return Response(orjson.dumps(body), status=status, mimetype="application/json")


def written_response(body: Any, status: int, written: list[Written], dry_run: bool = False) -> Response:
    """The answer to a write: the page's body, and in the headers the changes and where to watch them."""
    response = json_response(body, status) if status != 204 else Response(status=status)
    if status == 204:
        del response.headers["Content-Type"]
    if dry_run:
        response.headers["X-Dry-Run"] = "true"
        return response
    g.written = written
    if len(written) > MOST_IN_HEADERS:
        return response
    if written:
        response.headers["X-Zone-Serial"] = ", ".join(str(each.serial) for each in written)
    for each in written:
        response.headers.add("Link", f'<{_status_path(each)}>; rel="status"')
    if changes := [each.change for each in written if each.change]:
        response.headers["X-Change-Id"] = ", ".join(changes)
        if "intent" in g and g.intent.deadline is not None:
            response.headers["X-Confirm-By"] = stamp(g.intent.deadline.revert_at)
    return response


def _status_path(written: Written) -> str:
    """Where the write can be watched: a deleted zone has no status/ any more, its change goes on."""
    if written.deletion:
        return f"/api/v1/dns-changes/{written.change}/"
    return f"/api/v1/dns-zones/{written.zone}/status/"
