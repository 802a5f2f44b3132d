"""What must be done to one nameserver: a value that can be printed, counted and refused."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """Publish a zone's file and have it served, or remove the zone."""

    PUBLISH = "publish"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Item:
    """One zone's part of a plan.

    `serial` is the one the zone must have afterwards or, for a removal, the tombstone's: a nameserver that
    holds a newer one refuses. `content` is the zone file, empty for a removal.
    """

    domain: str
    action: Action
    serial: int
    content: bytes = b""

    @property
    def digest(self) -> str:
        """SHA-256 of the zone file, in hex."""
        return hashlib.sha256(self.content).hexdigest()


class State(StrEnum):
    """How one item ended on one nameserver."""

    IN_SYNC = "in_sync"  # it was asked and answered that serial; for a removal: no longer answers the zone
    FAILED = "failed"  # the old data is still served
    OLDER = "older"  # refused: the nameserver holds a newer serial, or this one with other content


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one nameserver answered for one item.

    `serial` is what it now answers (None: not the zone); for `OLDER` it is the newer one that it holds.
    """

    domain: str
    state: State
    serial: int | None
    error: str | None = None


def split(items: Iterable[Item], most_zones: int, most_bytes: int) -> Iterator[list[Item]]:
    """The items in batches of at most `most_zones` zones and, with two or more zones, `most_bytes` octets."""
    batch: list[Item] = []
    size = 0
    for item in items:
        if batch and (len(batch) >= most_zones or size + len(item.content) > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += len(item.content)
    if batch:
        yield batch
