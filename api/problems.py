"""The one table from an error's class to its status and `error_code`; every error has the same three keys."""

import logging

from flask import Flask, Response, g
from werkzeug.exceptions import HTTPException

from api import errors, unusable
from api.answers import json_response
from nameserver.errors import CheckerMissing, InvalidInput

log = logging.getLogger(__name__)

STATUS: dict[type[Exception], tuple[int, str]] = {
    InvalidInput: (400, "validation_error"),
    errors.InvalidRequest: (400, "validation_error"),
    errors.InvalidToken: (401, "invalid_token"),
    errors.PermissionDenied: (403, "permission_denied"),
    errors.NotFound: (404, "not_found"),
    errors.Conflict: (409, "conflict"),
    errors.PreconditionFailed: (412, "precondition_failed"),
    errors.UnsupportedMediaType: (415, "unsupported_media_type"),
    errors.RateLimited: (429, "rate_limited"),
    errors.Unavailable: (503, "unavailable"),
    CheckerMissing: (503, "unavailable"),
}
_HTTP = {
    400: ("validation_error", "The request is not valid."),
    404: ("not_found", "There is nothing at this URL."),
    405: ("method_not_allowed", "This URL does not take this method."),
    413: ("payload_too_large", "The body is larger than this server accepts."),
    415: ("unsupported_media_type", "Send the body as application/json."),
    429: ("rate_limited", "Too many requests; try again later."),
    503: ("unavailable", "The service is not available at the moment; try again."),
}


def register(app: Flask) -> None:
    """Answer every error in the contract's form."""
    for kind in STATUS:
        app.register_error_handler(kind, _known)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def answer(error: Exception) -> Response:
    """Any error's answer."""
    if isinstance(error, tuple(STATUS)):
        return _known(error)
    if isinstance(error, HTTPException):
        return _http(error)
    return _unexpected(error)


def problem(status: int, code: str, detail: str, field: str | None = None) -> Response:
    """An error's answer."""
    response = json_response({"detail": detail, "error_code": code, "field": field}, status)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _known(error: Exception) -> Response:
    status, code = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    response = problem(status, code, getattr(error, "detail", str(error)), getattr(error, "field", None))
    if isinstance(error, errors.RateLimited):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    code, detail = _HTTP.get(status, ("validation_error" if status < 500 else "internal_error", error.name))
    response = problem(status, code, detail)
    if status == 405 and (allowed := getattr(error, "valid_methods", None)):
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def _unexpected(error: Exception) -> Response:
    if (words := unusable.sentence(error)) is not None:
        log.error("request %s: the database cannot be used: %s", g.get("request_id"), error)
        return problem(503, "unavailable", words)
    log.error("request %s failed", g.get("request_id"), exc_info=error)
    return problem(500, "internal_error", "Something went wrong on our side; nothing was changed.")
