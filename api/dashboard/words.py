"""How templates write moments, spans of time, states and names."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import idna

from api.database import now
from api.models import Change
from api.schemas.times import stamp

STATES = {
    "in_sync": "in sync",
    "pending": "pending",
    "failed": "failed",
    "held": "held",
    "unreachable": "unreachable",
    "paused": "paused",
}
_ACTIONS = {
    "zone.create": "created the zone",
    "zone.delete": "deleted the zone",
    "zone.undelete": "brought the zone back",
    "zone.move": "moved the zone to another account",
    "zone.release": "released the zone",
    "expire": "let records expire",
    "revert": "took a change back",
    "rollback": "brought the zone back to an earlier serial",
    "serial": "moved the serial on",
    "settings": "published with new settings",
    "thinned": "earlier changes, thinned out",
}
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_UNITS = ((604800, "week"), (86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def ago(moment: datetime) -> str:
    """How long ago that was, roughly."""
    seconds = int((now() - moment).total_seconds())
    if seconds < 60:
        return "just now"
    unit, name = next(each for each in _UNITS if seconds >= each[0])
    return f"{_counted(seconds // unit, name)} ago"


def span(seconds: int) -> str:
    """A time to live in words, exactly: `1 hour`, `90 minutes`."""
    unit, name = next((each for each in _UNITS if seconds and seconds % each[0] == 0), _UNITS[-1])
    return _counted(seconds // unit, name)


def unicode_name(domain: str) -> str | None:
    """The domain as its speakers write it, where that is another spelling."""
    try:
        written = idna.decode(domain)
    except idna.IDNAError:  # an emoji's, say: IDNA 2008 has none
        return None
    return written if written != domain else None


def did(change: Change) -> str:
    """What a change did, in words."""
    if change.action in _ACTIONS:
        return _ACTIONS[change.action]
    if change.added and change.removed:
        return "changed records"
    kind, records = ("added", change.added) if change.added else ("deleted", change.removed)
    return f"{kind} {_counted(len(records), 'record')}"


def browser(agent: str) -> str:
    """The browser and the system that a User-Agent names; browsers name others, too, so the order matters."""
    known = next((words for sign, words in _BROWSERS if sign in agent), None)
    system = next((words for sign, words in _SYSTEMS if sign in agent), None)
    return " on ".join(filter(None, (known, system))) or agent[:60] or "unknown"


def by(actor: Mapping[str, Any]) -> str:
    """Who made a change, and which way."""
    way = f"token “{actor['token']}”" if actor.get("token") else actor.get("source")
    return f"{actor.get('account')} ({way})"


def _counted(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


FILTERS: dict[str, Callable[..., Any]] = {
    "ago": ago,
    "span": span,
    "stamp": stamp,
    "state": lambda state: STATES.get(state, state),
    "unicode_name": unicode_name,
    "did": did,
    "browser": browser,
    "by": by,
}
