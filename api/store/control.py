"""What the control plane reads: what is due on which nameserver, and how the zones should be."""

from collections import defaultdict
from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.database import snapshot
from api.models import Record, Tombstone, Zone
from api.store import integrity
from api.store.due import batch
from nameserver import records
from nameserver.reconcile import Desired, Held
from nameserver.zone import Zone as DesiredZone


def gather(nameservers: Sequence[str], heavy: bool = False) -> Desired:
    """What is due on these nameservers: a batch of the zones that are not heavy, or one heavy zone, each."""
    with snapshot() as session:
        due = {name: batch(session, name, heavy) for name in nameservers}
        wanted = {domain: serial for rows in due.values() for domain, serial in rows}
        rows = _zone_rows(session, wanted.keys())
        zones = _with_records(session, rows)
        deleted = {domain for domain, serial in wanted.items() if serial is None} - zones.keys()
        removals = _tombstones(session, deleted)
        held = [*_vanished(wanted, zones), *_tampered(session, rows, zones)]
        for each in held:
            zones.pop(each.domain, None)
        return Desired(zones, removals, {name: [domain for domain, _ in rows] for name, rows in due.items()}, held)


def _vanished(wanted: Mapping[str, int | None], zones: Container[str]) -> Iterator[Held]:
    for domain, serial in wanted.items():
        if serial is not None and domain not in zones:
            yield Held(domain, serial, [integrity.VANISHED])


def _tampered(session: Session, rows: Sequence[Any], zones: Mapping[str, DesiredZone]) -> Iterator[Held]:
    for row in rows:
        if problem := integrity.tampered(session, row.uuid, row.checksum, zones[row.domain].records):
            yield Held(row.domain, row.serial, [problem])


def _tombstones(session: Session, domains: Collection[str]) -> dict[str, int]:
    """A zone leaves a nameserver only by its tombstone."""
    query = select(Tombstone.domain, Tombstone.serial).where(Tombstone.domain.in_(domains))
    return {row.domain: row.serial for row in session.execute(query)} if domains else {}


def _zones(session: Session, domains: Collection[str]) -> dict[str, DesiredZone]:
    return _with_records(session, _zone_rows(session, domains))


def _zone_rows(session: Session, domains: Collection[str]) -> Sequence[Any]:
    columns = (Zone.id, Zone.uuid, Zone.domain, Zone.serial, Zone.checksum)
    return session.execute(select(*columns).where(Zone.domain.in_(domains))).all() if domains else []


def _with_records(session: Session, zones: Sequence[Any]) -> dict[str, DesiredZone]:
    if not zones:
        return {}
    values: dict[int, list[records.Record]] = defaultdict(list)
    columns = (Record.zone_id, Record.uuid, Record.name, Record.type, Record.ttl, Record.value, Record.priority)
    for row in session.execute(select(*columns).where(Record.zone_id.in_([zone.id for zone in zones]))):
        values[row.zone_id].append(records.Record(row.uuid, row.name, row.type, row.ttl, row.value, row.priority))
    return {zone.domain: DesiredZone(zone.uuid, zone.domain, zone.serial, tuple(values[zone.id])) for zone in zones}


def desired_zones(domains: Sequence[str]) -> dict[str, DesiredZone]:
    """These zones as they should be, at one moment; one that is not in the database is left out."""
    with snapshot() as session:
        return _zones(session, domains)


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


def tampered_zones(after: str, most: int) -> tuple[list[Held], str]:
    """The zones whose records are not what the accepted writes left, among the `most` next by domain.

    With them the last domain looked at, empty at the end.
    """
    with snapshot() as session:
        domains = list(
            session.scalars(select(Zone.domain).where(Zone.domain > after).order_by(Zone.domain).limit(most))
        )
        rows = _zone_rows(session, domains)
        held = list(_tampered(session, rows, _with_records(session, rows)))
        return held, domains[-1] if len(domains) == most else ""
