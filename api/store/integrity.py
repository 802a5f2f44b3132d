"""What is in the database against what the accepted writes left there: nothing goes without a change.

Records that vanished, appeared or changed by another way are told by the zone's checksum, and named by folding
its changes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.models import checksums
from api.store.history import records_after
from nameserver.records import Record
from nameserver.zone import Problem, Severity

_NAMED = 3
VANISHED = Problem(
    "vanished", Severity.ERROR, "The zone is gone from the database without a change that deleted it; it stays served."
)


@dataclass(frozen=True, slots=True)
class Difference:
    """Records that no change removed (`gone`) or added (`foreign`), and (as it was left, as it is) of others."""

    gone: Sequence[Record]
    foreign: Sequence[Record]
    altered: Sequence[tuple[Record, Record]]

    @property
    def left(self) -> list[Record]:
        """What the changes left there, and is not there as it was."""
        return [*self.gone, *(before for before, _ in self.altered)]

    @property
    def found(self) -> list[Record]:
        """What is there instead."""
        return [*self.foreign, *(after for _, after in self.altered)]


def tampered(session: Session, zone_uuid: str, checksum: str, present: Sequence[Record]) -> Problem | None:
    """Why the zone must be held: its records are not those that the accepted writes left."""
    if checksums.of(present) == checksum:
        return None
    return Problem("vanished", Severity.ERROR, _sentence(difference(session, zone_uuid, present)))


def difference(session: Session, zone_uuid: str, present: Iterable[Record]) -> Difference:
    """How the present records differ from what the zone's changes left."""
    left, there = recorded(session, zone_uuid), {record.uuid: record for record in present}
    return Difference(
        [left[uuid] for uuid in left.keys() - there.keys()],
        [there[uuid] for uuid in there.keys() - left.keys()],
        [(left[uuid], there[uuid]) for uuid in left.keys() & there.keys() if left[uuid] != there[uuid]],
    )


def recorded(session: Session, zone_uuid: str) -> Mapping[str, Record]:
    """The zone's records as its changes left them, by uuid."""
    return {uuid: past.record for uuid, past in records_after(session, zone_uuid).items()}


def _sentence(found: Difference) -> str:
    parts = [
        _part(found.gone, "gone from the database without a change that removed"),
        _part(found.foreign, "in the database without a change that added"),
        _part([after for _, after in found.altered], "other than the last change left"),
    ]
    said = " ".join(part for part in parts if part) or "The zone's records are not those that its changes left."
    return f"{said} The zone stays as it was last published until an operator releases it."


def _part(records: Sequence[Record], what: str) -> str:
    if not records:
        return ""
    first = sorted(f"{record.name} {record.type}" for record in records)[:_NAMED]
    more = ", …" if len(records) > _NAMED else ""
    count, pronoun = ("1 record is", "it") if len(records) == 1 else (f"{len(records)} records are", "them")
    return f"{count} {what} {pronoun}: {', '.join(first)}{more}."
