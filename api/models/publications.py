"""Publications: for each nameserver and zone, what it should serve and what it answered when asked."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from api.database import Base, UtcDateTime


class Publication(Base):
    """`wanted` is the serial it should serve, None: it should not serve the zone. `served` is what it answered,
    `digest` the SHA-256 of the zone file that this came from.

    `state` is pending, in_sync, failed or held. A write sets `wanted` and pending; the control plane sets the
    rest, and in_sync only where `wanted` is still what it published, so that a write meanwhile is not lost.
    `account_id` is whose zone it is, or was when it was deleted; accounts take turns where much is due.
    `staged` is what nobody asked for, such as new settings: it goes to the last nameserver first.
    """

    __tablename__ = "publications"
    # What is left to do is found without reading what is done.
    __table_args__ = (
        Index(
            "ix_publications_due",
            "nameserver_id",
            "due_at",
            sqlite_where=text("state <> 'in_sync'"),
            postgresql_where=text("state <> 'in_sync'"),
        ),
        Index(
            "ix_publications_turn",
            "nameserver_id",
            "account_id",
            "due_at",
            sqlite_where=text("state <> 'in_sync'"),
            postgresql_where=text("state <> 'in_sync'"),
        ),
    )

    nameserver_id: Mapped[int] = mapped_column(ForeignKey("nameservers.id", ondelete="CASCADE"), primary_key=True)
    domain: Mapped[str] = mapped_column(String(253), primary_key=True)
    wanted: Mapped[int | None] = mapped_column(BigInteger)
    served: Mapped[int | None] = mapped_column(BigInteger)
    digest: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10))
    error: Mapped[str | None] = mapped_column(Text)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    account_id: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(default=0)
    staged: Mapped[bool] = mapped_column(default=False)
