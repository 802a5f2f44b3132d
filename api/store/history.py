"""What a zone was: its changes, its records after any of them, and when each nameserver answered them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, or_, select
from sqlalchemy.orm import Session

from api.database import db
from api.errors import NotFound
from api.models import Answer, Change, Confirmation, Zone
from api.models.changes import record_of
from api.store.pages import Page
from nameserver.errors import InvalidInput
from nameserver.records import Record
from nameserver.serial import newer

DELETE = "zone.delete"
#: The actions that move no serial and touch no record.
NOTES = ("zone.move", "lock", "unlock")
_LOOKED_BACK = 1000
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Past:
    """A record as a change left it, when it was created, and when it was to expire."""

    record: Record
    created_at: datetime
    expires_at: datetime | None = None


def readable(account_id: int, account_uuid: str, zone_uuid: str) -> ColumnElement[bool]:
    """The changes of a zone that an account may read: all of its own zone's, and those it made of one that is gone.

    Raises NotFound, the same for an unknown and a foreign one.
    """
    of_zone = Change.zone_uuid == zone_uuid
    if db.session.scalar(select(Zone.id).where(Zone.uuid == zone_uuid, Zone.account_id == account_id)):
        return of_zone
    there = select(Zone.id).where(Zone.uuid == zone_uuid).exists()
    mine = of_zone & (Change.account_uuid == account_uuid) & ~there
    if db.session.scalar(select(Change.id).where(mine).limit(1)) is None:
        raise NotFound("Zone not found.")
    return mine


def changes_where(condition: ColumnElement[bool], page: Page) -> tuple[list[Change], int]:
    """Such changes, the newest first, and how many there are on all pages."""
    rows = list(db.session.scalars(page.cut_newest_first(select(Change).where(condition), Change.id)))
    return rows, db.session.scalar(select(func.count()).select_from(Change).where(condition)) or 0


def last_change(session: Session, zone_uuid: str) -> Change | None:
    """The newest change of a zone."""
    query = select(Change).where(Change.zone_uuid == zone_uuid).order_by(Change.number.desc()).limit(1)
    return session.scalar(query)


def change_with(uuid: str) -> Change:
    """A change, whoever's it is. Raises NotFound."""
    change = db.session.scalar(select(Change).where(Change.uuid == uuid.lower()))
    if change is None:
        raise NotFound(f"There is no change {uuid}: `zonewright zone history ZONE` lists them.")
    return change


def last_change_of(domain: str) -> Change:
    """The newest change of any zone of this domain, whoever's it is or was. Raises NotFound."""
    change = db.session.scalar(select(Change).where(Change.domain == domain).order_by(Change.id.desc()).limit(1))
    if change is None:
        raise NotFound(f"There is no zone {domain}, and there never was one.")
    return change


def first_change(zone_uuid: str) -> Change:
    """The change that made a zone."""
    return db.session.scalars(
        select(Change).where(Change.zone_uuid == zone_uuid).order_by(Change.number).limit(1)
    ).one()


def change_at(condition: ColumnElement[bool], moment: int | datetime | None, field: str) -> Change:
    """The last change that made this serial, or that was made by this time (None: now).

    Raises InvalidInput for the field when there is none.
    """
    query = select(Change).where(condition).order_by(Change.number.desc()).limit(1)
    if moment is not None:
        query = query.where(Change.serial == moment if isinstance(moment, int) else Change.created_at <= moment)
    change = db.session.scalar(query)
    if change is not None:
        return change
    if isinstance(moment, int):
        raise InvalidInput(field, f"The zone never had the serial {moment}: its changes/ name those it had.")
    raise InvalidInput(field, "The zone was not there at that time: its changes/ begin later.")


def records_after(session: Session, zone_uuid: str, number: int | None = None) -> Mapping[str, Past]:
    """The zone's records as its changes left them, up to the one of this number (None: all), by uuid."""
    past: dict[str, Past] = {}
    query = select(Change.removed, Change.added, Change.created_at).where(Change.zone_uuid == zone_uuid)
    query = query if number is None else query.where(Change.number <= number)
    created: dict[str, datetime] = {}
    for removed, added, moment in session.execute(query.order_by(Change.number)):
        for each in removed:
            past.pop(each["uuid"], None)
        for each in added:
            expires = datetime.fromisoformat(each["expires_at"]) if "expires_at" in each else None
            past[each["uuid"]] = Past(record_of(each), created.setdefault(each["uuid"], moment), expires)
    return past


def touching(session: Session, zone_uuid: str, after: int, rrsets: Iterable[tuple[str, str]]) -> Iterator[Change]:
    """The zone's changes after that number which removed or added records of these RRsets, the newest first."""
    wanted = set(rrsets)
    query = select(Change).where(Change.zone_uuid == zone_uuid, Change.number > after).order_by(Change.number.desc())
    for change in session.scalars(query.execution_options(yield_per=_BATCH)):
        if wanted & {(each["name"], each["record_type"]) for each in (*change.removed, *change.added)}:
            yield change


def confirmation_of(change: Change) -> Confirmation | None:
    """What became of its confirmation, when it needs one."""
    return db.session.get(Confirmation, change.uuid)


def since_serial(session: Session, zone_uuid: str, serials: Sequence[int], most: int) -> tuple[list[Change], int]:
    """The newest changes since the last of these serials, at most so many, and how many there are in all.

    None when the zone never had one of the serials.
    """
    of_zone = Change.zone_uuid == zone_uuid
    seen = session.scalar(select(func.max(Change.number)).where(of_zone, Change.serial.in_(serials)))
    if seen is None:
        return [], 0
    since = (of_zone, Change.number > seen, Change.action.not_in(NOTES))
    count = session.scalar(select(func.count()).select_from(Change).where(*since)) or 0
    return list(session.scalars(select(Change).where(*since).order_by(Change.number.desc()).limit(most))), count


def last_touching(session: Session, zone: Zone, record_uuid: str) -> Change | None:
    """The last change that added or removed the record, if it is one of the zone's newest."""
    named = (cast(side, Text).contains(record_uuid) for side in (Change.removed, Change.added))
    query = select(Change).where(
        Change.zone_uuid == zone.uuid, Change.number > zone.changes - _LOOKED_BACK, or_(*named)
    )
    return session.scalar(query.order_by(Change.number.desc()).limit(1))


def answered_at(change: Change) -> Mapping[str, datetime]:
    """When each nameserver first answered the change, or what came after it."""
    query = select(Answer.nameserver, Answer.serial, Answer.answered_at).where(
        Answer.domain == change.domain, Answer.answered_at >= change.created_at
    )
    times: dict[str, datetime] = {}
    for name, serial, moment in db.session.execute(query.order_by(Answer.answered_at, Answer.id).limit(_BATCH)):
        if name not in times and _reaches(serial, change):
            times[name] = moment
    return times


def _reaches(serial: Any, change: Change) -> bool:
    if serial is None or change.action == DELETE:
        return serial is None  # a zone that is gone took whatever was changed before with it
    return bool(serial == change.serial or newer(serial, change.serial))
