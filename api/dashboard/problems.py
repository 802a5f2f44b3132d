"""Errors as pages, with the statuses and the sentences of the API's."""

from flask import Flask, Response, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import NotFound

from api import problems
from api.dashboard.answers import guard, page

_STALE = "This form came from a page that is no longer yours: cookies are off, or you signed in anew. Reload the page."


def register(app: Flask) -> None:
    """Where there is nothing, a browser gets a page, and a program what it always got."""
    app.register_error_handler(NotFound, _nothing)


def answer(error: Exception) -> Response:
    """Any error of a page."""
    told = problems.answer(error)
    words = _STALE if isinstance(error, CSRFError) else told.get_json()["detail"]
    answered = page("error", told.status_code, words=words, code=told.status_code)
    if "Retry-After" in told.headers:
        answered.headers["Retry-After"] = told.headers["Retry-After"]
    return answered


def _nothing(error: Exception) -> Response:
    likes = request.accept_mimetypes
    if request.path.startswith("/api/") or likes["text/html"] <= likes["application/json"]:
        return problems.answer(error)
    return guard(answer(error))
