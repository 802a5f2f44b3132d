"""Creating and deleting zones."""

import uuid as uuids
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.changes import checks, idempotency, journal, meanwhile
from api.changes.actor import Actor
from api.changes.intent import Intent
from api.changes.journal import Expiries, Written
from api.database import changing, db, now, writing
from api.errors import NotFound
from api.models import Account, Record, Zone
from api.models.zones import reverse_domain
from api.settings import Settings
from api.store import locks, vanished
from api.store import records as stored
from api.store import zones as store
from nameserver import names
from nameserver.errors import InvalidInput

_LOCK = 0x7A6F6E65  # "zone": the one advisory lock that all creations share on PostgreSQL

Present = Callable[[Zone], Any]


def create(settings: Settings, intent: Intent, domain: str, present: Present) -> tuple[Any, Written]:
    """Create an empty zone; answers what `present` makes of it. Raises InvalidInput: field `domain`."""
    domain = canonical(settings, domain)
    with taken(), changing(intent.dry_run) as session:
        zone = new_zone(settings, session, intent, domain)
        written = journal.keep(session, intent, zone, "zone.create", [], [])
        answer = present(zone)
        idempotency.keep(session, intent, answer, written)
        return answer, written


def new_zone(
    settings: Settings, session: Session, intent: Intent, domain: str, uuid: str | None = None, others: int = 0
) -> Zone:
    """A zone of a canonical domain that has no change yet; whoever calls keeps one. Raises InvalidInput.

    There must be room for so many `others`, too.
    """
    one_creation_at_a_time(session)
    _refuse_served(intent.actor, domain)
    _refuse_overlap(intent.actor, domain)
    _require_room(settings, intent.actor, others)
    zone = Zone(
        uuid=uuid or str(uuids.uuid4()),
        account_id=intent.actor.account_id,
        domain=domain,
        reverse_domain=reverse_domain(domain),
        changes=0,
        created_at=now(),
    )
    journal.go_on(session, zone)
    session.add(zone)
    session.flush()
    return zone


def canonical(settings: Settings, domain: str) -> str:
    """The domain as it is stored. Raises InvalidInput: field `domain`."""
    return names.canonical_domain(domain, reserved=settings.reserved_names, exempt=settings.suffix_exempt)


@contextmanager
def taken() -> Iterator[None]:
    """The database's own word on a zone that exists already, as the rule's sentence."""
    try:
        yield
    except IntegrityError as error:
        raise InvalidInput("domain", "This zone exists already.") from error


def delete(intent: Intent, uuid: str) -> Written:
    """Delete a zone and its records. Raises NotFound, PreconditionFailed, Conflict when any of it is locked."""
    with changing(intent.dry_run) as session:
        zone = locked(session, intent.actor, uuid)
        meanwhile.require_zone(session, intent, zone)
        written = remove(session, intent, zone)
        idempotency.keep(session, intent, None, written)
        return written


def remove(session: Session, intent: Intent, zone: Zone) -> Written:
    """Delete a zone that the transaction holds, and its records. Raises Conflict when any of it is locked."""
    rows = session.scalars(select(Record).where(Record.zone_id == zone.id).order_by(Record.id)).all()
    gone, expire = stored.as_values(rows), {row.uuid: row.expires_at for row in rows if row.expires_at}
    locks.require_unlocked(session, zone, gone)
    written = journal.keep(session, intent, zone, "zone.delete", gone, [], Expiries(expire))
    journal.bury(session, zone, written.change or "")
    checks.forget(session, zone.uuid)
    session.delete(zone)
    return written


def move(intent: Intent, uuid: str, account: Account) -> Written:
    """Give a zone to another account, with its locks.

    Raises NotFound, Conflict when it is locked as a whole, InvalidInput when zones of a third account overlap with it.
    """
    with writing(intent.dry_run) as session:
        one_creation_at_a_time(session)
        zone = locked(session, intent.actor, uuid)
        locks.require_unlocked(session, zone)
        for other in store.overlapping(zone.domain):
            if other.id != zone.id and other.account_id != account.id:
                raise InvalidInput("account", f"{other.domain} overlaps with {zone.domain}: move it as well, first.")
        zone.account_id = account.id
        owner = replace(intent.actor, account_id=account.id, account_uuid=account.uuid)
        return journal.note(session, replace(intent, actor=owner), zone, "zone.move")


def locked(session: Session, actor: Actor, uuid: str) -> Zone:
    """The actor's zone, locked to the end of the transaction: one writer at a time. Raises NotFound.

    It is named by uuid or by domain.
    """
    named = (Zone.uuid == uuid) | (Zone.domain == uuid)
    query = select(Zone).where(named, Zone.account_id == actor.account_id).with_for_update()
    zone = session.scalar(query.execution_options(populate_existing=True))
    if zone is None:
        raise NotFound("Zone not found.")
    return zone


def one_creation_at_a_time(session: Session) -> None:
    """Creations queue to the end of their transactions; taken before any zone is locked."""
    # A parent and a child created at once would not see each other; SQLite has one writer anyway.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _require_room(settings: Settings, actor: Actor, others: int) -> None:
    most = settings.zones_per_account
    if actor.account_id is None:
        return
    there = store.count_zones(actor.account_id, None)
    if there + others >= most:
        has = f"{there}, and {others + 1} are to be added" if others else "as many"
        raise InvalidInput("domain", f"An account may have {most} zones; this one has {has}.")


def _refuse_served(actor: Actor, domain: str) -> None:
    """What the nameservers serve and the database has lost must not be emptied by a new zone of its name."""
    if lost := vanished.overlapping(domain):
        raise InvalidInput(
            "domain",
            f"{lost} is served, and is gone from the database without a change that deleted it: an operator must "
            f"release it first (`zonewright zone release {lost}`).",
        )
    if actor.source != "cli" and vanished.is_stray(domain):
        raise InvalidInput(
            "domain",
            f"The nameservers serve a zone {domain} that is not in the database: an operator must take it in "
            f"(`zonewright rebuild`), or replace it (`zonewright zone create {domain}`).",
        )


def _refuse_overlap(actor: Actor, domain: str) -> None:
    for zone in store.overlapping(domain):
        if zone.domain == domain:
            raise InvalidInput("domain", f"The zone {domain} exists already.")
        if zone.account_id != actor.account_id:
            # The same words for a parent and a child: they do not tell whose it is, nor what else it holds.
            raise InvalidInput("domain", f"{domain} overlaps with a zone that exists already.")
        if names.is_below(domain, zone.domain):
            locked(db.session(), actor, zone.uuid)  # no record comes in between the look and the new zone
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
