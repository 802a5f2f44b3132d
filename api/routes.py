"""The route table: method, path, permission, status, query, and the function that answers.

A path ends in `/`; the same path without it is answered too, never redirected.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Flask, Response, current_app, g, request
from marshmallow import Schema

from api import auth, proposing
from api.answers import json_response, written_response
from api.changes import idempotency
from api.errors import InvalidRequest, NotFound
from api.intents import intent
from api.resources import (
    batches,
    changes,
    documents,
    exports,
    health,
    history,
    imports,
    locks,
    proposals,
    records,
    zones,
)
from api.schemas import loading
from api.schemas.batches import BatchAnswer, BatchBody
from api.schemas.checks import CheckAnswer, DeepQuery, HistoryQuery
from api.schemas.history import DiffAnswer, RollbackBody, ToldChange, UndoneAnswer
from api.schemas.imports import ImportAnswer
from api.schemas.locks import LockAnswer, LockBody
from api.schemas.proposals import ProposalAnswer
from api.schemas.queries import (
    AtQuery,
    BatchQuery,
    ChangesQuery,
    DiffQuery,
    ExportQuery,
    ImportQuery,
    LockQuery,
    NoQuery,
    PagedAtQuery,
    Paging,
    ProposalsQuery,
    RecordQuery,
    WriteQuery,
    ZoneQuery,
)
from api.schemas.records import FlatRecordAnswer, RecordAnswer, RecordBody, RecordPatch
from api.schemas.status import ChangeAnswer, StatusAnswer
from api.schemas.zones import WholeZoneAnswer, ZoneAnswer, ZoneBody
from api.waiting import wait_if_preferred

LIST, CREATE, UPDATE, DELETE = "dns:list", "dns:create", "dns:update", "dns:delete"
#: Which of the permissions to write it takes depends on what the body asks for.
ANY = "dns:*"
_API = "/api/v1"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Route:
    """One row. `permission` None needs no token; `answers` None has no body; `many`: an array of them.

    `large`: the body may be as large as the setting `import_limit` says.
    """

    method: str
    path: str
    permission: str | None
    status: int
    answer: Callable[..., Response]
    query: type[Schema] = NoQuery
    body: type[Schema] | None = None
    answers: type[Schema] | None = None
    many: bool = False
    large: bool = False


def _write(
    method: str,
    path: str,
    permission: str,
    status: int,
    answer: Callable[..., Response],
    body: Any = None,
    answers: Any = None,
    query: type[WriteQuery] = WriteQuery,
    large: bool = False,
) -> Route:
    return Route(method, _API + path, permission, status, answer, query, body, answers, large=large)


def _read(path: str, answer: Callable[..., Response], answers: Any, query: Any = NoQuery, many: bool = False) -> Route:
    return Route("GET", _API + path, LIST, 200, answer, query, None, answers, many)


ROUTES = (
    _read("/dns-zones/", zones.list_zones, ZoneAnswer, ZoneQuery, many=True),
    _write("POST", "/dns-zones/", CREATE, 201, zones.create_zone, ZoneBody, WholeZoneAnswer),
    _write(
        *("POST", "/dns-zones/import/", CREATE, 201, imports.import_zones),
        answers=ImportAnswer,
        query=ImportQuery,
        large=True,
    ),
    _read("/dns-zones/<uuid>/export/", exports.export_zone, None, ExportQuery),
    _read("/dns-zones/<uuid>/", zones.show_zone, WholeZoneAnswer, AtQuery),
    _write("DELETE", "/dns-zones/<uuid>/", DELETE, 204, zones.delete_zone),
    _read("/dns-zones/<uuid>/status/", zones.zone_status, StatusAnswer),
    _read("/dns-zones/<uuid>/check/", zones.zone_check, CheckAnswer, HistoryQuery),
    Route("POST", f"{_API}/dns-zones/<uuid>/check/", LIST, 200, zones.check_zone_now, DeepQuery, None, CheckAnswer),
    _read("/dns-zones/<uuid>/records/", records.list_zone_records, RecordAnswer, PagedAtQuery, many=True),
    _write("POST", "/dns-zones/<uuid>/records/", CREATE, 201, records.create_record, RecordBody, RecordAnswer),
    _read("/dns-records/", records.list_records, FlatRecordAnswer, RecordQuery, many=True),
    _read("/dns-records/<uuid>/", records.show_record, FlatRecordAnswer),
    _write("PUT", "/dns-records/<uuid>/", UPDATE, 200, records.replace_record, RecordBody, FlatRecordAnswer),
    _write("PATCH", "/dns-records/<uuid>/", UPDATE, 200, records.patch_record, RecordPatch, FlatRecordAnswer),
    _write("DELETE", "/dns-records/<uuid>/", DELETE, 204, records.delete_record),
    _write("POST", "/dns-batches/", ANY, 200, batches.apply_batch, BatchBody, BatchAnswer, BatchQuery),
    _read("/dns-zones/<uuid>/changes/", changes.list_zone_changes, ToldChange, Paging, many=True),
    _read("/dns-zones/<uuid>/diff/", history.diff, DiffAnswer, DiffQuery),
    _write("POST", "/dns-zones/<uuid>/rollback/", UPDATE, 200, history.rollback, RollbackBody, UndoneAnswer),
    _write("POST", "/dns-zones/<uuid>/undelete/", CREATE, 200, history.undelete, None, UndoneAnswer),
    _read("/dns-zones/<uuid>/locks/", locks.list_locks, LockAnswer, Paging, many=True),
    _write("POST", "/dns-zones/<uuid>/locks/", UPDATE, 201, locks.create_lock, LockBody, LockAnswer, LockQuery),
    _read("/dns-locks/<uuid>/", locks.show_lock, LockAnswer),
    _write("DELETE", "/dns-locks/<uuid>/", UPDATE, 204, locks.delete_lock, query=LockQuery),
    _read("/dns-changes/", changes.list_changes, ToldChange, ChangesQuery, many=True),
    _write("POST", "/dns-changes/<uuid>/revert/", UPDATE, 200, changes.revert_change, None, UndoneAnswer),
    Route("POST", f"{_API}/dns-changes/<uuid>/confirm/", UPDATE, 200, changes.confirm_change, answers=ChangeAnswer),
    _read("/dns-proposals/", proposals.list_proposals, ProposalAnswer, ProposalsQuery, many=True),
    _read("/dns-proposals/<uuid>/", proposals.show_proposal, ProposalAnswer),
    Route("POST", f"{_API}/dns-proposals/<uuid>/approve/", ANY, 200, proposals.approve_proposal),
    Route("POST", f"{_API}/dns-proposals/<uuid>/reject/", ANY, 200, proposals.reject_proposal, answers=ProposalAnswer),
    _read("/dns-changes/<uuid>/", changes.show_change, ChangeAnswer),
    Route("GET", f"{_API}/openapi.json", None, 200, documents.openapi),
    Route("GET", "/docs/", None, 200, documents.docs),
    Route("GET", "/healthz", None, 200, health.healthz),
    Route("GET", "/metrics", None, 200, health.read_metrics),
)


def register(app: Flask) -> None:
    """Serve every route of the table."""
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.before_request(_refuse_empty_segments)
    app.extensions["zonewright_routes"] = {f"{route.method} {route.path}": route for route in ROUTES}
    for route in ROUTES:
        endpoint = f"{route.method} {route.path}"
        options = {"methods": [route.method], "provide_automatic_options": False}
        app.add_url_rule(route.path, endpoint, _guarded(route), **options)  # type: ignore[arg-type]


def _guarded(route: Route) -> Callable[..., Response]:
    """The function behind its guards: 401 before 403 before the query's 400 before any look-up."""

    def view(**path: Any) -> Response:
        if route.permission is not None:
            auth.authenticate()
        if route.permission == ANY:
            auth.require_any(CREATE, UPDATE, DELETE)
        elif route.permission is not None:
            auth.require(route.permission)
        g.route = route
        if route.large:
            request.max_content_length = current_app.config["SETTINGS"].import_limit
        g.query = loading.load_query(route.query())
        values = {key: _canonical_uuid(value) for key, value in path.items()}
        return _written(route, values) if issubclass(route.query, WriteQuery) else route.answer(**values)

    return view


def _written(route: Route, values: dict[str, str]) -> Response:
    """A write, done once for each Idempotency-Key."""
    g.intent = intent()
    if g.intent.if_match is not None and not values:
        raise InvalidRequest("If-Match has no meaning here: what this URL writes has no ETag.", "If-Match")
    key = g.intent.key
    act = partial(_proposed, route, values) if proposing.wanted() else partial(route.answer, **values)
    if key is None:
        return act()
    account = auth.caller().account_id
    known = idempotency.claim(account, key)
    if known is not None:
        if route.permission == ANY:
            batches.authorized()
        if route.large:
            imports.authorized()
        body, written = known
        response = written_response(body, 202 if proposing.wanted() else route.status, written)
        response.headers["Idempotency-Replayed"] = "true"
        return wait_if_preferred(response, written)
    try:
        return act()
    except BaseException:
        idempotency.release(account, key)
        raise


def _proposed(route: Route, values: dict[str, str]) -> Response:
    return json_response(proposing.propose(route, values), 202)


def _canonical_uuid(text: str) -> str:
    """The uuid as it is stored; what is none becomes something that is not found."""
    return text.lower() if _UUID.fullmatch(text) else "-"


def _refuse_empty_segments() -> None:
    """`/dns-zones//`, from a program whose variable is empty, is no list of everything."""
    if "//" in request.path:
        raise NotFound("There is nothing at this URL.")
