"""The shape of check/."""

from typing import Any

from marshmallow import fields

from api.models import Check
from api.schemas.fields import Flag, QueryNumber
from api.schemas.loading import Body
from api.schemas.times import stamp


class HistoryQuery(Body):
    """The newest of the kept checks, as a list."""

    history = QueryNumber(1, 1000)


class DeepQuery(Body):
    """`deep`: the hosts outside the zone that its records name are looked up, too."""

    deep = Flag()


class CheckedRecord(Body):
    """A record as it was when it was checked."""

    uuid = fields.UUID(required=True)
    record_type = fields.String(required=True)
    name = fields.String(required=True)
    value = fields.String(required=True)


class ProblemAnswer(Body):
    """One fault of a zone."""

    rule = fields.String(required=True)
    severity = fields.String(required=True)
    detail = fields.String(required=True)
    words = fields.String(required=True, allow_none=True)
    mend = fields.String(required=True, allow_none=True)
    record = fields.Nested(CheckedRecord, required=True, allow_none=True)


class CheckAnswer(Body):
    """A zone's report."""

    domain = fields.String(required=True)
    serial = fields.Integer(required=True)
    checked_at = fields.DateTime(required=True)
    kind = fields.String(required=True)
    tool = fields.String(required=True)
    tool_version = fields.String(required=True)
    verdict = fields.String(required=True)
    problems = fields.List(fields.Nested(ProblemAnswer), required=True)


def answer(check: Check) -> dict[str, Any]:
    """A check's answer."""
    return {
        "domain": check.domain,
        "serial": check.serial,
        "checked_at": stamp(check.checked_at),
        "kind": check.kind,
        "tool": check.tool,
        "tool_version": check.tool_version,
        "verdict": check.verdict,
        "problems": check.problems,
    }
