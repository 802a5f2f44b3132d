"""What is due on a nameserver, as much as one pass takes on: the rest stays due."""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, bindparam, func, literal_column, select
from sqlalchemy.orm import Session

from api.database import UtcDateTime, now
from api.models import Nameserver, Publication, Record, Zone
from api.store.staging import staged_later

#: Some tenths of a second of work, so that what becomes due meanwhile waits no longer.
MOST_ZONES = 200
MOST_OCTETS = 2 * 1024 * 1024
#: A zone of more records is heavy: rendering, checking, sending and loading it takes seconds, beside the others.
HEAVY = 2000
_OVERHEAD = 50  # octets of a record beside its value


def batch(session: Session, name: str, heavy: bool) -> list[tuple[str, int | None]]:
    """Domain and wanted serial of what the nameserver gets next: one heavy zone, or some of the others.

    The longest waiting first. While more than a batch waits half are the newest: nobody waits for all the others.
    """
    most = 1 if heavy else MOST_ZONES
    values = {"nameserver": name, "moment": now(), "records": HEAVY, "most": most}
    rows = list(session.execute(_statement(heavy, newest=False), values))
    if len(rows) == MOST_ZONES:
        newest = session.execute(_statement(heavy, newest=True), values)
        rows = [each for pair in zip(rows, newest, strict=False) for each in pair]
    return list(islice(_within({row.domain: (row.wanted, row.octets) for row in rows}), most))


def _within(rows: Mapping[str, tuple[int | None, int]]) -> Iterator[tuple[str, int | None]]:
    """The first of these that are not too much together; the very first in any case."""
    total = 0
    for domain, (wanted, octets) in rows.items():
        total += octets
        if total > MOST_OCTETS and total > octets:
            return
        yield domain, wanted


@cache
def _statement(heavy: bool, newest: bool) -> Any:
    """Made once: making it takes longer than carrying it out, and every change waits for it."""
    name: BindParameter[str] = bindparam("nameserver")
    # Literal, as in the index over what is not done: it is found without reading what is.
    open_ = [Publication.state != literal_column(f"'{state}'") for state in ("in_sync", "held")]
    due = [*open_, Publication.due_at <= bindparam("moment", type_=UtcDateTime)]
    here = [Nameserver.name == name, Nameserver.paused.is_(False), ~Publication.staged | ~staged_later(name)]
    return (
        select(Publication.domain, Publication.wanted, _octets())
        .join(Nameserver, Nameserver.id == Publication.nameserver_id)
        .outerjoin(Zone, Zone.domain == Publication.domain)
        .where(*here, *due, _heavy() if heavy else ~_heavy())
        .order_by(Publication.due_at.desc() if newest else Publication.due_at)
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
