"""Answers: when a nameserver was asked after a publication, and answered it."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from api.database import Base, UtcDateTime


class Answer(Base):
    """One publication that one nameserver answered; `serial` None: it answered the zone no longer.

    `nameserver` is a name and no key: like the changes it tells of, it outlives what it names.
    """

    __tablename__ = "answers"
    __table_args__ = (Index("ix_answers_domain", "domain", "answered_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    nameserver: Mapped[str] = mapped_column(String(63))
    domain: Mapped[str] = mapped_column(String(253))
    serial: Mapped[int | None] = mapped_column(BigInteger)
    answered_at: Mapped[datetime] = mapped_column(UtcDateTime)
