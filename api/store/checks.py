"""Reading kept checks."""

from sqlalchemy import select

from api.database import db
from api.models import Check, Zone


def last_checks(zone: Zone, most: int) -> list[Check]:
    """The zone's newest kept checks, the newest first."""
    query = select(Check).where(Check.zone_uuid == zone.uuid).order_by(Check.id.desc()).limit(most)
    return list(db.session.scalars(query))
