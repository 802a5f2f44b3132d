"""Checks of zones, kept: the newest few of each zone."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from api.database import Base, UtcDateTime


class Check(Base):
    """One check of one serial of a zone: what was found then, each problem with the record as it was.

    `kind` is publish (the control plane's, before publishing), asked or deep; `verdict` is ok, warning or error.
    It has no foreign key: a check of a zone that is deleted meanwhile must not make a whole report fail.
    """

    __tablename__ = "checks"
    __table_args__ = (Index("ix_checks_zone_uuid_id", "zone_uuid", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    zone_uuid: Mapped[str] = mapped_column(String(36))
    domain: Mapped[str] = mapped_column(String(253))
    serial: Mapped[int] = mapped_column(BigInteger)
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(String(10))
    tool: Mapped[str] = mapped_column(String(40))
    tool_version: Mapped[str] = mapped_column(String(100))
    verdict: Mapped[str] = mapped_column(String(10))
    problems: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
