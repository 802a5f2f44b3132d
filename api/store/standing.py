"""How the installation stands as a whole."""

from datetime import datetime

from sqlalchemy import distinct, func, select

from api.database import db
from api.models import Nameserver, Publication, Zone


def zones() -> int:
    """How many zones there are."""
    return db.session.scalar(select(func.count(Zone.id))) or 0


def held() -> int:
    """How many zones are held."""
    return db.session.scalar(select(func.count(distinct(Publication.domain))).where(Publication.state == "held")) or 0


def oldest_open() -> datetime | None:
    """When the oldest wish that is not in sync was made; a paused nameserver's do not count."""
    query = select(func.min(Publication.due_at)).join(Nameserver, Nameserver.id == Publication.nameserver_id)
    return db.session.scalar(query.where(Publication.state != "in_sync", Nameserver.paused.is_(False)))
