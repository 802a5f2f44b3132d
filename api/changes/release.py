"""A person lets a held zone go: what is in the database now is meant, or what the changes left is put back."""

from dataclasses import replace

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from api.changes import journal
from api.changes.intent import Intent
from api.changes.journal import Written
from api.database import changing, now
from api.errors import NotFound
from api.models import Account, Change, Publication, Record, Zone, checksums
from api.models.zones import reverse_domain
from api.store import integrity
from api.store import records as stored
from api.store.pages import EVERYTHING
from nameserver import records
from nameserver.serial import newest, next_serial

_ACTION = "zone.release"


def release(intent: Intent, domain: str, put_back: bool) -> Written:
    """Release a zone; `put_back` restores what vanished without a change instead of accepting that it is gone.

    A zone from which nothing vanished is only due again: its fault is found anew, or is mended. Raises NotFound.
    """
    with changing() as session:
        zone = session.scalar(select(Zone).where(Zone.domain == domain).with_for_update())
        if zone is None:
            return (_put_zone_back if put_back else _bury)(session, intent, domain)
        return _release(session, _for_owner(session, intent, zone), zone, put_back)


def _release(session: Session, intent: Intent, zone: Zone, put_back: bool) -> Written:
    rows = {row.uuid: row for row in stored.records_of(zone, EVERYTHING)}
    present = stored.as_values(rows.values())
    if checksums.of(present) == zone.checksum:
        journal.want(session, zone.domain, zone.serial, now())
        return Written(None, zone.uuid, zone.domain, zone.serial)
    found = integrity.difference(session, zone.uuid, present)
    removed, added = (found.found, found.left) if put_back else (found.left, found.found)
    if put_back:
        for record in removed:
            session.delete(rows[record.uuid])
        session.flush()
        _insert(session, zone, added)
    zone.serial = next_serial(now().date(), zone.serial)
    written = journal.keep(session, intent, zone, _ACTION, removed, added)
    zone.checksum = checksums.of(stored.as_values(stored.records_of(zone, EVERYTHING)))
    return written


def _bury(session: Session, intent: Intent, domain: str) -> Written:
    """The zone is gone, and that is meant: the tombstone that its deletion would have made."""
    zone, owner = _last_known(session, domain)
    written = journal.note(session, _as_owner(intent, owner), zone, "zone.delete")
    journal.bury(session, zone, written.change or "")
    journal.want(session, domain, None, now())
    return written


def _put_zone_back(session: Session, intent: Intent, domain: str) -> Written:
    zone, owner = _last_known(session, domain)
    account = session.scalar(select(Account).where(Account.uuid == owner))
    if account is None:
        raise NotFound(f"The account that owned {domain} is gone: create the zone anew for another one.")
    zone.account_id = account.id
    zone.serial = next_serial(now().date(), zone.serial)
    session.add(zone)
    session.flush()
    added = list(integrity.recorded(session, zone.uuid).values())
    session.execute(delete(Record).where(Record.uuid.in_([record.uuid for record in added])))  # orphans, if any
    _insert(session, zone, added)
    return journal.keep(session, _as_owner(intent, owner), zone, _ACTION, [], added)


def _last_known(session: Session, domain: str) -> tuple[Zone, str]:
    """The vanished zone as its last change and the nameservers know it, and its owner. Raises NotFound."""
    query = select(Change).where(Change.domain == domain).order_by(Change.id.desc()).limit(1)
    change = session.scalar(query)
    wanted = list(session.execute(select(Publication.wanted, Publication.served).where(Publication.domain == domain)))
    if change is None or not any(row.wanted is not None for row in wanted):
        raise NotFound(f"There is no zone {domain}, and none of that name vanished.")
    serials = [serial for row in wanted for serial in row if serial is not None]
    zone = Zone(
        uuid=change.zone_uuid,
        domain=domain,
        reverse_domain=reverse_domain(domain),
        serial=newest([change.serial, *serials]),
        checksum=checksums.EMPTY,
        changes=change.number,
        chain=change.chain,
        created_at=now(),
    )
    return zone, change.account_uuid


def _for_owner(session: Session, intent: Intent, zone: Zone) -> Intent:
    uuid = session.scalars(select(Account.uuid).where(Account.id == zone.account_id)).one()
    return _as_owner(intent, uuid)


def _as_owner(intent: Intent, account_uuid: str) -> Intent:
    """What an operator does to a zone is its owner's to read."""
    return replace(intent, actor=replace(intent.actor, account_uuid=account_uuid))


def _insert(session: Session, zone: Zone, added: list[records.Record]) -> None:
    for record in added:
        row = Record(uuid=record.uuid, zone_id=zone.id, created_at=now())
        row.fill(record)
        session.add(row)
    session.flush()
