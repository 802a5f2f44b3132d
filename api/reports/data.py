"""A report for programs."""

import json
from typing import Any

from api.changes.checks import TOOL, Report, as_json
from api.reports.summary import Summary
from api.schemas.times import stamp


def data(summary: Summary) -> str:
    """JSON: the totals, then every zone."""
    body = {
        "made_at": stamp(summary.made_at),
        "verdict": summary.verdict,
        "zones": len(summary.reports),
        "errors": summary.problems("error"),
        "warnings": summary.problems("warning"),
        "checks": list(map(_check, summary.reports)),
    }
    return json.dumps(body, indent=2, ensure_ascii=False)


def _check(report: Report) -> dict[str, Any]:
    return {
        "zone": report.zone_uuid,
        "domain": report.domain,
        "serial": report.serial,
        "checked_at": stamp(report.checked_at),
        "kind": report.kind,
        "tool": TOOL,
        "tool_version": report.tool_version,
        "verdict": report.verdict,
        "problems": as_json(report.problems),
    }
