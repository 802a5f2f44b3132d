"""Adding nameservers, and asking for zones to be published again."""

from sqlalchemy import false, insert, literal, select, update
from sqlalchemy.orm import Session

from api.changes import drifts
from api.changes.leases import first_fence
from api.database import UtcDateTime, changing, now, writing
from api.errors import NotFound
from api.models import Nameserver, Publication, Zone
from nameserver.target import Target


def put(target: Target) -> None:
    """Add the nameserver, or give it a new description; a new one is due for every zone."""
    with changing() as session:
        nameserver = session.scalar(select(Nameserver).where(Nameserver.name == target.name))
        if nameserver is not None:
            nameserver.target = target.to_json()
            nameserver.error = None
            nameserver.fence = max(nameserver.fence, first_fence())  # this database may be a copy put back by hand
            return
        # It may have served another database, now lost, and keeps that one's fence.
        nameserver = Nameserver(name=target.name, target=target.to_json(), strays=[], fence=first_fence())
        session.add(nameserver)
        session.flush()
        columns = ("nameserver_id", "domain", "wanted", "state", "due_at", "attempts", "staged", "account_id")
        values = (
            literal(nameserver.id),
            Zone.domain,
            Zone.serial,
            literal("pending"),
            literal(now(), UtcDateTime),
            literal(0),
            false(),
            Zone.account_id,
        )
        session.execute(insert(Publication).from_select(columns, select(*values)))


def remove(name: str) -> None:
    """Forget a nameserver; what it serves it goes on serving. Raises NotFound."""
    with writing() as session:
        session.delete(_named(session, name))
        for row in drifts.unmended(session, name):
            row.repaired_at, row.repair = now(), "The nameserver was removed."


def set_paused(name: str, paused: bool) -> None:
    """A paused nameserver is left alone and holds nobody up. Raises NotFound."""
    with changing() as session:
        _named(session, name).paused = paused


def _named(session: Session, name: str) -> Nameserver:
    nameserver = session.scalar(select(Nameserver).where(Nameserver.name == name))
    if nameserver is None:
        raise NotFound(f"There is no nameserver {name}: `zonewright nameserver list` shows them.")
    return nameserver


def publish_again(domain: str | None) -> int:
    """Make a zone (None: every zone that is not in sync) due at once, held ones too; answers how many rows."""
    match = Publication.state != "in_sync" if domain is None else Publication.domain == domain
    with changing() as session:
        values = {"state": "pending", "due_at": now(), "attempts": 0, "error": None}
        return len(
            session.scalars(update(Publication).where(match).values(**values).returning(Publication.domain)).all()
        )
