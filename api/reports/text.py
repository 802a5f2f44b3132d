"""A report to read on a terminal; click takes the colours away where there is none."""

from collections.abc import Iterator
from textwrap import wrap

import click

from api.changes.checks import Report
from api.reports.summary import Summary, counted, record_text
from nameserver.zone import Problem

_SIGNS = {"error": ("✗", "red"), "warning": ("!", "yellow"), "ok": ("✓", "green")}
_INDENT = " " * 10
_LISTED = 8  # more clean zones than this are only counted


def text(summary: Summary, width: int = 100) -> str:
    """The whole report; lines are at most `width` columns, but for values that have no spaces."""
    return "\n".join(_lines(summary, max(60, width)))


def _lines(summary: Summary, width: int) -> Iterator[str]:
    for report in summary.faulty:
        yield from _zone(report, width)
        yield ""
    if summary.clean:
        yield _sign("ok") + " " + _clean(summary)
        yield ""
    yield _total(summary)
    yield click.style(f"{summary.tool}, {summary.made_at:%Y-%m-%d %H:%M:%S} UTC", dim=True)


def _zone(report: Report, width: int) -> Iterator[str]:
    yield f"{_sign(report.verdict)} {click.style(report.domain, bold=True)} {click.style(str(report.serial), dim=True)}"
    for problem in sorted(report.problems, key=lambda each: each.severity.value):
        yield from _problem(problem, width)


def _problem(problem: Problem, width: int) -> Iterator[str]:
    severity = click.style(f"{problem.severity.value:<8}", fg=_SIGNS[problem.severity.value][1])
    record = record_text(problem.record) if problem.record else "the zone"
    yield f"  {severity}{_cut(record, width - 10)} {click.style(f'[{problem.rule}]', dim=True)}"
    yield from wrap(problem.detail, width, initial_indent=_INDENT, subsequent_indent=_INDENT)
    if problem.words:
        yield click.style(_INDENT + _cut(f"named: {_printable(problem.words)}", width - 10), dim=True)
    if problem.mend:
        yield from wrap(f"→ {problem.mend}", width, initial_indent=_INDENT, subsequent_indent=_INDENT + "  ")


def _clean(summary: Summary) -> str:
    clean = summary.clean
    names = f": {', '.join(report.domain for report in clean)}" if len(clean) <= _LISTED else ""
    return f"{counted(len(clean), 'zone')} without a problem{names}"


def _total(summary: Summary) -> str:
    errors, warnings = summary.problems("error"), summary.problems("warning")
    if not errors and not warnings:
        return f"{counted(len(summary.reports), 'zone')} checked, no problem found."
    found = [counted(number, noun) for number, noun in ((errors, "error"), (warnings, "warning")) if number]
    zones = counted(len(summary.faulty), "zone")
    return f"{' and '.join(found)} in {zones}, of {counted(len(summary.reports), 'zone')} checked."


def _sign(verdict: str) -> str:
    sign, colour = _SIGNS[verdict]
    return click.style(sign, fg=colour, bold=True)


def _cut(line: str, width: int) -> str:
    line = _printable(line)
    return line if len(line) <= width else f"{line[: width - 1]}…"


def _printable(line: str) -> str:
    """Nothing that a stored value says moves the cursor of a terminal."""
    return "".join(char if char.isprintable() else "�" for char in line)
