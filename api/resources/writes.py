"""The end of every write: its answer, held when the request prefers to wait."""

from typing import Any

from flask import Response, g

from api.answers import written_response
from api.changes.journal import Written
from api.waiting import wait_if_preferred


def finished(body: Any, *written: Written) -> Response:
    """The answer with the route's own status, and with the headers that tell of the write."""
    response = written_response(body, g.route.status, list(written), g.intent.dry_run)
    return wait_if_preferred(response, list(written))
