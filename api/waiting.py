"""`Prefer: wait=N` (RFC 7240): hold the answer to a write until all nameservers answer the change.

No session and no transaction is held while waiting; few requests of a process may wait at a time.
"""

import re
import threading
import time

from flask import Response, current_app, request

from api import metrics
from api.changes.journal import Written
from api.database import db
from api.store import status

MOST_SECONDS = 30
_WAIT = re.compile(r"\s*wait\s*=\s*\"?(\d{1,400})\"?\s*(;.*)?", re.IGNORECASE | re.ASCII)


class Waiters:
    """How many requests of this process wait."""

    def __init__(self, most: int) -> None:
        self.places = threading.BoundedSemaphore(most)


def wait_if_preferred(response: Response, written: list[Written]) -> Response:
    """The answer, held as the request prefers, with `X-Publication` telling how far the change got."""
    seconds = _preferred()
    if seconds is None or not written or "X-Dry-Run" in response.headers:
        return response
    waiters: Waiters = current_app.extensions["zonewright_waiters"]
    response.headers["Preference-Applied"] = "wait"
    if not waiters.places.acquire(blocking=False):
        response.headers["X-Publication"] = _state(written)[0]
        return response
    try:
        with metrics.metrics().waiters.track_inprogress():
            response.headers["X-Publication"] = _wait(written, seconds)
    finally:
        waiters.places.release()
    return response


def _preferred() -> float | None:
    for preference in ",".join(request.headers.getlist("Prefer")).split(","):
        match = _WAIT.fullmatch(preference)
        if match:
            return min(int(match[1]), MOST_SECONDS)
    return None


def _wait(written: list[Written], seconds: float) -> str:
    began = time.monotonic()
    while True:
        state, hopeless = _state(written)
        waited = time.monotonic() - began
        if state != "pending" or hopeless or waited >= seconds:
            return state
        # One way for both databases: short naps at first, longer ones as the wait grows.
        time.sleep(min(max(0.001, 0.15 * waited), seconds - waited))


def _state(written: list[Written]) -> tuple[str, bool]:
    """The state of all together, and whether waiting is useless because a nameserver is known to be down."""
    standings = [standing for each in written for standing in _standings(each)]
    db.session.remove()
    return status.overall(standings), any(standing.state == "unreachable" for standing in standings)


def _standings(written: Written) -> list[status.Standing]:
    if written.change is None:
        return status.zone_standings(written.domain)
    return status.change_standings(written.domain, written.serial, written.deletion)
