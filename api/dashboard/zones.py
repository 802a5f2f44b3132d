"""Zones: the list, and one with its records."""

from flask import Response, request

from api.dashboard.answers import page
from api.dashboard.paging import Paged
from api.dashboard.person import person
from api.models import Zone
from api.store import overview, status
from api.store.accounts import owner_of

STATES = ("held", "failed", "pending")
_ZONES, _RECORDS = 50, 100


def list_zones() -> Response:
    """The zones one sees, by name, with where each stands."""
    text, state = request.args.get("search", "").strip(), request.args.get("state", "")
    paged = Paged(_ZONES)
    wanted = overview.Wanted(person().sees, text, state if state in STATES else None)
    found = paged.cut(overview.zones(wanted, paged.page))
    standings = status.standings_of([each.zone.domain for each in found])
    rows = [(each, status.overall(standings[each.zone.domain]), standings[each.zone.domain]) for each in found]
    return page("zones", rows=rows, total=overview.count(wanted), paged=paged, text=text, state=state, states=STATES)


def show_zone(zone: str) -> Response:
    """A zone with its records, and where it stands."""
    found = zone_seen(zone)
    text, paged = request.args.get("search", "").strip(), Paged(_RECORDS)
    records = paged.cut(overview.records(found, text, paged.page))
    standings = status.zone_standings(found.domain)
    return page(
        "zone",
        zone=found,
        owner=owner_of(found),
        records=records,
        total=overview.count_records(found, text),
        paged=paged,
        text=text,
        standings=standings,
        state=status.overall(standings),
    )


def zone_seen(uuid: str) -> Zone:
    """A zone that the person may see. Raises NotFound, the same for an unknown and a foreign one."""
    return overview.zone_seen(person().sees, uuid)
