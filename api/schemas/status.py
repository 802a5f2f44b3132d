"""The shape of status/ and of changes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marshmallow import fields

from api.models import Change, Confirmation, Zone
from api.schemas.history import ToldChange, told
from api.schemas.loading import Body
from api.schemas.times import stamp, stamp_milliseconds, stamp_or_none
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


class AnsweredStanding(StandingAnswer):
    """How one nameserver stands with a change, and when it first answered it."""

    answered_at = fields.DateTime(required=True, allow_none=True)


class ConfirmationAnswer(Body):
    """Of a change made with `confirm_within`: waiting, confirmed, reverted or kept, and why it was kept."""

    state = fields.String(required=True)
    revert_at = fields.DateTime(required=True)
    detail = fields.String(required=True, allow_none=True)


class ChangeAnswer(ToldChange):
    """A change and how it stands."""

    state = fields.String(required=True)
    nameservers = fields.List(fields.Nested(AnsweredStanding), required=True)
    confirmation = fields.Nested(ConfirmationAnswer, required=True, allow_none=True)


def answer(zone: Zone, standings: list[Standing]) -> dict[str, Any]:
    """The answer of a zone's status/."""
    return _standings(standings, zone.serial)


def change_answer(
    change: Change,
    standings: list[Standing],
    answered: Mapping[str, datetime],
    confirmation: Confirmation | None,
) -> dict[str, Any]:
    """The answer of dns-changes/{id}/; `answered` is when each nameserver first answered it."""
    body = told(change) | _standings(standings, change.serial)
    for each in body["nameservers"]:
        each["answered_at"] = stamp_milliseconds(answered[each["name"]]) if each["name"] in answered else None
    return body | {"confirmation": confirmation and _confirmation(confirmation)}


def _confirmation(confirmation: Confirmation) -> dict[str, Any]:
    return {
        "state": confirmation.state,
        "revert_at": stamp(confirmation.revert_at),
        "detail": confirmation.detail,
    }


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
