"""Reading accounts and tokens."""

from sqlalchemy import func, select

from api.database import db
from api.errors import NotFound
from api.models import Account, Token, Zone


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


def owner_of(zone: Zone) -> Account:
    """The account that owns the zone."""
    return db.session.scalars(select(Account).where(Account.id == zone.account_id)).one()


def all_tokens() -> list[Token]:
    """Every token, oldest first."""
    return list(db.session.scalars(select(Token).order_by(Token.id)).unique())
