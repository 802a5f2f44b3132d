"""The Flask application: it only plugs things together."""

import functools
import uuid

from flask import Flask, Response, g, request

from api import cors, database, openapi, problems, routes
from api.auth import LastUsed
from api.settings import Settings
from api.waiting import Waiters


def create_app(settings: Settings) -> Flask:
    """The application for these settings."""
    app = Flask("api", static_folder=None, template_folder="dashboard/templates")
    app.config["SETTINGS"] = settings
    app.config["MAX_CONTENT_LENGTH"] = settings.body_limit
    app.extensions["zonewright_last_used"] = LastUsed()
    app.extensions["zonewright_waiters"] = Waiters(settings.most_waiters)
    app.extensions["zonewright_openapi"] = functools.cache(openapi.document)
    database.connect(app, settings)
    routes.register(app)
    problems.register(app)
    cors.register(app)
    app.before_request(_name_request)
    app.after_request(_answer_name)
    return app


def _name_request() -> None:
    g.request_id = str(uuid.uuid4())


def _answer_name(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.get("request_id") or str(uuid.uuid4())
    response.headers["X-Content-Type-Options"] = "nosniff"
    if request.path.startswith("/api/"):
        response.headers["Cache-Control"] = "no-store"
    return response
