"""Changes: every accepted write, kept, and chained so that nobody can take one out or rewrite it unseen."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.database import Base, UtcDateTime
from api.models.records import Record as Row
from nameserver.records import Record

#: The action of a change that stands for all before it, which were thinned out.
THINNED = "thinned"


class Change(Base):
    """One accepted write to one zone: who, when, why, the serial it made, and the records it removed and added.

    `number` counts the changes of the zone from 1. `undoes` is the change that this one took back. `chain` is
    the digest of this change and of the chain of the domain's change before it, in this or an earlier life.
    It has no foreign keys: it outlives the zone, the account and the token it tells of.
    """

    __tablename__ = "changes"
    __table_args__ = (UniqueConstraint("zone_uuid", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    account_uuid: Mapped[str] = mapped_column(String(36), index=True)
    zone_uuid: Mapped[str] = mapped_column(String(36))
    number: Mapped[int]
    domain: Mapped[str] = mapped_column(String(253), index=True)
    action: Mapped[str] = mapped_column(String(20))
    serial: Mapped[int] = mapped_column(BigInteger)
    actor: Mapped[dict[str, Any]] = mapped_column(JSON)
    reason: Mapped[str | None] = mapped_column(String(500))
    undoes: Mapped[str | None] = mapped_column(String(36))
    removed: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    added: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    chain: Mapped[str] = mapped_column(String(64))

    def chained(self, before: str) -> str:
        """What `chain` must be when the chain stood at `before`."""
        told = {name: getattr(self, name) for name in _TOLD.split()} | {"created_at": self.created_at.isoformat()}
        content = json.dumps(told, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(f"{before}\n{content}".encode()).hexdigest()


_TOLD = "uuid account_uuid zone_uuid number domain action serial actor reason undoes removed added"


def who(actor: Mapping[str, Any]) -> str:
    """Who made a change, in words: the account, and the token's name where there was one."""
    return f"{actor['account']} ({actor['token']})" if actor.get("token") else str(actor["account"])


def described(record: Record | Row, expires_at: datetime | None = None) -> dict[str, Any]:
    """A record as a change keeps it; one that expires also says when."""
    told = {
        "uuid": record.uuid,
        "record_type": record.type,
        "name": record.name,
        "value": record.value,
        "ttl": record.ttl,
        "priority": record.priority,
    }
    return told if expires_at is None else told | {"expires_at": expires_at.isoformat()}


def record_of(description: Mapping[str, Any]) -> Record:
    """The record that `described` described."""
    keys = ("uuid", "name", "record_type", "ttl", "value", "priority")
    return Record(*(description[key] for key in keys))
