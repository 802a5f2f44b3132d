"""The shape of status/ and of changes."""

from typing import Any

from marshmallow import fields

from api.models import Change, Zone
from api.schemas.loading import Body
from api.schemas.times import stamp, stamp_or_none
from api.store.status import Standing, overall


class StandingAnswer(Body):
    """How one nameserver stands."""

    name = fields.String(required=True)
    state = fields.String(required=True)
    serial = fields.Integer(required=True, allow_none=True)
    checked_at = fields.DateTime(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True)


class StatusAnswer(Body):
    """How a zone stands."""

    state = fields.String(required=True)
    serial = fields.Integer(required=True)
    nameservers = fields.List(fields.Nested(StandingAnswer), required=True)


class ChangeAnswer(StatusAnswer):
    """A change and how it stands."""

    id = fields.UUID(required=True)
    zone = fields.UUID(required=True)
    domain = fields.String(required=True)
    action = fields.String(required=True)
    created_at = fields.DateTime(required=True)
    actor = fields.Dict(required=True)
    removed = fields.List(fields.Dict(), required=True)
    added = fields.List(fields.Dict(), required=True)


def answer(zone: Zone, standings: list[Standing]) -> dict[str, Any]:
    """The answer of a zone's status/."""
    return _standings(standings, zone.serial)


def change_answer(change: Change, standings: list[Standing]) -> dict[str, Any]:
    """The answer of dns-changes/{id}/."""
    return {
        "id": change.uuid,
        "zone": change.zone_uuid,
        "domain": change.domain,
        "action": change.action,
        "created_at": stamp(change.created_at),
        "actor": change.actor,
        "removed": change.removed,
        "added": change.added,
    } | _standings(standings, change.serial)


def _standings(standings: list[Standing], serial: int) -> dict[str, Any]:
    return {
        "state": overall(standings),
        "serial": serial,
        "nameservers": [
            {
                "name": standing.name,
                "state": standing.state,
                "serial": standing.serial,
                "checked_at": stamp_or_none(standing.checked_at),
                "error": standing.error,
            }
            for standing in standings
        ],
    }
