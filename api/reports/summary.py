"""What came of checking many zones."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from api.changes.checks import TOOL, Report
from nameserver.records import Record

_ORDER = ("error", "warning", "ok")


@dataclass(frozen=True, slots=True)
class Summary:
    """The reports of one run, zones with errors first."""

    made_at: datetime
    reports: tuple[Report, ...]

    @classmethod
    def of(cls, reports: Iterable[Report], made_at: datetime) -> "Summary":
        """In the order in which somebody wants to read them."""
        return cls(made_at, tuple(sorted(reports, key=lambda each: (_ORDER.index(each.verdict), each.domain))))

    @property
    def tool(self) -> str:
        """What checked, with its version."""
        return f"{TOOL} {self.reports[0].tool_version}" if self.reports else TOOL

    @property
    def verdict(self) -> str:
        """The worst of all."""
        return self.reports[0].verdict if self.reports else "ok"

    @property
    def faulty(self) -> list[Report]:
        """The zones with problems."""
        return [report for report in self.reports if report.problems]

    @property
    def clean(self) -> list[Report]:
        """The zones without."""
        return [report for report in self.reports if not report.problems]

    def zones(self, verdict: str) -> int:
        """How many zones have this verdict."""
        return sum(report.verdict == verdict for report in self.reports)

    def problems(self, severity: str) -> int:
        """How many problems are of this severity."""
        return sum(problem.severity.value == severity for report in self.reports for problem in report.problems)

    @property
    def rules(self) -> list[tuple[str, int]]:
        """The rules that were broken, and how often; the most frequent first."""
        return Counter(problem.rule for report in self.reports for problem in report.problems).most_common()

    def fails(self, threshold: str) -> bool:
        """Is there a problem of this severity, or a worse one?"""
        return _ORDER.index(self.verdict) <= _ORDER.index(threshold)


def record_text(record: Record) -> str:
    """A record on one line, as a person would say it."""
    priority = "" if record.priority is None else f"{record.priority} "
    return f"{record.name} {record.type} {priority}{record.value}"


def counted(number: int, noun: str) -> str:
    """`1 zone`, `10,000 zones`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
