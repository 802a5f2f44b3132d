"""Reading zones."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from api.database import db
from api.errors import NotFound
from api.models import Record, Zone
from api.models.zones import reverse_domain
from api.store.pages import Page
from nameserver import names

_COUNT = select(func.count()).where(Record.zone_id == Zone.id).scalar_subquery()


def zone_of(account_id: int, uuid: str) -> Zone:
    """The account's zone. Raises NotFound, the same for an unknown and a foreign one."""
    zone = db.session.scalar(select(Zone).where(Zone.uuid == uuid, Zone.account_id == account_id))
    if zone is None:
        raise NotFound("Zone not found.")
    return zone


def zone_named(domain: str) -> Zone | None:
    """The zone of that domain, whoever owns it."""
    return db.session.scalar(select(Zone).where(Zone.domain == domain))


def list_zones(account_id: int, domain: str | None, page: Page) -> list[tuple[Zone, int]]:
    """The account's zones with their numbers of records, in creation order."""
    query = page.cut(_zones(account_id, domain).add_columns(_COUNT), Zone.id)
    return [(zone, count) for zone, count in db.session.execute(query)]


def count_zones(account_id: int, domain: str | None) -> int:
    """How many zones `list_zones` has on all its pages."""
    return db.session.scalar(select(func.count()).select_from(_zones(account_id, domain).subquery())) or 0


def count_every_zone() -> int:
    """How many zones there are, of all accounts."""
    return db.session.scalar(select(func.count()).select_from(Zone)) or 0


def all_zones() -> Sequence[tuple[Zone, int]]:
    """Every account's zones with their numbers of records, by domain."""
    return [(zone, count) for zone, count in db.session.execute(select(Zone, _COUNT).order_by(Zone.domain))]


def overlapping(domain: str) -> list[Zone]:
    """Every zone that is the domain, above it or below it."""
    above = [domain, *names.ancestors(domain)]
    return list(db.session.scalars(select(Zone).where(Zone.domain.in_(above)))) + list(
        db.session.scalars(select(Zone).where(_below(domain)))
    )


def domains_among(names: Iterable[str]) -> list[str]:
    """Which of these names are domains of zones."""
    return list(db.session.scalars(select(Zone.domain).where(Zone.domain.in_(list(names)))))


def domains_below(domain: str) -> list[str]:
    """The domains of all zones strictly below this one."""
    return list(db.session.scalars(select(Zone.domain).where(_below(domain))))


def _below(domain: str) -> ColumnElement[bool]:
    start = reverse_domain(domain)
    end = start[:-1] + chr(ord(".") + 1)
    return (Zone.reverse_domain > start) & (Zone.reverse_domain < end)


def _zones(account_id: int, domain: str | None) -> Select[Any]:
    query = select(Zone).where(Zone.account_id == account_id)
    return query if domain is None else query.where(Zone.domain == domain)
