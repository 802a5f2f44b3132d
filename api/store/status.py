"""Where a zone or a change stands on each nameserver, as last answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select

from api.database import db
from api.errors import NotFound
from api.models import Account, Change, Nameserver, Publication, Zone
from api.store.staging import waits_for
from nameserver.serial import newer

_WORST_FIRST = ("held", "failed", "pending")


@dataclass(frozen=True, slots=True)
class Standing:
    """One nameserver's: `state` is in_sync, pending, failed, held, unreachable or paused."""

    name: str
    state: str
    serial: int | None
    checked_at: datetime | None
    error: str | None


def change_of(account_uuid: str, uuid: str) -> Change:
    """A change of the account or of its zone. Raises NotFound, the same for an unknown and a foreign one."""
    owned = select(Zone.id).join(Account, Account.id == Zone.account_id)
    of_its_zone = owned.where(Account.uuid == account_uuid, Zone.uuid == Change.zone_uuid).exists()
    readable = (Change.account_uuid == account_uuid) | of_its_zone
    change = db.session.scalar(select(Change).where(Change.uuid == uuid, readable))
    if change is None:
        raise NotFound("Change not found.")
    return change


def zone_standings(domain: str) -> list[Standing]:
    """How each nameserver stands with the newest state of the zone."""
    return [_newest(nameserver, publication) for nameserver, publication in _rows(domain)]


def change_standings(domain: str, serial: int, deletion: bool) -> list[Standing]:
    """How each nameserver stands with one change: in sync once it answered the change's serial or a newer one."""
    return [
        _standing(nameserver, publication, _reached(publication, serial, deletion))
        for nameserver, publication in _rows(domain)
    ]


def standings_of(domains: Sequence[str]) -> dict[str, list[Standing]]:
    """The same for several zones, with one question to the database."""
    nameservers = db.session.scalars(select(Nameserver).order_by(Nameserver.id)).all()
    rows = db.session.scalars(select(Publication).where(Publication.domain.in_(domains)))
    found = {(each.nameserver_id, each.domain): each for each in rows}
    return {domain: [_newest(each, found.get((each.id, domain))) for each in nameservers] for domain in domains}


def overall(standings: list[Standing]) -> str:
    """The state of all nameservers together; a paused one holds nobody up."""
    states = {"pending" if standing.state == "unreachable" else standing.state for standing in standings}
    return next((state for state in _WORST_FIRST if state in states), "in_sync" if standings else "pending")


def _rows(domain: str) -> list[tuple[Nameserver, Publication | None]]:
    match = and_(Publication.nameserver_id == Nameserver.id, Publication.domain == domain)
    query = select(Nameserver, Publication).outerjoin(Publication, match).order_by(Nameserver.id)
    return [(nameserver, publication) for nameserver, publication in db.session.execute(query)]


def _newest(nameserver: Nameserver, publication: Publication | None) -> Standing:
    return _standing(nameserver, publication, _current(publication))


def _current(publication: Publication | None) -> bool:
    return publication is not None and publication.state == "in_sync"


def _reached(publication: Publication | None, serial: int, deletion: bool) -> bool:
    if publication is None or (publication.wanted is None and publication.state == "in_sync"):
        return True  # the zone is deleted and gone from there, and with it whatever was changed before
    if publication.served is None:
        return False
    return newer(publication.served, serial) or (publication.served == serial and not deletion)


def _standing(nameserver: Nameserver, publication: Publication | None, reached: bool) -> Standing:
    serial = publication.served if publication else None
    checked_at = publication.checked_at if publication else None
    error = publication.error if publication else None
    if reached:
        return Standing(nameserver.name, "in_sync", serial, checked_at, None)
    if nameserver.paused:
        return Standing(nameserver.name, "paused", serial, checked_at, None)
    if nameserver.error and not (publication and publication.state == "held"):
        return Standing(nameserver.name, "unreachable", serial, checked_at, nameserver.error)
    if publication and publication.staged and publication.state == "pending":
        error = error or waits_for(nameserver.name)
    return Standing(nameserver.name, publication.state if publication else "pending", serial, checked_at, error)
