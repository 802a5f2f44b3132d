"""The shape of check/."""

from typing import Any

from marshmallow import fields

from api.checking import Report
from api.models import Zone
from api.schemas.loading import Body
from api.schemas.times import stamp


class ProblemAnswer(Body):
    """One fault of a zone."""

    rule = fields.String(required=True)
    severity = fields.String(required=True)
    detail = fields.String(required=True)
    record = fields.UUID(required=True, allow_none=True)


class CheckAnswer(Body):
    """A zone's report."""

    domain = fields.String(required=True)
    serial = fields.Integer(required=True)
    checked_at = fields.DateTime(required=True)
    verdict = fields.String(required=True)
    problems = fields.List(fields.Nested(ProblemAnswer), required=True)


def answer(zone: Zone, report: Report) -> dict[str, Any]:
    """The report of a zone's check/."""
    return {
        "domain": zone.domain,
        "serial": report.serial,
        "checked_at": stamp(report.checked_at),
        "verdict": report.verdict,
        "problems": [
            {
                "rule": problem.rule,
                "severity": problem.severity.value,
                "detail": problem.detail,
                "record": problem.record,
            }
            for problem in report.problems
        ],
    }
