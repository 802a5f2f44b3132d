"""The API, asked as its users ask it."""

import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from api.doctor.finding import Findings, fail, ok, skip

_NAME = "API"
_SECONDS = 5.0


def check(url: str | None) -> Findings:
    """Does it answer, and can it ask its database?"""
    if not url:
        yield skip(_NAME, "Not asked: give its address with --api, or ZONEWRIGHT_API.")
        return
    began = time.monotonic()
    try:
        status = _status(url)
    except (OSError, HTTPException, ValueError) as error:
        mend = "Is `zonewright api` (or `up`) running, and is this its address? Read its log."
        yield fail(_NAME, f"{url} does not answer: {error or type(error).__name__}.", mend)
        return
    if status == 200:
        yield ok(_NAME, f"{url} answers after {1000 * (time.monotonic() - began):.0f} ms.")
    elif status == 503:
        yield fail(_NAME, f"{url} answers that it cannot use its database.", "Mend the database: see above.")
    else:
        yield fail(_NAME, f"{url}/healthz answers {status}.", "Something else answers there: give another --api.")


def _status(url: str) -> int:
    """Raises OSError, HTTPException, ValueError (no URL)."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address is like http://127.0.0.1:8053")
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=_SECONDS)
    try:
        connection.request("GET", f"{parts.path.rstrip('/')}/healthz")
        return connection.getresponse().status
    finally:
        connection.close()
