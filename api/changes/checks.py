"""Keeping checks: each one, and of every zone the newest few."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, aliased

from api.models import Check, Zone
from nameserver.records import Record
from nameserver.zone import Problem, Severity, verdict

_AT_ONCE = 500
_MOST = 1000  # problems of one report: a zone may have one in each record
TOOL = "named-checkzone"


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in one serial of a zone; `kind` is publish, asked or deep."""

    zone_uuid: str
    domain: str
    serial: int
    checked_at: datetime
    kind: str
    tool_version: str
    problems: Sequence[Problem]

    @property
    def verdict(self) -> str:
        """ok, warning or error."""
        return verdict(self.problems)


def keep(session: Session, reports: Iterable[Report], most: int) -> None:
    """Keep the checks of zones that there are; of each, the `most` newest stay."""
    rest = iter(reports)
    while chunk := list(islice(rest, _AT_ONCE)):
        uuids = {report.zone_uuid for report in chunk}
        there = set(session.scalars(select(Zone.uuid).where(Zone.uuid.in_(uuids))))
        rows = [_row(report) for report in chunk if report.zone_uuid in there]
        if rows:
            session.connection().execute(Check.__table__.insert(), rows)  # type: ignore[attr-defined]
            _thin(session, there, most)


def forget(session: Session, zone_uuid: str) -> None:
    """The zone is deleted, and its checks with it."""
    session.execute(delete(Check).where(Check.zone_uuid == zone_uuid))


def as_json(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Problems as they are kept and answered, the worst first: 1,000 of them, and one that tells of the others."""
    worst = sorted(problems, key=lambda each: each.severity.value)
    return list(map(_problem, [*worst[:_MOST], *_others(worst)]))


def _others(worst: Sequence[Problem]) -> Iterator[Problem]:
    if rest := worst[_MOST:]:
        errors = sum(problem.severity is Severity.ERROR for problem in worst)
        detail = f"There are {len(worst)} problems, {errors} of them errors; the {_MOST} worst are named here."
        yield Problem("more-problems", rest[0].severity, detail, mend="Mend those that are named, and check again.")


def _thin(session: Session, zones: Iterable[str], most: int) -> None:
    newer = aliased(Check)
    oldest = select(newer.id).where(newer.zone_uuid == Check.zone_uuid).order_by(newer.id.desc()).offset(most).limit(1)
    session.execute(
        delete(Check).where(Check.zone_uuid.in_(zones), Check.id <= oldest.scalar_subquery()),
        execution_options={"synchronize_session": False},
    )


def _row(report: Report) -> dict[str, Any]:
    return {
        "zone_uuid": report.zone_uuid,
        "domain": report.domain,
        "serial": report.serial,
        "checked_at": report.checked_at,
        "kind": report.kind,
        "tool": TOOL,
        "tool_version": report.tool_version,
        "verdict": report.verdict,
        "problems": as_json(report.problems),
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "rule": problem.rule,
        "severity": problem.severity.value,
        "detail": problem.detail,
        "words": problem.words,
        "mend": problem.mend,
        "record": problem.record and _record(problem.record),
    }


def _record(record: Record) -> dict[str, str]:
    return {"uuid": record.uuid, "record_type": record.type, "name": record.name, "value": record.value}
