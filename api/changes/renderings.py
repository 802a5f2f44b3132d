"""New settings or a new template change what zone files say: then every zone needs a new serial."""

import hashlib

from sqlalchemy import select, update

from api.changes import journal
from api.changes.actor import SYSTEM
from api.changes.intent import Intent
from api.database import changing, now, writing
from api.models import Publication, Rendering, Zone
from api.settings import Settings
from nameserver.serial import next_serial

#: Up to so many zones go to all nameservers at once, as a user's change does.
FEW = 20
_BATCH = 500


def adopt(settings: Settings) -> int:
    """Give every zone a new serial when what they are rendered from has changed; answers how many there were.

    Many zones are staged: the last nameserver gets them first, the others once it has answered them all.
    Stopped in between, it starts again with zones that have two new serials: harmless.
    """
    digest = _digest(settings)
    with writing() as session:
        row = session.get(Rendering, 1)
        if row is None:
            session.add(Rendering(id=1, digest=digest))
            return 0
        if row.digest == digest:
            return 0
        zones = list(session.scalars(select(Zone.id).order_by(Zone.id)))
    for start in range(0, len(zones), _BATCH):
        _renew(zones[start : start + _BATCH], staged=len(zones) > FEW)
    with writing() as session:
        session.execute(update(Rendering).values(digest=digest))
    return len(zones)


def _digest(settings: Settings) -> str:
    template = (settings.templates / "zone.j2").read_bytes()
    return hashlib.sha256(repr(settings.authority).encode() + template).hexdigest()


def _renew(zones: list[int], staged: bool) -> None:
    with changing() as session:
        for zone in session.scalars(select(Zone).where(Zone.id.in_(zones)).order_by(Zone.domain).with_for_update()):
            zone.serial = next_serial(now().date(), zone.serial)
            journal.keep(session, Intent(SYSTEM), zone, "settings", [], [])
            if staged:
                session.execute(update(Publication).where(Publication.domain == zone.domain).values(staged=True))
