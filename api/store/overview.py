"""Zones and their records by name, page by page, for people to look at."""

from dataclasses import dataclass
from typing import Any

import idna
from sqlalchemy import Select, func, or_, select

from api.database import db
from api.errors import NotFound
from api.models import Account, Publication, Record, Zone
from api.store.pages import Page


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which zones: those of an account (None: of all), whose domain holds the text, and that are in this state."""

    account_id: int | None
    text: str = ""
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A zone in a list, with its number of records and its owner's e-mail address."""

    zone: Zone
    records: int
    owner: str


def zones(wanted: Wanted, page: Page) -> list[Listed]:
    """A page of these zones by name, and one more to tell whether there is a next page."""
    records = select(func.count()).where(Record.zone_id == Zone.id).scalar_subquery()
    query = _wanted(select(Zone, records, Account.email).join(Account, Account.id == Zone.account_id), wanted)
    return [Listed(*row) for row in db.session.execute(_cut(query.order_by(Zone.domain), page))]


def count(wanted: Wanted) -> int:
    """How many zones there are on all pages."""
    return db.session.scalar(_wanted(select(func.count(Zone.id)), wanted)) or 0


def zone_seen(account_id: int | None, uuid: str) -> Zone:
    """A zone of the account's, or (None) of anybody's. Raises NotFound, the same for an unknown and a foreign one."""
    query = select(Zone).where(Zone.uuid == uuid)
    zone = db.session.scalar(query if account_id is None else query.where(Zone.account_id == account_id))
    if zone is None:
        raise NotFound("Zone not found.")
    return zone


def records(zone: Zone, text: str, page: Page) -> list[Record]:
    """A page of the zone's records by name and type whose name, type or value holds the text, and one more."""
    query = _holding(select(Record), zone, text).order_by(Record.name, Record.type, Record.id)
    return list(db.session.scalars(_cut(query, page)))


def count_records(zone: Zone, text: str) -> int:
    """How many such records there are on all pages."""
    return db.session.scalar(_holding(select(func.count(Record.id)), zone, text)) or 0


def _wanted(query: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.account_id is not None:
        query = query.where(Zone.account_id == wanted.account_id)
    if wanted.text:
        query = query.where(Zone.domain.contains(_stored(wanted.text), autoescape=True))
    if wanted.state:
        query = query.where(Zone.domain.in_(select(Publication.domain).where(Publication.state == wanted.state)))
    return query


def _holding(query: Select[Any], zone: Zone, text: str) -> Select[Any]:
    query, text = query.where(Record.zone_id == zone.id), _printable(text)
    if not text:
        return query
    name = Record.name.contains(_stored(text), autoescape=True)
    value = func.lower(Record.value).contains(text.lower(), autoescape=True)
    return query.where(or_(name, value, Record.type == text.upper()))


def _printable(text: str) -> str:
    return "".join(filter(str.isprintable, text))  # PostgreSQL takes no U+0000


def _stored(text: str) -> str:
    """The text as a name holding it is stored: in lower case, as A-labels."""
    text = _printable(text).lower()
    try:
        return text if text.isascii() else idna.encode(text, uts46=True).decode()
    except idna.IDNAError:
        return text


def _cut(query: Select[Any], page: Page) -> Select[Any]:
    return query.offset(page.offset).limit(None if page.limit is None else page.limit + 1)
