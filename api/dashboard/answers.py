"""What a page is answered with: a template, its status, and headers that keep it to itself."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Response, redirect, render_template, request
from flask_login import current_user

_STATIC = Path(__file__).parent / "static"
# Nothing from elsewhere, no script or style within the page, no frame around it.
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def page(template: str, status: int = 200, **values: Any) -> Response:
    """The page; `person` is who is signed in, or None."""
    person = current_user if current_user.is_authenticated else None
    return Response(render_template(f"{template}.html", person=person, asset=asset, **values), status)


def back_to(path: str) -> Response:
    """Go and read this, after a form was sent (RFC 9110, section 15.4.4)."""
    return redirect(path, 303)  # type: ignore[return-value]  # werkzeug's own class is the one above


def asset(name: str) -> str:
    """The address of a file of ours; another content has another address."""
    return f"/static/{name}?{_digest(name)}"


def guard(response: Response) -> Response:
    """The headers of every page."""
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Frame-Options"] = "DENY"
    if not request.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-store"
    return response


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:12]
