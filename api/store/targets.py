"""Which of the hosts that records name are in zones of ours, and do not exist there."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from sqlalchemy import select

from api.database import db
from api.models import Record, Zone
from nameserver import names
from nameserver.advice.targets import exists

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
    for target, name in relative.items():
        if not exists(name, owners, cuts) and not _below(zone, name):
            yield target


def _below(zone: int, name: str) -> bool:
    """Is there a record below the name? Rare to be asked: there is none at it, and no wildcard that matches."""
    query = select(Record.id).where(Record.zone_id == zone, Record.name.endswith(f".{name}", autoescape=True))
    return db.session.scalar(query.limit(1)) is not None


def _chunks(values: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(sorted(values))
    while chunk := list(islice(rest, _AT_ONCE)):
        yield chunk
