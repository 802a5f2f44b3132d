"""Confirmations: changes that take themselves back unless somebody confirms them in time."""

from datetime import datetime

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from api.database import Base, UtcDateTime


class Confirmation(Base):
    """One change that waits for its confirmation. `write` is what it shares with the other changes of its write.

    `state` is waiting, confirmed, reverted or kept (what was done since stood against the revert; `detail` says
    what).
    """

    __tablename__ = "confirmations"
    __table_args__ = (
        Index(
            "ix_confirmations_waiting",
            "revert_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    change_uuid: Mapped[str] = mapped_column(String(36), primary_key=True)
    write: Mapped[str] = mapped_column(String(36), index=True)
    revert_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(10))
    detail: Mapped[str | None] = mapped_column(Text)
