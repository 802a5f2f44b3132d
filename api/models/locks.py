"""Locks: what of a zone nobody may change until it is unlocked."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from api.database import Base, UtcDateTime
from nameserver.records import Record


class Lock(Base):
    """One lock: on a record, on the RRsets of a name and a type (None: of any), or on the zone as a whole.

    It has no foreign keys: a zone that vanished without a change keeps its locks for when it is put back.
    """

    __tablename__ = "locks"
    # A number is never given twice: a cursor past a deleted lock must not hide a new one.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  SQLAlchemy's own way

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    zone_uuid: Mapped[str] = mapped_column(String(36), index=True)
    record_uuid: Mapped[str | None] = mapped_column(String(36))
    name: Mapped[str | None] = mapped_column(String(253))
    record_type: Mapped[str | None] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(500))
    actor: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def whole(self) -> bool:
        """Is it the zone as a whole?"""
        return self.record_uuid is None and self.name is None and self.record_type is None

    def covers(self, record: Record) -> bool:
        """May this record not be added, changed or removed?"""
        if self.record_uuid is not None:
            return record.uuid == self.record_uuid
        return self.name in (None, record.name) and self.record_type in (None, record.type)

    def subject(self) -> str:
        """What is locked, in words: `www A`, `www`, `all MX records`, `the record …`, `the whole zone`."""
        if self.record_uuid is not None:
            return f"the record {self.record_uuid}"
        if self.name is None:
            return "the whole zone" if self.record_type is None else f"all {self.record_type} records"
        return f"{self.name} {self.record_type}" if self.record_type else self.name
