"""Nameservers: how each is reached, what it last said, and who works on it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Float, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from api.database import Base, UtcDateTime


class Nameserver(Base):
    """One nameserver. `target` describes it (nameserver.target); `error` is None while it can be reached,
    `configuration_error` while it has the named.conf we rendered.

    The lease (owner, expiry in seconds since 1970, fencing number) says which control plane may publish.
    """

    __tablename__ = "nameservers"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(63), unique=True)
    target: Mapped[dict[str, Any]] = mapped_column(JSON)
    paused: Mapped[bool] = mapped_column(default=False)
    software: Mapped[str | None] = mapped_column(String(200))
    contact_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(Text)
    configuration_error: Mapped[str | None] = mapped_column(Text)
    strays: Mapped[list[str]] = mapped_column(JSON, default=list)
    lease_owner: Mapped[str | None] = mapped_column(String(200))
    lease_expires: Mapped[float] = mapped_column(Float, default=0.0)
    fence: Mapped[int] = mapped_column(Integer, default=0)
