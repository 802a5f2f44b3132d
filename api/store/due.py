"""What is due on a nameserver, as much as one pass takes on: the rest stays due."""

import random
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import islice, zip_longest
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, func, literal_column, select
from sqlalchemy.orm import Session

from api.database import UtcDateTime, now
from api.models import Nameserver, Publication, Record, Zone
from api.store.staging import staged_later

#: Some tenths of a second of work, so that what becomes due meanwhile waits no longer.
MOST_ZONES = 200
#: So many accounts take turns in one batch.
MOST_TURNS = 50
MOST_OCTETS = 2 * 1024 * 1024
#: A zone of more records is heavy: rendering, checking, sending and loading it takes seconds, beside the others.
HEAVY = 2000
_OVERHEAD = 50  # octets of a record beside its value


def batch(session: Session, name: str, heavy: bool) -> list[tuple[str, int | None]]:
    """Domain and wanted serial of what the nameserver gets next: one heavy zone, or some of the others.

    The longest waiting first. While more than a batch waits, accounts take turns with one half of it, so that
    nobody waits for another's many zones.
    """
    most = 1 if heavy else MOST_ZONES
    values = {"nameserver": name, "moment": now(), "records": HEAVY}
    rows = list(session.execute(_statement(heavy, of_account=False), values | {"most": most}))
    if len(rows) == MOST_ZONES:
        rows = _merged(rows, _turns(session, name, values))
    return list(islice(_within({row.domain: (row.wanted, row.octets) for row in rows}), most))


def _merged(oldest: Sequence[Any], turns: Sequence[Any]) -> list[Any]:
    """One of each in turn: what is cut off at the end was to come last in either."""
    pairs = zip_longest(oldest, turns)
    return [each for pair in pairs for each in pair if each is not None]


def _turns(session: Session, name: str, values: dict[str, Any]) -> list[Any]:
    """Each account's longest waiting, as many of one as of another; of very many accounts some, picked at random."""
    accounts = list(session.scalars(_accounts(name)))
    picked = accounts if len(accounts) <= MOST_TURNS else random.sample(accounts, MOST_TURNS)
    share = {"most": MOST_ZONES // 2 // max(1, len(picked))}
    mine = [values | share | {"account": account} for account in picked]
    return [row for each in mine for row in session.execute(_statement(heavy=False, of_account=True), each)]


def _accounts(name: str) -> Select[int]:
    """The accounts with something open there, one step of an index for each: what they have is not read."""
    here = select(Nameserver.id).where(Nameserver.name == name).scalar_subquery()
    open_ = (Publication.nameserver_id == here, Publication.state != literal_column("'in_sync'"))
    lowest = select(func.min(Publication.account_id)).where(*open_)
    turn = lowest.cte("turn", recursive=True)
    [account] = turn.c
    later = lowest.where(Publication.account_id > account).scalar_subquery()
    turn = turn.union_all(select(later).where(account.is_not(None)))
    return select(turn.c[0]).where(turn.c[0].is_not(None))


def _within(rows: Mapping[str, tuple[int | None, int]]) -> Iterator[tuple[str, int | None]]:
    """The first of these that are not too much together; the very first in any case."""
    total = 0
    for domain, (wanted, octets) in rows.items():
        total += octets
        if total > MOST_OCTETS and total > octets:
            return
        yield domain, wanted


@cache
def _statement(heavy: bool, of_account: bool) -> Any:
    """Made once: making it takes longer than carrying it out, and every change waits for it."""
    name: BindParameter[str] = bindparam("nameserver")
    # Literal, as in the index over what is not done: it is found without reading what is.
    open_ = [Publication.state != literal_column(f"'{state}'") for state in ("in_sync", "held")]
    due = [*open_, Publication.due_at <= bindparam("moment", type_=UtcDateTime)]
    here = [Nameserver.name == name, Nameserver.paused.is_(False), ~Publication.staged | ~staged_later(name)]
    if of_account:
        here.append(Publication.account_id == bindparam("account"))
    return (
        select(Publication.domain, Publication.wanted, _octets())
        .join(Nameserver, Nameserver.id == Publication.nameserver_id)
        .outerjoin(Zone, Zone.domain == Publication.domain)
        .where(*here, *due, _heavy() if heavy else ~_heavy())
        .order_by(Publication.due_at)
        .limit(bindparam("most"))
    )


def _heavy() -> ColumnElement[bool]:
    """Has the zone more than so many records? Counts no further than that."""
    beyond = select(Record.id).where(Record.zone_id == Zone.id).limit(1).offset(bindparam("records"))
    return beyond.correlate(Zone).scalar_subquery().is_not(None)


def _octets() -> ColumnElement[int]:
    """About how much the zone file is."""
    size = func.coalesce(func.sum(func.length(Record.value) + _OVERHEAD), 0)
    return select(size).where(Record.zone_id == Zone.id).correlate(Zone).scalar_subquery().label("octets")
