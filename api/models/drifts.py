"""Drifts: where a nameserver was found to differ from what it had answered, and how that was mended."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from api.database import Base, UtcDateTime


class Drift(Base):
    """One difference. `kind` is missing, serial, file, content or stray (nameserver.drift).

    `records` are those that differ, at most 20 each: `there` only on the nameserver, `here` only in the database.
    It has no foreign keys: it outlives the zone and the nameserver it tells of.
    """

    __tablename__ = "drifts"
    # What is not mended yet is found without reading what is.
    __table_args__ = (
        Index(
            "ix_drifts_open",
            "nameserver",
            "domain",
            sqlite_where=text("repaired_at IS NULL"),
            postgresql_where=text("repaired_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    nameserver: Mapped[str] = mapped_column(String(63))
    domain: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(10))
    found_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    detail: Mapped[str] = mapped_column(Text)
    expected_serial: Mapped[int | None] = mapped_column(BigInteger)
    expected_digest: Mapped[str | None] = mapped_column(String(64))
    found_serial: Mapped[int | None] = mapped_column(BigInteger)
    found_digest: Mapped[str | None] = mapped_column(String(64))
    records: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    repaired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    repair: Mapped[str | None] = mapped_column(Text)
