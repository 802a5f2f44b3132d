"""Cross-origin requests (the Fetch standard): which pages may call the API from a browser."""

from flask import Flask, Response, current_app, request

_METHODS = "GET, POST, PUT, PATCH, DELETE"
_ASKED = "Authorization, Content-Type, Prefer, If-Match, If-None-Match, Idempotency-Key, X-Change-Reason"
_TOLD = (
    "ETag, Idempotency-Replayed, Link, Preference-Applied, Retry-After, X-Change-Id, X-Confirm-By, X-Dry-Run, "
    "X-Publication, X-Request-Id, X-Total-Count, X-Zone-Serial"
)
_SECONDS = "600"


def register(app: Flask) -> None:
    """Answer preflights before anything else, and let the allowed origins read answers."""
    app.before_request(_preflight)
    app.after_request(_allow)


def _preflight() -> Response | None:
    if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers or not _origin():
        return None
    response = Response(status=204)
    del response.headers["Content-Type"]
    response.headers["Access-Control-Allow-Methods"] = _METHODS
    response.headers["Access-Control-Allow-Headers"] = _ASKED
    response.headers["Access-Control-Max-Age"] = _SECONDS
    return response


def _allow(response: Response) -> Response:
    if current_app.config["SETTINGS"].cors_origins:
        response.vary.add("Origin")
    if origin := _origin():
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = _TOLD
    return response


def _origin() -> str | None:
    """The request's origin if its pages may call. Tokens are sent by the page itself, so `*` is safe to say."""
    allowed, origin = current_app.config["SETTINGS"].cors_origins, request.headers.get("Origin")
    return origin if origin and (origin in allowed or "*" in allowed) else None
