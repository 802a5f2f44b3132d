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
    lines = content.decode(errors="replace").split("\n")
    by_text = _by_text(zone.records) if any(problem.line for problem in problems) else {}
    by_words = _by_words(zone.records)
    return [problem if problem.record else _located(zone, problem, lines, by_text, by_words) for problem in problems]


#: The name, the type and, where the words tell it, the target.
_Words = tuple[str, str, str | None]


def _located(
    zone: Zone, problem: Problem, lines: Sequence[str], by_text: dict[str, Record], by_words: dict[_Words, Record]
) -> Problem:
    if problem.line is not None and problem.line <= len(lines):
        return replace(problem, record=by_text.get(_key(lines[problem.line - 1])))
    owner, type_, target = named_by(problem.words or "")
    name = names.relative(owner or zone.domain, zone.domain)
    return replace(problem, record=by_words.get((name, type_, target)) if name and type_ else None)


def _by_words(records: Iterable[Record]) -> dict[_Words, Record]:
    """The first record of each, found at once: a zone may have as many problems as records."""
    found: dict[_Words, Record] = {}
    for record in records:
        found.setdefault((record.name, record.type, None), record)
        found.setdefault((record.name, record.type, target_of(record)), record)
    return found


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
