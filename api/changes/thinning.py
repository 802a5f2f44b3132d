"""Thinning the history by a setting: of what is older, each zone keeps what it was at the end of that time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from api.changes.actor import SYSTEM
from api.database import db, now, writing
from api.models import Answer, Change, Tombstone, Zone
from api.models.changes import THINNED, described
from api.settings import Settings
from api.store.history import DELETE, records_after

_AT_ONCE = 20
_REASON = "Earlier changes were thinned out."


def thin(settings: Settings) -> int:
    """Thin some zones' histories; answers how many, 0 when there is nothing left to thin."""
    if not settings.history_days:
        return 0
    before = now() - timedelta(days=settings.history_days)
    zones = _thinnable(before)
    for uuid in zones:
        with writing() as session:
            _thin(session, uuid, before)
    with writing() as session:
        session.execute(delete(Answer).where(Answer.answered_at < before))
    return len(zones)


def _thinnable(before: datetime) -> Sequence[str]:
    several = func.count() > 1
    query = select(Change.zone_uuid).where(Change.created_at < before).group_by(Change.zone_uuid).having(several)
    return db.session.scalars(query.limit(_AT_ONCE)).all()


def _thin(session: Session, uuid: str, before: datetime) -> None:
    session.scalar(select(Zone.id).where(Zone.uuid == uuid).with_for_update())  # no write in between
    old = (Change.zone_uuid == uuid) & (Change.created_at < before)
    last = session.scalars(select(Change).where(old).order_by(Change.number.desc()).limit(1)).one()
    left = records_after(session, uuid, last.number)
    session.execute(delete(Change).where(Change.zone_uuid == uuid, Change.number < last.number))
    last.removed, last.added = [], [described(past.record, past.expires_at) for past in left.values()]
    last.action = last.action if last.action == DELETE else THINNED
    last.actor, last.reason, last.undoes = SYSTEM.to_json(), _REASON, None
    session.flush()
    _chain_anew(session, last.domain)


def _chain_anew(session: Session, domain: str) -> None:
    """What is left of the domain's changes is one chain again, and its end where the zone says."""
    chain = ""
    for change in session.scalars(select(Change).where(Change.domain == domain).order_by(Change.id)):
        chain = change.chain = change.chained(chain)
    for table in (Zone, Tombstone):
        session.execute(update(table).where(table.domain == domain).values(chain=chain))
