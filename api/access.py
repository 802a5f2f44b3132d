"""One line for each request that was answered: who, what, how it ended, and which change it made."""

import logging
import time
from urllib.parse import quote

from flask import Response, g, request

log = logging.getLogger(__name__)

_OFTEN = ("/healthz", "/metrics")  # asked by machines every few seconds


def note(response: Response) -> Response:
    """Log the request: its path without the query, its token's name and never the token."""
    level = logging.DEBUG if request.path in _OFTEN else logging.INFO
    if log.isEnabledFor(level):
        fields = _fields(response)
        who = f"{fields['account']} “{fields.get('token', 'dashboard')}”" if "account" in fields else "nobody"
        words = (fields["method"], fields["path"], fields["status"], fields["ms"], who, g.get("request_id"))
        log.log(level, "%s %s %d in %.1f ms for %s, request %s", *words, extra=fields)
    return response


def _fields(response: Response) -> dict[str, object]:
    fields: dict[str, object] = {
        "method": request.method[:20],
        "path": quote(request.path[:500]),
        "status": response.status_code,
        "ms": round(1000 * (time.perf_counter() - g.began), 1),
        "address": request.remote_addr,
    }
    if "caller" in g:
        fields |= {"account": g.caller.email, "token": g.caller.token_name}
    elif "person" in g:
        fields["account"] = g.person
    written = g.get("written", [])
    if changes := [each.change for each in written if each.change]:
        fields["change_id"] = ", ".join(changes)
    if len(written) == 1:
        fields |= {"zone": written[0].domain, "serial": written[0].serial}
    return fields
