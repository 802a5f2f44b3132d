"""Reading nameservers."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from api.database import db
from api.errors import NotFound
from api.models import Nameserver, Publication


def all_nameservers() -> Sequence[tuple[Nameserver, int]]:
    """Every nameserver with the number of zones it is behind with, in the order they were added."""
    behind = (
        select(func.count())
        .where(Publication.nameserver_id == Nameserver.id, Publication.state != "in_sync")
        .scalar_subquery()
    )
    return [(row, count) for row, count in db.session.execute(select(Nameserver, behind).order_by(Nameserver.id))]


def nameserver_named(name: str) -> Nameserver:
    """The nameserver of that name. Raises NotFound."""
    found = db.session.scalar(select(Nameserver).where(Nameserver.name == name))
    if found is None:
        raise NotFound(f"There is no nameserver {name}: `zonewright nameserver list` shows them.")
    return found


def open_publications(domain: str | None, paused: bool = False) -> Sequence[Any]:
    """What is not in sync, of one domain or of all: rows of domain, nameserver, state, error.

    Paused nameservers hold nobody up, and are left out unless asked for.
    """
    query = (
        select(Publication.domain, Nameserver.name.label("nameserver"), Publication.state, Publication.error)
        .join(Nameserver, Nameserver.id == Publication.nameserver_id)
        .where(Publication.state != "in_sync", Nameserver.paused.is_(False) | paused)
        .order_by(Publication.domain, Nameserver.id)
    )
    return db.session.execute(query if domain is None else query.where(Publication.domain == domain)).all()
