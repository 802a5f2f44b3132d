"""Tombstones: a zone leaves a nameserver only because one says so."""

from datetime import datetime

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from api.database import Base, UtcDateTime


class Tombstone(Base):
    """A deleted zone's last serial, and the chain of its last change. Kept for ever: the domain, when it comes
    back, goes on above the one and from the other.

    `confirmed_at` is when the last nameserver was asked and no longer answered the zone.
    """

    __tablename__ = "tombstones"

    domain: Mapped[str] = mapped_column(String(253), primary_key=True)
    zone_uuid: Mapped[str] = mapped_column(String(36))
    change_uuid: Mapped[str] = mapped_column(String(36))
    serial: Mapped[int] = mapped_column(BigInteger)
    chain: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
