"""The Flask application: it only plugs things together."""

import functools
import time
import uuid

from flask import Flask, Response, g, request

from api import access, cors, database, floods, metrics, openapi, problems, routes
from api.auth import LastUsed
from api.dashboard import pages
from api.proxies import TrustedProxies
from api.settings import Settings
from api.waiting import Waiters

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def create_app(settings: Settings, processes: int = 1) -> Flask:
    """The application for these settings; one of so many processes that share the limits of rates."""
    app = Flask("api", static_folder=None, template_folder="dashboard/templates")
    app.config["SETTINGS"] = settings
    app.config["MAX_CONTENT_LENGTH"] = settings.body_limit
    app.extensions["zonewright_last_used"] = LastUsed()
    app.extensions["zonewright_waiters"] = Waiters(settings.most_waiters)
    app.extensions["zonewright_openapi"] = functools.cache(openapi.document)
    app.extensions["zonewright_floods"] = floods.Floods(settings, processes)
    app.before_request(_name_request)
    floods.register(app)
    database.connect(app, settings)
    routes.register(app)
    problems.register(app)
    pages.register(app, processes)
    cors.register(app)
    app.after_request(_answer_name)
    app.after_request(_count)
    app.after_request(access.note)
    if settings.trusted_proxies:
        app.wsgi_app = TrustedProxies(app.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign]  # Flask's way
    return app


def _name_request() -> None:
    g.request_id = str(uuid.uuid4())
    g.began = time.perf_counter()


def _answer_name(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.get("request_id") or str(uuid.uuid4())
    response.headers["X-Content-Type-Options"] = "nosniff"
    if request.path.startswith("/api/"):
        response.headers["Cache-Control"] = "no-store"
    return response


def _count(response: Response) -> Response:
    route = g.route.path if "route" in g else "-"
    counters = metrics.metrics()
    method = request.method if request.method in _METHODS else "other"  # a label's values must be few
    counters.requests.labels(method, route, response.status_code).inc()
    counters.request_seconds.labels(method, route).observe(time.perf_counter() - g.began)
    return response
