"""Records that expire: removed when their time has come, those of a zone in one change."""

import logging
from datetime import timedelta

from sqlalchemy import Select, select, update

from api.changes.actor import on_behalf_of
from api.changes.edit import Edit
from api.changes.intent import Intent
from api.changes.zones import locked
from api.database import changing, db, now, writing
from api.errors import ApiError, NotFound
from api.models import Record, Zone
from api.settings import Settings
from api.store.accounts import owner_of
from api.store.rows import AskedRows
from nameserver.errors import InvalidInput

log = logging.getLogger(__name__)

_LATER = timedelta(minutes=10)


def expire(settings: Settings) -> int:
    """Remove every record whose time has come; answers how many zones had some."""
    due = select(Record.zone_id).where(Record.expires_at <= now()).distinct()
    zones = db.session.scalars(select(Zone).where(Zone.id.in_(due)).order_by(Zone.domain)).all()
    for zone in zones:
        try:
            _expire(settings, zone)
        except NotFound:
            continue  # deleted meanwhile
        except (ApiError, InvalidInput) as error:
            _put_off(zone, error.detail)
    return len(zones)


def _expire(settings: Settings, zone: Zone) -> None:
    intent = Intent(on_behalf_of(owner_of(zone)), reason="Expired.")
    with changing() as session:
        zone = locked(session, intent.actor, zone.uuid)
        edit = Edit(settings, session, zone, AskedRows(zone))
        for row in session.scalars(_due_in(zone)):
            edit.delete(row)
        edit.finish(intent, "expire")


def _due_in(zone: Zone) -> Select[Record]:
    return select(Record).where(Record.zone_id == zone.id, Record.expires_at <= now()).order_by(Record.id)


def _put_off(zone: Zone, why: str) -> None:
    """A rule or a lock stands against it: the records stay, and it is tried again later."""
    log.warning("%s: records that expired stay for now: %s", zone.domain, why)
    with writing() as session:
        due = (Record.zone_id == zone.id) & (Record.expires_at <= now())
        session.execute(update(Record).where(due).values(expires_at=now() + _LATER))
