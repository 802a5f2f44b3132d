"""Sessions: the browsers in which somebody is signed in."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from api.database import Base, UtcDateTime
from api.models.accounts import Account

#: A session ends so long after it began, and when it was not used for so long.
LIFETIME, IDLE = timedelta(days=30), timedelta(days=7)


class BrowserSession(Base):
    """One browser that is signed in. `hash` is that of the secret in its cookie (api.models.tokens.hashed)."""

    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    address: Mapped[str] = mapped_column(String(45))
    browser: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    account: Mapped[Account] = relationship(lazy="joined", innerjoin=True)
