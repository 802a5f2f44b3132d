"""Reading accounts and tokens."""

from sqlalchemy import func, select

from api.database import db
from api.errors import NotFound
from api.models import Account, Change, Token, Zone


def all_accounts() -> list[tuple[Account, int]]:
    """Every account with its number of zones, by e-mail address."""
    zones = select(func.count()).where(Zone.account_id == Account.id).scalar_subquery()
    return [(account, count) for account, count in db.session.execute(select(Account, zones).order_by(Account.email))]


def account_of(email: str) -> Account:
    """The account with this e-mail address. Raises NotFound."""
    found = db.session.scalar(select(Account).where(Account.email == email.strip().lower()))
    if found is None:
        raise NotFound(f"There is no account {email}: `zonewright account create {email}` makes it.")
    return found


def owner_with(account_id: int) -> Account:
    """The account of this number."""
    return db.session.scalars(select(Account).where(Account.id == account_id)).one()


def owner_of(zone: Zone) -> Account:
    """The account that owns the zone."""
    return owner_with(zone.account_id)


def owner_in_history(change: Change) -> Account:
    """Whose zone the change is of: its owner's now, or of one that is gone its last owner's. Raises NotFound."""
    there = select(Zone.account_id).where(Zone.uuid == change.zone_uuid).scalar_subquery()
    then = select(Account.id).where(Account.uuid == change.account_uuid).scalar_subquery()
    found = db.session.scalar(select(Account).where(Account.id == func.coalesce(there, then)))
    if found is None:
        raise NotFound(f"The account that owned {change.domain} is gone.")
    return found


def all_tokens() -> list[Token]:
    """Every token, oldest first."""
    return list(db.session.scalars(select(Token).order_by(Token.id)).unique())


def tokens_of(account_id: int) -> list[Token]:
    """The account's tokens, the newest first."""
    mine = select(Token).where(Token.account_id == account_id)
    return list(db.session.scalars(mine.order_by(Token.id.desc())).unique())
