"""Zones: the desired state's frame."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from api.database import Base, UtcDateTime
from api.models import checksums


class Zone(Base):
    """One zone: `domain` in A-labels without the final dot, `serial` 0 to 2**32 - 1.

    `reverse_domain` (`com.example.`) makes "every zone below this name" a range of an index. `checksum` is that of
    the zone's records (api.models.checksums). `changes` is the number of its last change, `chain` that change's.
    """

    __tablename__ = "zones"
    # A number is never given twice: a cursor past a deleted zone must not hide a new one.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  SQLAlchemy's own way

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    domain: Mapped[str] = mapped_column(String(253), unique=True)
    reverse_domain: Mapped[str] = mapped_column(
        # Octet order, whatever the database's language: the range needs it.
        String(254).with_variant(String(254, collation="C"), "postgresql"),
        unique=True,
    )
    serial: Mapped[int] = mapped_column(BigInteger)
    checksum: Mapped[str] = mapped_column(String(32), default=checksums.EMPTY, server_default=checksums.EMPTY)
    changes: Mapped[int] = mapped_column(default=0)
    chain: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


def reverse_domain(domain: str) -> str:
    """`www.example.com` as `com.example.www.`."""
    return "".join(f"{label}." for label in reversed(domain.split(".")))
