"""Which record a problem is about: by the line of the zone file that the checker named, or by the names it said.

Looked for only where there is a problem: rendering the lines again costs as much as rendering the zone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from nameserver import names
from nameserver.advice.targets import target_of
from nameserver.checkzone import named_by
from nameserver.errors import InvalidInput
from nameserver.records import Record
from nameserver.render import record_line
from nameserver.zone import Problem, Zone


def located(zone: Zone, content: bytes, problems: Sequence[Problem]) -> list[Problem]:
    """The problems with the records they are about, as far as one can tell."""
    if all(problem.record or not problem.words for problem in problems):
        return list(problems)
    lines, by_text = content.decode(errors="replace").split("\n"), _by_text(zone.records)
    return [problem if problem.record else _located(zone, problem, lines, by_text) for problem in problems]


def _located(zone: Zone, problem: Problem, lines: Sequence[str], by_text: dict[str, Record]) -> Problem:
    if problem.line is not None and problem.line <= len(lines):
        return replace(problem, record=by_text.get(_key(lines[problem.line - 1])))
    owner, type_, target = named_by(problem.words or "")
    owner = names.relative(owner or zone.domain, zone.domain)
    found = (
        record
        for record in zone.records
        if type_ and record.name == owner and record.type == type_ and (target is None or target_of(record) == target)
    )
    return replace(problem, record=next(found, None))


def _by_text(records: Iterable[Record]) -> dict[str, Record]:
    texts = {}
    for record in records:
        try:
            owner, ttl, type_, rdata = record_line(record)
        except (InvalidInput, ValueError):
            continue
        texts[_key(f"{owner} {ttl} IN {type_} {rdata}")] = record
    return texts


def _key(line: str) -> str:
    """The line without what a template may write in another way."""
    return " ".join(line.split())
