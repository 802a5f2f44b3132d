"""What a condition that does not hold (`If-Match`) tells: what changed since the client looked."""

import re
from collections.abc import Sequence

from sqlalchemy.orm import Session

from api.changes.intent import Intent
from api.models import Change, Record, Zone, etags
from api.models.changes import who
from api.store import history

_NAMED = 3


def require_zone(session: Session, intent: Intent, zone: Zone) -> None:
    """Raises PreconditionFailed unless the zone has one of the tags; it tells the changes since."""
    intent.require(etags.of_zone(zone), lambda: _since(session, zone, intent.if_match or frozenset()))


def require_record(session: Session, intent: Intent, row: Record, zone: Zone) -> None:
    """Raises PreconditionFailed unless the record has one of the tags; it tells its last change."""
    intent.require(etags.of_record(row), lambda: _last(history.last_touching(session, zone, row.uuid)))


def _since(session: Session, zone: Zone, tags: frozenset[str]) -> str:
    tag = re.compile(rf'"{zone.uuid[:8]}-([0-9]{{1,10}})"')
    serials = [int(match[1]) for each in tags if (match := tag.fullmatch(each))]
    newest, count = history.since_serial(session, zone.uuid, serials, _NAMED)
    if not newest:
        return ""
    more = f", and {count - len(newest)} before" if count > len(newest) else ""
    return f"Since then: {'; '.join(map(_told, newest))}{more}. "


def _last(change: Change | None) -> str:
    return f"Its last change: {_told(change)}. " if change else ""


def _told(change: Change) -> str:
    return f"number {change.number} by {who(change.actor)}, {_records(change)}"


def _records(change: Change) -> str:
    rrsets = sorted({f"{each['name']} {each['record_type']}" for each in (*change.removed, *change.added)})
    return f"of {_some(rrsets)}" if rrsets else change.action


def _some(rrsets: Sequence[str]) -> str:
    more = f" and {len(rrsets) - _NAMED} more" if len(rrsets) > _NAMED else ""
    return ", ".join(rrsets[:_NAMED]) + more
