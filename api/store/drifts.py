"""Reading what the nameservers should have, for comparing, and what was found to differ."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select

from api.database import db
from api.models import Drift, Nameserver, Publication
from nameserver.drift import Expected


def expected(nameserver: str, domains: Sequence[str] | None) -> dict[str, Expected]:
    """What the nameserver answered last for these zones, None: for all it was ever given."""
    columns = (
        Publication.domain,
        Publication.wanted,
        Publication.digest,
        Publication.state == "in_sync",
        Publication.checked_at,
    )
    of = select(Nameserver.id).where(Nameserver.name == nameserver).scalar_subquery()
    query = select(*columns).where(Publication.nameserver_id == of)
    db.session.rollback()  # an earlier read's snapshot must not be what is compared with
    rows = db.session.execute(query if domains is None else query.where(Publication.domain.in_(domains)))
    return {domain: Expected(serial, digest, settled, at) for domain, serial, digest, settled, at in rows}


def found(domains: Iterable[str], most: int) -> Sequence[Drift]:
    """What was found to differ, the latest first, of these zones or (none given) of all."""
    query = select(Drift).order_by(Drift.id.desc()).limit(most)
    chosen = list(domains)
    return db.session.scalars(query.where(Drift.domain.in_(chosen)) if chosen else query).all()
