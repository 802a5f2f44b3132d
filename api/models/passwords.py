"""Passwords: only a hash is kept, apart from the account, so that no request with a token reads it."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from api.database import Base, UtcDateTime


class Password(Base):
    """The password of one account; an account without one cannot sign in. `hash` is argon2's, with its parameters."""

    __tablename__ = "passwords"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    hash: Mapped[str] = mapped_column(String(200))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
