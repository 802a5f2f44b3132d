"""Changes: every accepted write, kept."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from api.database import Base, UtcDateTime


class Change(Base):
    """One accepted write to one zone: who, when, the serial it made, and the records it removed and added.

    It has no foreign keys: it outlives the zone, the account and the token it tells of.
    """

    __tablename__ = "changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    account_uuid: Mapped[str] = mapped_column(String(36), index=True)
    zone_uuid: Mapped[str] = mapped_column(String(36), index=True)
    domain: Mapped[str] = mapped_column(String(253))
    action: Mapped[str] = mapped_column(String(20))
    serial: Mapped[int] = mapped_column(BigInteger)
    actor: Mapped[dict[str, Any]] = mapped_column(JSON)
    removed: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    added: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
