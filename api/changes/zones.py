"""Creating and deleting zones."""

import uuid as uuids

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.changes import journal
from api.changes.actor import Actor
from api.changes.journal import Written
from api.database import changing, now
from api.errors import NotFound
from api.models import Record, Zone
from api.models.zones import reverse_domain
from api.settings import Settings
from api.store import records as stored
from api.store import zones as store
from nameserver import names
from nameserver.errors import InvalidInput

_LOCK = 0x7A6F6E65  # "zone": the one advisory lock that all creations share on PostgreSQL


def create(settings: Settings, actor: Actor, domain: str) -> tuple[Zone, Written]:
    """Create an empty zone. Raises InvalidInput: field `domain`."""
    domain = names.canonical_domain(domain, reserved=settings.reserved_names, exempt=settings.suffix_exempt)
    taken = InvalidInput("domain", f"The zone {domain} exists already.")
    try:
        with changing() as session:
            _one_creation_at_a_time(session)
            _refuse_overlap(actor, domain, taken)
            zone = Zone(
                uuid=str(uuids.uuid4()),
                account_id=actor.account_id,
                domain=domain,
                reverse_domain=reverse_domain(domain),
                serial=journal.first_serial(session, domain),
                created_at=now(),
            )
            session.add(zone)
            return zone, journal.keep(session, actor, zone, "zone.create", [], [])
    except IntegrityError as error:
        raise taken from error


def delete(actor: Actor, uuid: str) -> Written:
    """Delete a zone and its records. Raises NotFound."""
    with changing() as session:
        zone = locked(session, actor, uuid)
        gone = stored.as_values(session.scalars(select(Record).where(Record.zone_id == zone.id).order_by(Record.id)))
        written = journal.keep(session, actor, zone, "zone.delete", gone, [])
        journal.bury(session, zone, written.change or "")
        session.delete(zone)
        return written


def locked(session: Session, actor: Actor, uuid: str) -> Zone:
    """The actor's zone, locked to the end of the transaction: one writer at a time. Raises NotFound."""
    query = select(Zone).where(Zone.uuid == uuid, Zone.account_id == actor.account_id).with_for_update()
    zone = session.scalar(query)
    if zone is None:
        raise NotFound("Zone not found.")
    return zone


def _one_creation_at_a_time(session: Session) -> None:
    # A parent and a child created at once would not see each other; SQLite has one writer anyway.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _refuse_overlap(actor: Actor, domain: str, taken: InvalidInput) -> None:
    for zone in store.overlapping(domain):
        if zone.domain == domain:
            raise taken
        if zone.account_id != actor.account_id:
            # The same words for a parent and a child: they do not tell whose it is, nor what else it holds.
            raise InvalidInput("domain", f"{domain} overlaps with a zone that exists already.")
        if names.is_below(domain, zone.domain):
            _refuse_hiding(zone, domain)


def _refuse_hiding(parent: Zone, domain: str) -> None:
    """Records of the parent at or below the new apex would never be answered again; a delegation may stay."""
    owner = domain.removesuffix(f".{parent.domain}")
    hidden = stored.at_or_below(parent, owner)
    if hidden and not any((record.name, record.type) == (owner, "NS") for record in hidden):
        raise InvalidInput(
            "domain",
            f"Your zone {parent.domain} has records at or below {domain} that would no longer be answered, "
            f"such as {hidden[0].name} {hidden[0].type}: delete them first.",
        )
