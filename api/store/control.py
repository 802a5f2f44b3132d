"""What the control plane reads: what is due on which nameserver, and how the zones should be."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from api.database import now, snapshot
from api.models import Nameserver, Publication, Record, Tombstone, Zone
from api.store.staging import staged_later
from nameserver import records
from nameserver.reconcile import Desired
from nameserver.zone import Zone as DesiredZone

#: What one pass takes on for a nameserver: some tenths of a second of work, so that what becomes due meanwhile
#: waits no longer. The rest stays due.
MOST_DUE = 200
MOST_OCTETS = 2 * 1024 * 1024
#: A zone of more records is heavy: rendering, checking, sending and loading it takes seconds, beside the others.
HEAVY = 2000
_OVERHEAD = 50  # octets of a record beside its value


def gather(nameservers: Sequence[str], heavy: bool = False) -> Desired:
    """What is due on these nameservers: a batch of the zones that are not heavy, or one heavy zone, each."""
    with snapshot() as session:
        due = {name: _due(session, name, heavy) for name in nameservers}
        wanted = {domain: serial for rows in due.values() for domain, serial in rows}
        zones = _zones(session, wanted.keys())
        deleted = {domain for domain, serial in wanted.items() if serial is None} - zones.keys()
        removals = _tombstones(session, deleted)
        vanished = {domain: serial for domain, serial in wanted.items() if domain not in zones and serial is not None}
        return Desired(zones, removals, {name: [domain for domain, _ in rows] for name, rows in due.items()}, vanished)


def _due(session: Session, name: str, heavy: bool) -> list[tuple[str, int | None]]:
    """The longest waiting first. Of more than one batch half are the newest: nobody waits for all the others."""
    open_ = and_(Publication.state != "in_sync", Publication.state != "held", Publication.due_at <= now())
    first = ~Publication.staged | ~staged_later(name)
    query = (
        select(Publication.domain, Publication.wanted, _octets())
        .join(Nameserver, Nameserver.id == Publication.nameserver_id)
        .outerjoin(Zone, Zone.domain == Publication.domain)
        .where(Nameserver.name == name, Nameserver.paused.is_(False), open_, first, _heavy() if heavy else ~_heavy())
    )
    most = 1 if heavy else MOST_DUE
    rows = list(session.execute(query.order_by(Publication.due_at).limit(most)))
    if len(rows) == MOST_DUE:
        newest = session.execute(query.order_by(Publication.due_at.desc()).limit(MOST_DUE))
        rows = [each for pair in zip(rows, newest, strict=False) for each in pair]
    due = {row.domain: (row.wanted, row.octets) for row in rows}
    return list(islice(_within(due), MOST_DUE))


def _within(rows: Mapping[str, tuple[int | None, int]]) -> Iterator[tuple[str, int | None]]:
    """The first of these that are not too much together; the very first in any case."""
    total = 0
    for domain, (wanted, octets) in rows.items():
        total += octets
        if total > MOST_OCTETS and total > octets:
            return
        yield domain, wanted


def _heavy() -> ColumnElement[bool]:
    """Has the zone of the publication more than `HEAVY` records? Counts no further than that."""
    beyond = select(Record.id).where(Record.zone_id == Zone.id).limit(1).offset(HEAVY)
    return beyond.correlate(Zone).scalar_subquery().is_not(None)


def _octets() -> ColumnElement[int]:
    """About how much the zone file is."""
    size = func.coalesce(func.sum(func.length(Record.value) + _OVERHEAD), 0)
    return select(size).where(Record.zone_id == Zone.id).correlate(Zone).scalar_subquery().label("octets")


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
