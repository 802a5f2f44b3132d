"""Reading accounts and tokens."""

from sqlalchemy import func, select

from api.database import db
from api.models import Account, Token, Zone


def all_accounts() -> list[tuple[Account, int]]:
    """Every account with its number of zones, by e-mail address."""
    zones = select(func.count()).where(Zone.account_id == Account.id).scalar_subquery()
    return [(account, count) for account, count in db.session.execute(select(Account, zones).order_by(Account.email))]


def all_tokens() -> list[Token]:
    """Every token, oldest first."""
    return list(db.session.scalars(select(Token).order_by(Token.id)).unique())
