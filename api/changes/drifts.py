"""Drift: kept with what differed, and mended by publishing again."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.changes import journal
from api.database import changing, db, now
from api.models import Drift, Nameserver, Publication, Zone
from nameserver import drift
from nameserver.sweep import Drifted


def record(drifted: Drifted) -> list[drift.Drift]:
    """Keep what differs and make it due again; answers what was new. A wish that has moved on is no difference."""
    told = {row.domain for row in unmended(db.session(), drifted.nameserver)} if drifted.drifts else set()
    found = sorted(drifted.drifts, key=lambda each: each.domain)  # one order of locking for all
    new = [each for each in found if each.expected or each.domain not in told]
    contents = [each for each in new if each.kind is drift.Kind.CONTENT]
    recorded = _record(drifted.nameserver, [each for each in new if each.kind is not drift.Kind.CONTENT])
    for each in contents:  # each alone: a zone's lock must be had before the rows of any other zone
        recorded += _record(drifted.nameserver, [each])
    return recorded


def _record(nameserver: str, found: Sequence[drift.Drift]) -> list[drift.Drift]:
    if not found:
        return []
    with changing() as session:
        of = session.scalars(select(Nameserver.id).where(Nameserver.name == nameserver)).one()
        recorded = [each for each in found if each.expected is None or _mend(session, of, each, each.expected)]
        session.add_all(_row(nameserver, each) for each in recorded)
        return recorded


def _mend(session: Session, nameserver: int, found: drift.Drift, expected: drift.Expected) -> bool:
    """Make it due; with a new serial where the present one is answered for other content."""
    if found.kind is not drift.Kind.CONTENT:
        return _due_again(session, nameserver, found, expected)
    there = session.scalar(select(Zone.id).where(Zone.domain == found.domain).with_for_update())
    if there is None or not _due_again(session, nameserver, found, expected):
        return False
    journal.raise_serial(session, found.domain, expected.serial or 0)
    return True


def unmended(session: Session, nameserver: str, domains: Collection[str] | None = None) -> Sequence[Drift]:
    """What was found to differ on a nameserver and is not mended, of these zones (None: of all)."""
    query = select(Drift).where(Drift.nameserver == nameserver, Drift.repaired_at.is_(None))
    return session.scalars(query if domains is None else query.where(Drift.domain.in_(domains))).all()


def mended(session: Session, nameserver: str, how: Mapping[str, str]) -> None:
    """These zones differ no longer, and how that came about."""
    for row in unmended(session, nameserver, how.keys()) if how else ():
        row.repaired_at, row.repair = now(), how[row.domain]


def _due_again(session: Session, nameserver: int, found: drift.Drift, expected: drift.Expected) -> bool:
    still = (Publication.nameserver_id == nameserver) & (Publication.domain == found.domain)
    still &= (Publication.state == "in_sync") & (Publication.checked_at == expected.asked_at)
    values = {"state": "pending", "due_at": now(), "error": drift.sentence(found)}
    return bool(session.scalars(update(Publication).where(still).values(**values).returning(Publication.domain)).all())


def _row(nameserver: str, found: drift.Drift) -> Drift:
    expected = found.expected
    return Drift(
        nameserver=nameserver,
        domain=found.domain,
        kind=found.kind.value,
        found_at=now(),
        detail=drift.sentence(found),
        expected_serial=expected.serial if expected else None,
        expected_digest=expected.digest if expected else None,
        found_serial=found.serial,
        found_digest=found.digest,
        records=asdict(found.records) if found.records else None,
    )
