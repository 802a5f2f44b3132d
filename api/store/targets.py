"""Which of the hosts that records name are in zones of ours, and do not exist there."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from sqlalchemy import select

from api.database import db
from api.models import Record, Zone
from nameserver import names
from nameserver.advice.targets import exists, with_above

_AT_ONCE = 500


def missing(targets: Iterable[str]) -> set[str]:
    """Those of the targets whose zone is ours and has nothing at that name."""
    wanted = set(targets)
    zones = _zones({above for target in wanted for above in (target, *names.ancestors(target))})
    inside: dict[str, set[str]] = defaultdict(set)
    for target in wanted:
        domain = next((above for above in (target, *names.ancestors(target)) if above in zones), None)
        if domain:
            inside[domain].add(target)
    return {target for domain, those in inside.items() for target in _missing_in(zones[domain], domain, those)}


def _zones(candidates: Iterable[str]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for chunk in _chunks(candidates):
        rows = db.session.execute(select(Zone.domain, Zone.id).where(Zone.domain.in_(chunk)))
        found |= {row.domain: row.id for row in rows}
    return found


def _missing_in(zone: int, domain: str, targets: Iterable[str]) -> Iterator[str]:
    """One zone's: the names in question and those above them, by one query for many."""
    relative = {target: names.relative(target, domain) or "@" for target in targets}
    looked = {name for each in relative.values() for name in (each, *names.ancestors(each))}
    owners, cuts = set[str](), set[str]()
    for chunk in _chunks(looked | {f"*.{name}" for name in looked} | {"*"}):
        query = select(Record.name, Record.type).where(Record.zone_id == zone, Record.name.in_(chunk))
        for row in db.session.execute(query.distinct()):
            owners.add(row.name)
            if row.name != "@" and row.type in ("NS", "DNAME"):
                cuts.add(row.name)
    existing = with_above(owners)
    gone = {target: name for target, name in relative.items() if not exists(name, existing, cuts)}
    below = _above_others(zone) if gone else set()
    yield from (target for target, name in gone.items() if name not in below)


def _above_others(zone: int) -> set[str]:
    """The names that have records below them. Rare to be asked, and then once for all names in question."""
    query = select(Record.name).where(Record.zone_id == zone, Record.name.contains(".")).distinct()
    return {above for name in db.session.scalars(query) for above in names.ancestors(name)}


def _chunks(values: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(sorted(values))
    while chunk := list(islice(rest, _AT_ONCE)):
        yield chunk
