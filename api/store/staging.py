"""What nobody asked for, such as new settings, reaches the last nameserver first: who waits for whom."""

from typing import Any

from sqlalchemy import ColumnElement, Exists, Select, exists, select
from sqlalchemy.orm import aliased

from api.database import db
from api.models import Nameserver, Publication


def staged_later(name: ColumnElement[str]) -> Exists:
    """Has a nameserver after this one still to take what is staged? Then this one waits."""
    return exists(_later(name))


def waits_for(name: str) -> str | None:
    """A sentence when this nameserver has something staged that must wait for another; None when it has not."""
    later = db.session.scalar(_later(name).limit(1))
    here = (Nameserver.name == name, Publication.staged, Publication.state == "pending")
    query = select(Publication.domain).join(Nameserver, Nameserver.id == Publication.nameserver_id)
    if later is None or db.session.scalar(query.where(*here).limit(1)) is None:
        return None
    return f"It waits for {later} to take the new settings first."


def _later(name: str | ColumnElement[str]) -> Select[Any]:
    """The nameservers after this one that must go first, the last one first.

    A zone that is held comes to nobody, and a paused nameserver holds nobody up. One that is away does: what it
    would say to the new settings is not known.
    """
    this, later, open_ = aliased(Nameserver), aliased(Nameserver), aliased(Publication)
    rows = select(later.name).join(open_, later.id == open_.nameserver_id).join(this, this.id < later.id)
    waiting = (open_.state.not_in(("in_sync", "held")), open_.staged, later.paused.is_(False))
    return rows.where(this.name == name, *waiting).order_by(later.id.desc())
