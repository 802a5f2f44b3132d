"""Proposals: writes that wait for somebody's approval, or for their time."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from api.database import Base, UtcDateTime


class Proposal(Base):
    """One write as it was sent (route, path, query, conditions, body), and what it would have done then.

    `state` is open, scheduled (for `apply_at`), applied, rejected or failed (when its time came; `detail` says why).
    `effects` are the changes it would make, `checks` the reports of the zones as they would be, `changes` the ids
    of those it made. `token_uuid` is the token it was made with: another one must approve it.
    """

    __tablename__ = "proposals"
    __table_args__ = (
        Index(
            "ix_proposals_scheduled",
            "apply_at",
            sqlite_where=text("state = 'scheduled'"),
            postgresql_where=text("state = 'scheduled'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    token_uuid: Mapped[str | None] = mapped_column(String(36))
    actor: Mapped[dict[str, Any]] = mapped_column(JSON)
    reason: Mapped[str | None] = mapped_column(String(500))
    route: Mapped[str] = mapped_column(String(100))
    path: Mapped[dict[str, str]] = mapped_column(JSON)
    query: Mapped[dict[str, str]] = mapped_column(JSON)
    if_match: Mapped[list[str] | None] = mapped_column(JSON)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    content_type: Mapped[str] = mapped_column(String(200))
    effects: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    checks: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(10))
    apply_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    detail: Mapped[str | None] = mapped_column(Text)
    changes: Mapped[list[str]] = mapped_column(JSON)
    decided_by: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
