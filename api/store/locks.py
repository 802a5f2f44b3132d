"""Reading locks, and what they refuse."""

from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.database import db
from api.errors import Conflict, NotFound
from api.models import Lock, Zone
from api.models.changes import who
from api.store.pages import EVERYTHING, Page
from nameserver.records import Record


def locks_of(zone: Zone, page: Page = EVERYTHING) -> list[Lock]:
    """The zone's locks in creation order."""
    return list(db.session.scalars(page.cut(select(Lock).where(Lock.zone_uuid == zone.uuid), Lock.id)))


def count_locks(zone: Zone) -> int:
    """How many locks the zone has."""
    return db.session.scalar(select(func.count()).where(Lock.zone_uuid == zone.uuid)) or 0


def lock_of(account_id: int | None, uuid: str) -> Lock:
    """The lock on a zone of the account. Raises NotFound, the same for an unknown and a foreign one."""
    query = select(Lock).join(Zone, Zone.uuid == Lock.zone_uuid)
    lock = db.session.scalar(query.where(Lock.uuid == uuid, Zone.account_id == account_id))
    if lock is None:
        raise NotFound("Lock not found.")
    return lock


def require_unlocked(session: Session, zone: Zone, records: Iterable[Record] = ()) -> None:
    """Raises Conflict when the zone as a whole is locked, or one of these records of it (as they are or will be).

    The transaction holds the zone: nobody locks it in between.
    """
    # One look in an index is all that a zone without locks costs.
    locks = session.scalars(select(Lock).where(Lock.zone_uuid == zone.uuid).order_by(Lock.id)).all()
    touched = list(records) if locks else []
    for lock in locks:
        covered = next((record for record in touched if lock.covers(record)), None)
        if lock.whole or covered:
            raise Conflict(_refusal(zone, lock, covered))


def _refusal(zone: Zone, lock: Lock, record: Record | None) -> str:
    rrset = "" if record is None or lock.whole else f"{record.name} {record.type}"
    what = f"{rrset} of {zone.domain}" if rrset else f"The zone {zone.domain}"
    scope = f" ({lock.subject()})" if rrset and lock.subject() != rrset else ""
    return (
        f"{what} is locked{scope} since {lock.created_at:%Y-%m-%d %H:%M:%S} UTC by {who(lock.actor)}: “{lock.reason}”. "
        f"Nothing was changed. To unlock it: DELETE /api/v1/dns-locks/{lock.uuid}/, "
        f"or `zonewright zone unlock {zone.domain} {lock.uuid}`."
    )
