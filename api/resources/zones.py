"""Zones."""

from flask import Response, current_app, g

from api.answers import json_response, written_response
from api.auth import caller
from api.changes import zones as changes
from api.pagination import page_of, paged
from api.schemas import status as status_schema
from api.schemas import zones as schema
from api.schemas.loading import json_object, load_all
from api.store import records as stored_records
from api.store import status, zones
from api.store.pages import EVERYTHING
from api.waiting import wait_if_preferred
from nameserver import names
from nameserver.errors import InvalidInput


def list_zones() -> Response:
    """The caller's zones."""
    page, domain = page_of(g.query), _wanted_domain()
    rows = zones.list_zones(caller().account_id, domain, page)
    total = zones.count_zones(caller().account_id, domain)
    return paged(rows, page, total, lambda row: schema.answer(row[0], row[1]), lambda row: int(row[0].id))


def create_zone() -> Response:
    """A new, empty zone."""
    body = load_all(schema.ZoneBody(), json_object())
    zone, written = changes.create(current_app.config["SETTINGS"], caller().actor(), body["domain"])
    return wait_if_preferred(written_response(schema.whole_answer(zone, []), 201, written), written)


def show_zone(uuid: str) -> Response:
    """A zone with its records."""
    zone = zones.zone_of(caller().account_id, uuid)
    return json_response(schema.whole_answer(zone, stored_records.records_of(zone, EVERYTHING)))


def delete_zone(uuid: str) -> Response:
    """A zone goes, with its records."""
    written = changes.delete(caller().actor(), uuid)
    return wait_if_preferred(written_response(None, 204, written), written)


def zone_status(uuid: str) -> Response:
    """How every nameserver stands with the zone."""
    zone = zones.zone_of(caller().account_id, uuid)
    return json_response(status_schema.answer(zone, status.zone_standings(zone.domain)))


def _wanted_domain() -> str | None:
    """The domain to filter by, in its stored spelling; what cannot be a zone matches none."""
    text = g.query.get("domain")
    if text is None:
        return None
    try:
        return names.canonical_domain(text)
    except InvalidInput:
        return ""
