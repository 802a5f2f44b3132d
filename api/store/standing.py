"""How the installation stands as a whole."""

from datetime import datetime

from sqlalchemy import ColumnElement, case, distinct, func, select

from api.database import db
from api.models import Change, Nameserver, Publication, Tombstone, Zone


def zones() -> int:
    """How many zones there are."""
    return db.session.scalar(select(func.count(Zone.id))) or 0


def zones_in(state: str) -> int:
    """How many zones are held, failed or pending on a nameserver."""
    return db.session.scalar(select(func.count(distinct(Publication.domain))).where(Publication.state == state)) or 0


def oldest_open() -> datetime | None:
    """When the oldest change was made that is not in sync; a paused nameserver's do not count."""
    query = select(func.min(opened_at())).join(Nameserver, Nameserver.id == Publication.nameserver_id)
    return db.session.scalar(query.where(Publication.state != "in_sync", Nameserver.paused.is_(False)))


def opened_at() -> ColumnElement[datetime]:
    """Since when a publication is open: the first change that the nameserver did not answer yet.

    `due_at` is that moment until a newer change or a failure moves it. Serials are compared as plain numbers:
    after a wrap (RFC 1982) it is `due_at` once.
    """
    newer = Change.serial > func.coalesce(Publication.served, Publication.wanted - 1)
    of_zone = select(func.min(Change.created_at)).join(Zone, Zone.uuid == Change.zone_uuid)
    change = of_zone.where(Zone.domain == Publication.domain, newer).correlate(Publication).scalar_subquery()
    deletion = select(Tombstone.created_at).where(Tombstone.domain == Publication.domain).scalar_subquery()
    filled = Publication.served.is_(None) & (Publication.attempts == 0)  # a new nameserver: its zones are older
    wished = case((Publication.wanted.is_(None), deletion), (filled, None), else_=change)
    return func.coalesce(wished, Publication.due_at)
