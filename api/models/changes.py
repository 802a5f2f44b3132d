"""Changes: every accepted write, kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from api.database import Base, UtcDateTime
from api.models.records import Record as Row
from nameserver.records import Record


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


def described(record: Record | Row) -> dict[str, Any]:
    """A record as a change keeps it."""
    return {
        "uuid": record.uuid,
        "record_type": record.type,
        "name": record.name,
        "value": record.value,
        "ttl": record.ttl,
        "priority": record.priority,
    }


def record_of(description: Mapping[str, Any]) -> Record:
    """The record that `described` described."""
    keys = ("uuid", "name", "record_type", "ttl", "value", "priority")
    return Record(*(description[key] for key in keys))
