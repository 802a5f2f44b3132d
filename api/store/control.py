"""What the control plane reads: what is due on which nameserver, and how the zones should be."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Exists, and_, exists, select
from sqlalchemy.orm import Session, aliased

from api.database import now, snapshot
from api.models import Nameserver, Publication, Record, Tombstone, Zone
from nameserver import records
from nameserver.reconcile import Desired
from nameserver.zone import Zone as DesiredZone

MOST_DUE = 1000


def gather(nameservers: Sequence[str], most: int = MOST_DUE) -> Desired:
    """What is due on these nameservers: the longest waiting first, at most `most` zones each."""
    with snapshot() as session:
        due = {name: _due(session, name, most) for name in nameservers}
        wanted = {domain: serial for rows in due.values() for domain, serial in rows}
        zones = _zones(session, wanted.keys())
        deleted = {domain for domain, serial in wanted.items() if serial is None} - zones.keys()
        removals = _tombstones(session, deleted)
        vanished = {domain: serial for domain, serial in wanted.items() if domain not in zones and serial is not None}
        return Desired(zones, removals, {name: [domain for domain, _ in rows] for name, rows in due.items()}, vanished)


def _due(session: Session, name: str, most: int) -> list[tuple[str, int | None]]:
    open_ = and_(Publication.state != "in_sync", Publication.state != "held", Publication.due_at <= now())
    query = select(Publication.domain, Publication.wanted).join(Nameserver, Nameserver.id == Publication.nameserver_id)
    first = ~Publication.staged | ~_staged_later(name)
    here = (Nameserver.name == name, Nameserver.paused.is_(False))
    rows = session.execute(query.where(*here, open_, first).order_by(Publication.due_at).limit(most))
    return [(domain, wanted) for domain, wanted in rows]


def _staged_later(name: str) -> Exists:
    """Has a nameserver after this one still to take what is staged? Then this one waits."""
    this, later = aliased(Nameserver), aliased(Nameserver)
    open_ = aliased(Publication)
    rows = select(open_.domain).join(later, later.id == open_.nameserver_id).join(this, this.id < later.id)
    waiting = (open_.state != "in_sync", open_.staged, later.paused.is_(False))
    return exists(rows.where(this.name == name, *waiting))


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
