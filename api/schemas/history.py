"""The shape of histories: changes in a list, differences, zones as they were, and what undoing came to."""

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import fields

from api.changes.journal import Written
from api.models import Change
from api.models.changes import described
from api.schemas.fields import WholeNumber
from api.schemas.loading import Body
from api.schemas.times import stamp
from api.store.history import Past
from nameserver.records import Record


class ToldChange(Body):
    """A change as it was made."""

    id = fields.UUID(required=True)
    number = fields.Integer(required=True)
    zone = fields.UUID(required=True)
    domain = fields.String(required=True)
    action = fields.String(required=True)
    serial = fields.Integer(required=True)
    created_at = fields.DateTime(required=True)
    actor = fields.Dict(required=True)
    reason = fields.String(required=True, allow_none=True)
    undoes = fields.UUID(required=True, allow_none=True)
    removed = fields.List(fields.Dict(), required=True)
    added = fields.List(fields.Dict(), required=True)


class Point(Body):
    """A moment of a zone: the change after which it was so."""

    number = fields.Integer(required=True)
    serial = fields.Integer(required=True)
    created_at = fields.DateTime(required=True)


#: What became of a zone's records between two moments. (`from` is a word of Python's.)
DiffAnswer = Body.from_dict(
    {
        "from": fields.Nested(Point, required=True),
        "to": fields.Nested(Point, required=True),
        "removed": fields.List(fields.Dict(), required=True),
        "added": fields.List(fields.Dict(), required=True),
    },
    name="DiffAnswer",
)


class RollbackBody(Body):
    """The serial to go back to."""

    serial = WholeNumber(0, 2**32 - 1, required=True)


class UndoneAnswer(Body):
    """What undoing came to; `change` is null when it was so already."""

    change = fields.UUID(required=True, allow_none=True)
    zone = fields.UUID(required=True)
    domain = fields.String(required=True)
    serial = fields.Integer(required=True)
    removed = fields.List(fields.Dict(), required=True)
    added = fields.List(fields.Dict(), required=True)


def told(change: Change) -> dict[str, Any]:
    """A change as it was made."""
    return {
        "id": change.uuid,
        "number": change.number,
        "zone": change.zone_uuid,
        "domain": change.domain,
        "action": change.action,
        "serial": change.serial,
        "created_at": stamp(change.created_at),
        "actor": change.actor,
        "reason": change.reason,
        "undoes": change.undoes,
        "removed": change.removed,
        "added": change.added,
    }


def past_record(past: Past) -> dict[str, Any]:
    """A record as it was, with the keys it had."""
    body = described(past.record) | {"created_at": stamp(past.created_at)}
    return body if past.expires_at is None else body | {"expires_at": stamp(past.expires_at)}


def diff(start: Change, end: Change, before: Mapping[str, Past], after: Mapping[str, Past]) -> dict[str, Any]:
    """The answer of diff/."""
    was, now = ([past.record for past in state.values()] for state in (before, after))
    return {"from": _point(start), "to": _point(end), "removed": _without(was, now), "added": _without(now, was)}


def undone(written: Written, change: Change | None) -> dict[str, Any]:
    """What undoing came to."""
    return {
        "change": written.change,
        "zone": written.zone,
        "domain": written.domain,
        "serial": written.serial,
        "removed": change.removed if change else [],
        "added": change.added if change else [],
    }


def _point(change: Change) -> dict[str, Any]:
    return {"number": change.number, "serial": change.serial, "created_at": stamp(change.created_at)}


def _without(records: Sequence[Record], others: Sequence[Record]) -> list[dict[str, Any]]:
    there = set(others)
    left = [record for record in records if record not in there]
    return [described(record) for record in sorted(left, key=lambda each: (each.name, each.type, each.value))]
