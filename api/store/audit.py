"""Is the history whole? Every domain's changes must be the chain that their digests say."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.models import Change, Tombstone, Zone
from api.models.changes import THINNED
from api.store.history import DELETE

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Link:
    """A change in its chain: `broken` says what is wrong with it."""

    change: Change
    broken: str | None


@dataclass(frozen=True, slots=True)
class Head:
    """Where a domain's chain must end, and what is wrong there."""

    domain: str
    chain: str
    broken: str | None


def links(session: Session) -> Iterator[Link]:
    """Every change, domain by domain in the order in which they were made."""
    domain, chain = "", ""
    numbers: dict[str, int] = {}
    query = select(Change).order_by(Change.domain, Change.id).execution_options(yield_per=_BATCH)
    for change in session.scalars(query):
        if change.domain != domain:
            domain, chain, numbers = change.domain, "", {}
        number = change.number if _thinned(change, numbers) else numbers.get(change.zone_uuid, 0) + 1
        numbers[change.zone_uuid] = change.number
        yield Link(change, _fault(change, chain, number))
        chain = change.chain
        session.expunge(change)


def heads(session: Session) -> Iterator[Head]:
    """Every zone's and every deleted zone's last change as these tell it."""
    alive = select(Zone.domain, Zone.chain)
    dead = select(Tombstone.domain, Tombstone.chain).where(Tombstone.domain.not_in(select(Zone.domain)))
    for domain, chain in session.execute(alive.union_all(dead).order_by("domain")):
        last = select(Change.chain).where(Change.domain == domain).order_by(Change.id.desc()).limit(1)
        fault = (
            None if (session.scalar(last) or "") == chain else "its last changes are missing, or were not made by us"
        )
        yield Head(domain, chain, fault)


def _thinned(change: Change, numbers: Mapping[str, int]) -> bool:
    """Does it stand for all before it?"""
    return change.zone_uuid not in numbers and change.action in (THINNED, DELETE)


def _fault(change: Change, chain: str, number: int) -> str | None:
    if change.number != number:
        return f"change {number} of its zone is missing before it"
    if change.chained(chain) != change.chain:
        return "it is not as it was written, or the one before it is missing"
    return None
