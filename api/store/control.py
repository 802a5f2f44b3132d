"""What the control plane reads: what is due on which nameserver, and how the zones should be."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.database import snapshot
from api.models import Record, Tombstone, Zone
from api.store.due import batch
from nameserver import records
from nameserver.reconcile import Desired
from nameserver.zone import Zone as DesiredZone


def gather(nameservers: Sequence[str], heavy: bool = False) -> Desired:
    """What is due on these nameservers: a batch of the zones that are not heavy, or one heavy zone, each."""
    with snapshot() as session:
        due = {name: batch(session, name, heavy) for name in nameservers}
        wanted = {domain: serial for rows in due.values() for domain, serial in rows}
        zones = _zones(session, wanted.keys())
        deleted = {domain for domain, serial in wanted.items() if serial is None} - zones.keys()
        removals = _tombstones(session, deleted)
        vanished = {domain: serial for domain, serial in wanted.items() if domain not in zones and serial is not None}
        return Desired(zones, removals, {name: [domain for domain, _ in rows] for name, rows in due.items()}, vanished)


def _tombstones(session: Session, domains: Collection[str]) -> dict[str, int]:
    """A zone leaves a nameserver only by its tombstone."""
    query = select(Tombstone.domain, Tombstone.serial).where(Tombstone.domain.in_(domains))
    return {row.domain: row.serial for row in session.execute(query)} if domains else {}


def _zones(session: Session, domains: Collection[str]) -> dict[str, DesiredZone]:
    if not domains:
        return {}
    zones = list(session.execute(select(Zone.id, Zone.uuid, Zone.domain, Zone.serial).where(Zone.domain.in_(domains))))
    values: dict[int, list[records.Record]] = defaultdict(list)
    columns = (Record.zone_id, Record.uuid, Record.name, Record.type, Record.ttl, Record.value, Record.priority)
    for row in session.execute(select(*columns).where(Record.zone_id.in_([zone.id for zone in zones]))):
        values[row.zone_id].append(records.Record(row.uuid, row.name, row.type, row.ttl, row.value, row.priority))
    return {zone.domain: DesiredZone(zone.uuid, zone.domain, zone.serial, tuple(values[zone.id])) for zone in zones}


def zones_in_batches(size: int = 500) -> Iterator[DesiredZone]:
    """Every zone as it should be, by domain, a batch in memory at a time."""
    last = ""
    while True:
        with snapshot() as session:
            query = select(Zone.domain).where(Zone.domain > last).order_by(Zone.domain).limit(size)
            domains = list(session.scalars(query))
            zones = _zones(session, domains)
        if not domains:
            return
        last = domains[-1]
        yield from (zones[domain] for domain in domains)


def desired_zone(zone: Zone) -> DesiredZone:
    """One zone as it should be, at this moment."""
    with snapshot() as session:
        return _zones(session, [zone.domain])[zone.domain]
