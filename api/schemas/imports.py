"""The shape of what an import answers."""

from collections.abc import Sequence
from typing import Any

from marshmallow import fields

from api.changes.imports import Plan
from api.models import Zone
from api.schemas import zones
from api.schemas.loading import Body
from nameserver.records import Record

_MOST = 1000  # records named of each kind; the counts are whole


class LossAnswer(Body):
    """One thing that is not taken over as it stands in the file."""

    kind = fields.String(required=True)
    detail = fields.String(required=True)


class PlanAnswer(Body):
    """What an import makes of a zone; of the records of each kind the first 1,000 are named."""

    mode = fields.String(required=True)
    added = fields.Integer(required=True)
    removed = fields.Integer(required=True)
    changed = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    losses = fields.List(fields.Nested(LossAnswer), required=True)
    added_records = fields.List(fields.String(), required=True)
    removed_records = fields.List(fields.String(), required=True)
    changed_records = fields.List(fields.String(), required=True)


class ImportAnswer(zones.ZoneAnswer):
    """The imported zone, and what the import made of it."""

    plan = fields.Nested(PlanAnswer, required=True)


class ImportedAnswer(Body):
    """One of several zones; `error` says why it was not imported."""

    uuid = fields.UUID()
    domain = fields.String(required=True)
    created_at = fields.DateTime()
    record_count = fields.Integer()
    plan = fields.Nested(PlanAnswer)
    error = fields.String(required=True, allow_none=True)


class SeveralAnswer(Body):
    """What came of each of several zones."""

    zones = fields.List(fields.Nested(ImportedAnswer), required=True)


def answer(zone: Zone, plan: Plan) -> dict[str, Any]:
    """The zone's four keys and the plan."""
    return zones.answer(zone, plan.records) | {"plan": plan_answer(plan)}


def plan_answer(plan: Plan) -> dict[str, Any]:
    """The plan: counts, losses, and the records by name."""
    return {
        "mode": plan.mode.value,
        "added": len(plan.added),
        "removed": len(plan.removed),
        "changed": len(plan.changed),
        "unchanged": plan.unchanged,
        "losses": [{"kind": each.kind, "detail": each.detail} for each in plan.losses],
        "added_records": _lines([record for record, _ in plan.added[:_MOST]]),
        "removed_records": _lines(plan.removed[:_MOST]),
        "changed_records": [f"{line(before)} (TTL {after.ttl})" for before, after in plan.changed[:_MOST]],
    }


def _lines(records: Sequence[Record]) -> list[str]:
    return [line(record) for record in records]


def line(record: Record) -> str:
    """A record in one line for people."""
    priority = "" if record.priority is None else f"{record.priority} "
    return f"{record.name} {record.ttl} {record.type} {priority}{record.value}"
