"""The route table: method, path, permission, query, and the function that answers.

A path ends in `/`; the same path without it is answered too, never redirected.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, g, request
from marshmallow import Schema

from api import auth
from api.resources import changes, health, records, zones
from api.schemas import loading
from api.schemas.queries import NoQuery, Paging, RecordQuery, ZoneQuery

LIST, CREATE, UPDATE, DELETE = "dns:list", "dns:create", "dns:update", "dns:delete"
_API = "/api/v1"


@dataclass(frozen=True, slots=True)
class Route:
    """One row; `permission` None needs no token."""

    method: str
    path: str
    permission: str | None
    answer: Callable[..., Response]
    query: type[Schema] = NoQuery


ROUTES = (
    Route("GET", f"{_API}/dns-zones/", LIST, zones.list_zones, ZoneQuery),
    Route("POST", f"{_API}/dns-zones/", CREATE, zones.create_zone),
    Route("GET", f"{_API}/dns-zones/<uuid>/", LIST, zones.show_zone),
    Route("DELETE", f"{_API}/dns-zones/<uuid>/", DELETE, zones.delete_zone),
    Route("GET", f"{_API}/dns-zones/<uuid>/status/", LIST, zones.zone_status),
    Route("GET", f"{_API}/dns-zones/<uuid>/records/", LIST, records.list_zone_records, Paging),
    Route("POST", f"{_API}/dns-zones/<uuid>/records/", CREATE, records.create_record),
    Route("GET", f"{_API}/dns-records/", LIST, records.list_records, RecordQuery),
    Route("GET", f"{_API}/dns-records/<uuid>/", LIST, records.show_record),
    Route("PUT", f"{_API}/dns-records/<uuid>/", UPDATE, records.replace_record),
    Route("PATCH", f"{_API}/dns-records/<uuid>/", UPDATE, records.patch_record),
    Route("DELETE", f"{_API}/dns-records/<uuid>/", DELETE, records.delete_record),
    Route("GET", f"{_API}/dns-changes/<uuid>/", LIST, changes.show_change),
    Route("GET", "/healthz", None, health.healthz),
)


def register(app: Flask) -> None:
    """Serve every route of the table."""
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    for route in ROUTES:
        endpoint = f"{route.method} {route.path}"
        options = {"methods": [route.method], "provide_automatic_options": False}
        app.add_url_rule(route.path, endpoint, _guarded(route), **options)  # type: ignore[arg-type]


def _guarded(route: Route) -> Callable[..., Response]:
    """The function behind its guards: 401 before 403 before the query's 400 before any look-up."""

    def view(**path: Any) -> Response:
        if route.permission is not None:
            auth.authenticate()
            auth.require(route.permission)
        g.query = loading.load_all(route.query(), request.args.to_dict())
        return route.answer(**{key: _canonical_uuid(value) for key, value in path.items()})

    return view


def _canonical_uuid(text: str) -> str:
    """The uuid as it is stored; what is none stays as it is and is not found."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return "-"
