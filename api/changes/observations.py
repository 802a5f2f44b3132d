"""Writing down what the control plane observed. An answer counts for what was asked, not for a newer wish."""

import random
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, case, delete, insert, select, update
from sqlalchemy.orm import Session

from api.changes import drifts, journal
from api.database import db, now, writing
from api.models import Answer, Nameserver, Publication, Tombstone, Zone
from api.store.integrity import VANISHED
from api.store.standing import opened_at
from nameserver.drift import Kind
from nameserver.plan import Action, Item, Outcome, State
from nameserver.publish import Configured, Contact, Observation, Published
from nameserver.reconcile import Held
from nameserver.sweep import Drifted, Inventory
from nameserver.zone import reason

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
    elif isinstance(observed, Drifted):
        drifts.record(observed)
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
    _hold(held, unless="held")


def waiting_since(published: Published) -> list[datetime]:
    """When the wishes were made that the nameserver has just answered: to be asked before that is written down."""
    answered = {outcome.domain for outcome in published.outcomes if outcome.state is State.IN_SYNC}
    serials = {item.domain: _wanted(item) for item in published.items if item.domain in answered}
    # A failure moves `due_at`; without one, it is the commit.
    moment = case((Publication.attempts > 0, opened_at()), else_=Publication.due_at)
    of = select(Nameserver.id).where(Nameserver.name == published.nameserver).scalar_subquery()
    query = select(Publication.domain, Publication.wanted, moment).where(
        Publication.nameserver_id == of, Publication.domain.in_(answered), Publication.state != "in_sync"
    )
    return [since for domain, wanted, since in db.session.execute(query) if wanted == serials[domain]]


def _wanted(item: Item) -> int | None:
    return item.serial if item.action is Action.PUBLISH else None


def _published(published: Published) -> None:
    items = {item.domain: item for item in published.items}
    with writing() as session:
        nameserver = session.scalars(select(Nameserver).where(Nameserver.name == published.nameserver)).one()
        nameserver.contact_at = now()
        by_state: dict[State, list[Outcome]] = {state: [] for state in State}
        for outcome in sorted(published.outcomes, key=lambda outcome: outcome.domain):  # one order of locking for all
            by_state[outcome.state].append(outcome)
        answered = [items[outcome.domain] for outcome in by_state[State.IN_SYNC]]
        _answered(session, nameserver.id, answered)
        _keep_answers(session, published.nameserver, answered)
        drifts.mended(session, published.nameserver, {item.domain: _how(item) for item in answered})
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
        values = {"served": serial, "digest": bindparam("of_digest"), "state": state, **seen}
        session.connection().execute(_TABLE.update().where(_ROW).values(**values), publish)
    if remove:
        state = case((wanted.is_(None), "in_sync"), else_=_TABLE.c.state)
        session.connection().execute(
            _TABLE.update().where(_ROW).values(served=None, digest=None, state=state, **seen), remove
        )
        _confirm(session, [item.domain for item in items if item.action is Action.REMOVE])


def _keep_answers(session: Session, nameserver: str, items: Sequence[Item]) -> None:
    """When a change was live where, for as long as it is told of."""
    moment = now()
    rows = [
        {"nameserver": nameserver, "domain": item.domain, "serial": _wanted(item), "answered_at": moment}
        for item in items
    ]
    if rows:
        session.execute(insert(Answer), rows)


def _answer(nameserver: int, item: Item) -> dict[str, Any]:
    answer: dict[str, Any] = {"of_nameserver": nameserver, "of_domain": item.domain}
    if item.action is Action.REMOVE:
        return answer
    return answer | {"of_serial": item.serial, "of_digest": item.digest}


def _how(item: Item) -> str:
    return "Removed again." if item.action is Action.REMOVE else f"Published again, as serial {item.serial}."


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
    if row is None or row.wanted != _wanted(item):
        return
    row.attempts += 1
    row.state, row.error, row.checked_at = "failed", outcome.error, now()
    pause = min(_FIRST_PAUSE * 2 ** min(row.attempts - 1, 10), _LONGEST_PAUSE)
    row.due_at = now() + timedelta(seconds=pause * random.uniform(0.8, 1.2))  # noqa: S311  not a secret


def _held(held: Held) -> None:
    _hold(held, unless="in_sync")


def _hold(held: Held, unless: str) -> None:
    match = (Publication.domain == held.domain) & (Publication.wanted == held.serial) & (Publication.state != unless)
    with writing() as session:
        values = {"state": "held", "error": reason(held.problems), "checked_at": now()}
        session.execute(update(Publication).where(match).values(**values))


def _inventory(inventory: Inventory) -> None:
    """What a nameserver has beyond what the database knows is told, and kept; what vanished here is held."""
    vanished = _vanished(inventory.nameserver)
    with writing() as session:
        nameserver = session.scalars(select(Nameserver).where(Nameserver.name == inventory.nameserver)).one()
        nameserver.contact_at = now()
        nameserver.error = None
        nameserver.strays = list(inventory.strays)
        open_ = drifts.unmended(session, inventory.nameserver)
        gone = [row.domain for row in open_ if row.kind == Kind.STRAY and row.domain not in inventory.zones]
        drifts.mended(session, inventory.nameserver, dict.fromkeys(gone, "It is gone from the nameserver."))
        _hold_vanished(session, nameserver.id, vanished)


def _vanished(nameserver: str) -> Sequence[str]:
    """Zones that are gone from the database without a change that deleted them."""
    of = select(Nameserver.id).where(Nameserver.name == nameserver).scalar_subquery()
    wanted = (Publication.nameserver_id == of) & Publication.wanted.is_not(None) & (Publication.state != "held")
    there = select(Zone.id).where(Zone.domain == Publication.domain).exists()
    return db.session.scalars(select(Publication.domain).where(wanted, ~there).order_by(Publication.domain)).all()


def _hold_vanished(session: Session, nameserver: int, domains: Sequence[str]) -> None:
    """They stay served, and somebody is told; one that came back meanwhile is not held."""
    there = select(Zone.id).where(Zone.domain == Publication.domain).exists()
    for domain in domains:
        match = (Publication.nameserver_id == nameserver) & (Publication.domain == domain)
        values = {"state": "held", "error": VANISHED.detail}
        session.execute(
            update(Publication).where(match, ~there).values(**values), execution_options={"synchronize_session": False}
        )
