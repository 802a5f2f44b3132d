"""Writing down what the control plane observed. An answer counts for what was asked, not for a newer wish."""

import random
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, case, delete, select, update
from sqlalchemy.orm import Session

from api.changes import journal
from api.database import db, now, writing
from api.models import Nameserver, Publication, Tombstone, Zone
from api.store.integrity import VANISHED
from nameserver.plan import Action, Item, Outcome, State
from nameserver.publish import Configured, Contact, Inventory, Observation, Published
from nameserver.reconcile import Held

_FIRST_PAUSE = 5.0
_LONGEST_PAUSE = 300.0
_TABLE: Any = Publication.__table__
_ROW = (_TABLE.c.nameserver_id == bindparam("of_nameserver")) & (_TABLE.c.domain == bindparam("of_domain"))


def report_with(observed: Observation | Held | None, also: Callable[[Session], None]) -> None:
    """Write down one observation and, in the same transaction, what `also` writes."""
    with writing() as session:
        if observed is not None:
            report(observed)
        also(session)


def report(observed: Observation | Held) -> None:
    """Write down one observation."""
    if isinstance(observed, Contact):
        _contact(observed)
    elif isinstance(observed, Published):
        _published(observed)
    elif isinstance(observed, Inventory):
        _inventory(observed)
    elif isinstance(observed, Configured):
        _configured(observed)
    else:
        _held(observed)


def _contact(contact: Contact) -> None:
    values: dict[str, Any] = {"error": contact.error}
    if contact.error is None:
        values |= {"contact_at": now(), "software": contact.software}
    with writing() as session:
        session.execute(update(Nameserver).where(Nameserver.name == contact.nameserver).values(**values))


def _configured(configured: Configured) -> None:
    with writing() as session:
        match = Nameserver.name == configured.nameserver
        session.execute(update(Nameserver).where(match).values(configuration_error=configured.error))


def hold(held: Held) -> None:
    """A zone that may be in sync is held all the same: it must not be published as it is now."""
    match = (Publication.domain == held.domain) & (Publication.wanted == held.serial)
    with writing() as session:
        session.execute(update(Publication).where(match, Publication.state != "held").values(**_holding(held)))


def seconds_to(published: Published) -> list[float]:
    """How long each wish that the nameserver has just answered had waited."""
    answered = [outcome.domain for outcome in published.outcomes if outcome.state is State.IN_SYNC]
    of = select(Nameserver.id).where(Nameserver.name == published.nameserver).scalar_subquery()
    query = select(Publication.due_at).where(Publication.nameserver_id == of, Publication.domain.in_(answered))
    moment = now()
    return [(moment - due_at).total_seconds() for due_at in db.session.scalars(query)] if answered else []


def _published(published: Published) -> None:
    items = {item.domain: item for item in published.items}
    with writing() as session:
        nameserver = session.scalars(select(Nameserver).where(Nameserver.name == published.nameserver)).one()
        nameserver.contact_at = now()
        by_state: dict[State, list[Outcome]] = {state: [] for state in State}
        for outcome in sorted(published.outcomes, key=lambda outcome: outcome.domain):  # one order of locking for all
            by_state[outcome.state].append(outcome)
        _answered(session, nameserver.id, [items[outcome.domain] for outcome in by_state[State.IN_SYNC]])
        for outcome in by_state[State.FAILED]:
            _failed(session, nameserver.id, items[outcome.domain], outcome)
        for outcome in by_state[State.OLDER]:
            journal.raise_serial(session, outcome.domain, outcome.serial or 0)


def _answered(session: Session, nameserver: int, items: Sequence[Item]) -> None:
    """These were asked and answered as published. A wish that has moved on meanwhile stays open."""
    publish = [_answer(nameserver, item) for item in items if item.action is Action.PUBLISH]
    remove = [_answer(nameserver, item) for item in items if item.action is Action.REMOVE]
    seen = {"error": None, "checked_at": now(), "attempts": 0}
    wanted: Any = _TABLE.c.wanted
    serial: Any = bindparam("of_serial")
    if publish:
        state = case((wanted == serial, "in_sync"), else_=_TABLE.c.state)
        session.connection().execute(_TABLE.update().where(_ROW).values(served=serial, state=state, **seen), publish)
    if remove:
        state = case((wanted.is_(None), "in_sync"), else_=_TABLE.c.state)
        session.connection().execute(_TABLE.update().where(_ROW).values(served=None, state=state, **seen), remove)
        _confirm(session, [item.domain for item in items if item.action is Action.REMOVE])


def _answer(nameserver: int, item: Item) -> dict[str, Any]:
    answer: dict[str, Any] = {"of_nameserver": nameserver, "of_domain": item.domain}
    return answer | ({"of_serial": item.serial} if item.action is Action.PUBLISH else {})


def _confirm(session: Session, domains: Iterable[str]) -> None:
    """A deletion that every nameserver has confirmed is done; the tombstone's serial stays."""
    for domain in sorted(domains):
        # Two nameservers that confirm at once must not each wait for the other's word.
        session.scalar(select(Tombstone.domain).where(Tombstone.domain == domain).with_for_update())
        open_ = (Publication.state != "in_sync") | Publication.wanted.is_not(None)
        if session.scalar(select(Publication.domain).where(Publication.domain == domain, open_).limit(1)) is None:
            session.execute(delete(Publication).where(Publication.domain == domain))
            session.execute(update(Tombstone).where(Tombstone.domain == domain).values(confirmed_at=now()))


def _failed(session: Session, nameserver: int, item: Item, outcome: Outcome) -> None:
    """The zone waits longer after each failure; others do not wait for it."""
    row = session.get(Publication, (nameserver, item.domain), with_for_update=True)
    wanted = item.serial if item.action is Action.PUBLISH else None
    if row is None or row.wanted != wanted:
        return
    row.attempts += 1
    row.state, row.error, row.checked_at = "failed", outcome.error, now()
    pause = min(_FIRST_PAUSE * 2 ** min(row.attempts - 1, 10), _LONGEST_PAUSE)
    row.due_at = now() + timedelta(seconds=pause * random.uniform(0.8, 1.2))  # noqa: S311  not a secret


def _held(held: Held) -> None:
    match = (Publication.domain == held.domain) & (Publication.wanted == held.serial)
    with writing() as session:
        session.execute(update(Publication).where(match, Publication.state != "in_sync").values(**_holding(held)))


def _holding(held: Held) -> dict[str, Any]:
    reason = "; ".join(problem.detail for problem in held.problems)
    return {"state": "held", "error": reason, "checked_at": now()}


def _inventory(inventory: Inventory) -> None:
    """What a nameserver has is compared with what it last answered; what differs is due again."""
    with writing() as session:
        nameserver = session.scalars(select(Nameserver).where(Nameserver.name == inventory.nameserver)).one()
        nameserver.contact_at = now()
        nameserver.error = None
        known = session.execute(
            select(Publication.domain, Publication.wanted, Publication.state).where(
                Publication.nameserver_id == nameserver.id
            )
        ).all()
        # A zone the database never deleted and does not know is a stray: reported, and kept.
        nameserver.strays = sorted(inventory.zones.keys() - {row.domain for row in known})[:1000]
        settled = [row for row in known if row.state == "in_sync"]
        drifted = [row.domain for row in settled if inventory.zones.get(row.domain) != row.wanted]
        _due_again(session, nameserver.id, drifted)
        _hold_vanished(session, nameserver.id, [row.domain for row in known if row.wanted is not None])


def _hold_vanished(session: Session, nameserver: int, domains: Sequence[str]) -> None:
    """Zones that are gone from the database without a change that deleted them stay served, and somebody is told."""
    there = set(session.scalars(select(Zone.domain)))
    rows = [{"of_nameserver": nameserver, "of_domain": domain} for domain in domains if domain not in there]
    if rows:
        values = {"state": "held", "error": VANISHED.detail}
        session.connection().execute(_TABLE.update().where(_ROW).values(**values), rows)


def _due_again(session: Session, nameserver: int, domains: Sequence[str]) -> None:
    rows = [{"of_nameserver": nameserver, "of_domain": domain} for domain in domains]
    if rows:
        values = {"state": "pending", "due_at": now(), "error": "It no longer answered what it had answered before."}
        session.connection().execute(_TABLE.update().where(_ROW).values(**values), rows)
