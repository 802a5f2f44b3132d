"""Entity tags (RFC 9110, section 8.8.3): they change exactly when what a zone or a record says changes."""

import hashlib
from typing import Any

from api.models.records import Record
from api.models.zones import Zone


def of_zone(zone: Zone) -> str:
    """The tag of a zone with its records: every change moves the serial."""
    return f'"{zone.uuid[:8]}-{zone.serial}"'


def of_record(record: Record) -> str:
    """The tag of one record."""
    state: tuple[Any, ...] = (record.uuid, record.name, record.type, record.ttl, record.priority, record.value)
    state += () if record.expires_at is None else (record.expires_at.isoformat(),)
    return f'"{hashlib.sha256(repr(state).encode()).hexdigest()[:24]}"'
