"""Moments in answers: UTC, seconds, `Z` (RFC 3339)."""

from datetime import datetime


def stamp(moment: datetime) -> str:
    """The moment as `2026-01-18T16:45:00Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def stamp_milliseconds(moment: datetime) -> str:
    """The moment as `2026-01-18T16:45:00.123Z`: a publication takes a few milliseconds."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def stamp_or_none(moment: datetime | None) -> str | None:
    """The moment, or null when there is none."""
    return stamp(moment) if moment else None
