"""Records of the desired zones."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from api.database import Base, UtcDateTime
from nameserver import records


class Record(Base):
    """One record; `digest` is the SHA-256 of its canonical rdata, so that no record stands twice.

    At `expires_at` the control plane removes it.
    """

    __tablename__ = "records"
    # PostgreSQL's index rows end at 2,704 octets, a TXT at 64,000: hence the digest.
    # A number is never given twice: a cursor past a deleted record must not hide a new one.
    __table_args__ = (
        UniqueConstraint("zone_id", "name", "type", "digest"),
        Index(
            "ix_records_expires_at",
            "expires_at",
            sqlite_where=text("expires_at IS NOT NULL"),
            postgresql_where=text("expires_at IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    zone_id: Mapped[int] = mapped_column(ForeignKey("zones.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(253))
    type: Mapped[str] = mapped_column(String(10))
    ttl: Mapped[int]
    priority: Mapped[int | None]
    value: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def fill(self, record: records.Record) -> None:
        """Take over what the record says: name, type, TTL, value and priority, and with them the digest."""
        self.name, self.type, self.ttl = record.name, record.type, record.ttl
        self.value, self.priority = record.value, record.priority
        self.digest = records.digest(records.rdata(record.type, record.value, record.priority))
