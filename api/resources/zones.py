"""Zones."""

from typing import Any

from flask import Response, current_app, g

from api.answers import json_response
from api.auth import caller
from api.changes import zones as changes
from api.checking import check_now, last_check
from api.models import Zone, etags
from api.pagination import page_of, paged
from api.resources import history
from api.resources.conditional import tagged
from api.resources.writes import finished
from api.schemas import checks as check_schema
from api.schemas import status as status_schema
from api.schemas import zones as schema
from api.schemas.loading import json_object, load, raise_first
from api.store import records as stored_records
from api.store import status, zones
from api.store.checks import last_checks
from api.store.pages import EVERYTHING
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
    body, faults = load(schema.ZoneBody(), json_object())
    if "domain" not in faults:  # its own fault goes before that of an unknown field
        changes.canonical(current_app.config["SETTINGS"], body["domain"])
    raise_first(faults)
    return finished(*changes.create(current_app.config["SETTINGS"], g.intent, body["domain"], _empty))


def show_zone(uuid: str) -> Response:
    """A zone with its records, now or as they were."""
    if "at" in g.query:
        return history.zone_at(uuid, g.query["at"])
    zone = zones.zone_of(caller().account_id, uuid)
    return tagged(schema.whole_answer(zone, stored_records.records_of(zone, EVERYTHING)), etags.of_zone(zone))


def delete_zone(uuid: str) -> Response:
    """A zone goes, with its records."""
    return finished(None, changes.delete(g.intent, uuid))


def zone_status(uuid: str) -> Response:
    """How every nameserver stands with the zone."""
    zone = zones.zone_of(caller().account_id, uuid)
    return json_response(status_schema.answer(zone, status.zone_standings(zone.domain)))


def zone_check(uuid: str) -> Response:
    """The zone's last named-checkzone report, or the newest few."""
    zone = zones.zone_of(caller().account_id, uuid)
    last = last_check(current_app.config["SETTINGS"], zone)
    if (most := g.query.get("history")) is None:
        return json_response(check_schema.answer(last))
    return json_response(list(map(check_schema.answer, last_checks(zone, most))))


def check_zone_now(uuid: str) -> Response:
    """Check the zone now."""
    zone = zones.zone_of(caller().account_id, uuid)
    deep = g.query.get("deep", False)
    return json_response(check_schema.answer(check_now(current_app.config["SETTINGS"], zone, deep)))


def _empty(zone: Zone) -> dict[str, Any]:
    return schema.whole_answer(zone, [])


def _wanted_domain() -> str | None:
    """The domain to filter by, in its stored spelling; what cannot be a zone matches none."""
    text = g.query.get("domain")
    if text is None:
        return None
    try:
        return names.canonical_domain(text)
    except InvalidInput:
        return ""
