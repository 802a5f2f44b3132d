"""Zones that are served and not in the database: gone from it without a change, or never in it."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, literal_column, select

from api.database import db
from api.models import Nameserver, Publication, Zone
from nameserver import names

_GONE = Publication.wanted.is_not(None) & ~select(Zone.id).where(Zone.domain == Publication.domain).exists()


def all_vanished() -> Sequence[str]:
    """The domains of all zones that are gone from the database without a change that deleted them."""
    return db.session.scalars(select(Publication.domain).where(_GONE).distinct().order_by(Publication.domain)).all()


def overlapping(domain: str) -> str | None:
    """One of them that is this domain or above it; or below it, once it was noticed and is held."""
    above = Publication.domain.in_([domain, *names.ancestors(domain)])
    # Literal, as in the index over what is not done: what is in sync is not read.
    held = (Publication.state != literal_column("'in_sync'")) & Publication.domain.endswith(
        f".{domain}", autoescape=True
    )
    return _first(above) or _first(held)


def is_stray(domain: str) -> bool:
    """Does a nameserver serve it, as the last sweep saw, without the database ever having told it to?"""
    return any(domain in strays for strays in db.session.scalars(select(Nameserver.strays)))


def _first(condition: ColumnElement[bool]) -> str | None:
    # By way of the nameservers: the table's key begins with them.
    query = select(Publication.domain).join(Nameserver, Nameserver.id == Publication.nameserver_id)
    return db.session.scalar(query.where(condition, _GONE).limit(1))
