"""What every write does besides itself: the serial moves, the change is kept, the nameservers are due."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from api.changes.actor import SYSTEM
from api.changes.intent import Intent
from api.database import now
from api.models import Account, Change, Confirmation, Lock, Nameserver, Publication, Tombstone, Zone, checksums
from api.models.changes import described
from api.store import locks
from nameserver.records import Record
from nameserver.serial import newer, next_serial


@dataclass(frozen=True, slots=True)
class Expiries:
    """When the records removed and added by a change expire, of those that do, by uuid."""

    removed: Mapping[str, datetime] = field(default_factory=dict)
    added: Mapping[str, datetime] = field(default_factory=dict)


NONE_EXPIRES = Expiries()


@dataclass(frozen=True, slots=True)
class Written:
    """What a write made: its change (None when nothing changed), and the zone's serial afterwards."""

    change: str | None
    zone: str
    domain: str
    serial: int
    deletion: bool = False


def commit_records(
    session: Session,
    intent: Intent,
    zone: Zone,
    removed: Sequence[Record],
    added: Sequence[Record],
    action: str = "records",
    expiries: Expiries = NONE_EXPIRES,
) -> Written:
    """The end of every write to a zone's records. One that changes nothing of what is served moves no serial.

    Raises Conflict when one of the records is locked: whatever way it came.
    """
    same = sorted(map(repr, removed)) == sorted(map(repr, added))
    if same and expiries.removed == expiries.added:
        return Written(None, zone.uuid, zone.domain, zone.serial)
    locks.require_unlocked(session, zone, [*removed, *added])
    if same:  # only when they expire has changed
        return note(session, intent, zone, action, removed, added, expiries)
    zone.serial = next_serial(now().date(), zone.serial)
    return keep(session, intent, zone, action, removed, added, expiries)


def keep(
    session: Session,
    intent: Intent,
    zone: Zone,
    action: str,
    removed: Sequence[Record],
    added: Sequence[Record],
    expiries: Expiries = NONE_EXPIRES,
) -> Written:
    """Keep the change that gave the zone its serial, and make the zone due on every nameserver."""
    zone.checksum = checksums.moved(zone.checksum, removed, added)
    written = note(session, intent, zone, action, removed, added, expiries)
    want(session, zone.domain, None if written.deletion else zone.serial, now())
    return written


def note(
    session: Session,
    intent: Intent,
    zone: Zone,
    action: str,
    removed: Sequence[Record] = (),
    added: Sequence[Record] = (),
    expiries: Expiries = NONE_EXPIRES,
) -> Written:
    """Keep a change of the zone as it is now, as the next in its chain."""
    actor = intent.actor
    zone.changes += 1
    change = Change(
        uuid=str(uuid.uuid4()),
        account_uuid=actor.account_uuid or _owner(session, zone),  # what the system does is the owner's to read
        zone_uuid=zone.uuid,
        number=zone.changes,
        domain=zone.domain,
        action=action,
        serial=zone.serial,
        actor=actor.to_json(),
        reason=intent.reason,
        undoes=intent.undoes,
        removed=[described(record, expiries.removed.get(record.uuid)) for record in removed],
        added=[described(record, expiries.added.get(record.uuid)) for record in added],
        created_at=now(),
    )
    zone.chain = change.chain = change.chained(zone.chain)
    session.add(change)
    if intent.deadline is not None:
        session.add(Confirmation(change_uuid=change.uuid, **asdict(intent.deadline), state="waiting"))
    if intent.watch is not None:
        intent.watch(change)
    return Written(change.uuid, zone.uuid, zone.domain, zone.serial, action == "zone.delete")


def _owner(session: Session, zone: Zone) -> str:
    return session.scalars(select(Account.uuid).where(Account.id == zone.account_id)).one()


def want(session: Session, domain: str, serial: int | None, moment: datetime) -> None:
    """Every nameserver is to serve this serial of the zone (None: not to serve the zone), now."""
    nameservers = session.scalars(select(Nameserver.id)).all()
    if not nameservers:
        return
    insert = (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert
    due = {"wanted": serial, "state": "pending", "error": None, "due_at": moment, "attempts": 0, "staged": False}
    owner = session.scalar(select(Zone.account_id).where(Zone.domain == domain))
    due |= {} if owner is None else {"account_id": owner}  # that of a zone that is gone stays
    rows = [{"nameserver_id": nameserver, "domain": domain, **due} for nameserver in sorted(nameservers)]
    statement = insert(Publication).values(rows)
    session.execute(statement.on_conflict_do_update(index_elements=["nameserver_id", "domain"], set_=due))


def go_on(session: Session, zone: Zone) -> None:
    """A zone that is created now goes on from what the domain had in an earlier life: above its serial."""
    tombstone = session.get(Tombstone, zone.domain)
    zone.serial = next_serial(now().date(), *([tombstone.serial] if tombstone else []))
    zone.chain = tombstone.chain if tombstone else ""


def bury(session: Session, zone: Zone, change: str) -> None:
    """The zone's tombstone: the reason why it may leave the nameservers, and its last serial. Its locks go with it."""
    session.execute(delete(Lock).where(Lock.zone_uuid == zone.uuid))
    tombstone = session.get(Tombstone, zone.domain) or Tombstone(domain=zone.domain)
    tombstone.zone_uuid = zone.uuid
    tombstone.change_uuid = change
    tombstone.serial = zone.serial
    tombstone.chain = zone.chain
    tombstone.created_at = now()
    tombstone.confirmed_at = None
    session.add(tombstone)


def raise_serial(session: Session, domain: str, above: int) -> None:
    """A nameserver holds a newer serial (the database was restored, say): go on above it."""
    moment = now()
    zone = session.scalar(select(Zone).where(Zone.domain == domain).with_for_update())
    if zone is None:
        session.execute(update(Tombstone).where(Tombstone.domain == domain).values(serial=above))
        want(session, domain, None, moment)
        return
    if newer(zone.serial, above):  # raised already, because the other nameserver holds it too
        want(session, domain, zone.serial, moment)
        return
    zone.serial = next_serial(moment.date(), zone.serial, above)
    keep(session, Intent(SYSTEM), zone, "serial", [], [])
