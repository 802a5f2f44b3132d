"""One zone from elsewhere, read whole or refused whole."""

from codecs import BOM_UTF8
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nameserver.checkzone import OUT_OF_ZONE
from nameserver.errors import InvalidInput
from nameserver.incoming.a_labels import not_ascii
from nameserver.incoming.compiled import compiled, sentence
from nameserver.incoming.lines import Fault, Lines, read
from nameserver.incoming.losses import Loss, losses
from nameserver.incoming.places import line_of
from nameserver.records import Record
from nameserver.zone import Authority, Severity


@dataclass(frozen=True, slots=True)
class Incoming:
    """`records` are in canonical form, each with a new uuid, and not yet through the rules between records."""

    domain: str
    records: tuple[Record, ...]
    losses: tuple[Loss, ...]
    content: bytes = b""

    def where(self, record: Record) -> str:
        """`Line 12: ` for a record of the zone file; nothing when it is not found there."""
        owner = f"{self.domain}." if record.name == "@" else f"{record.name}.{self.domain}."
        priority = "" if record.priority is None else f"{record.priority} "
        line = line_of(self.domain, self.content, owner, record.type, f"{priority}{record.value}")
        return f"Line {line}: " if line else ""


def incoming(domain: str, content: bytes, ours: Authority, most: int, root: Path | None = None) -> Incoming:
    """Read a zone file for the canonical `domain`. `most` records may be generated; $INCLUDE takes files below `root`.

    Raises InvalidInput("file") with the line and what to do; CheckerMissing.
    """
    content = content.removeprefix(BOM_UTF8)  # editors of Windows write it
    found = compiled(domain, content, most, root)
    for note in found.notes:
        # named leaves out what is not in the zone, so nobody was ever answered it; other errors are mistakes.
        if note.severity is Severity.ERROR and note.rule != OUT_OF_ZONE:
            raise InvalidInput("file", sentence(note))
    lines = read(domain, found.lines)
    kept, replaced = _nameservers(lines, ours)
    faults = lines.faults or ([] if replaced else lines.odd_nameservers)
    if faults:
        raise InvalidInput("file", _refusal(domain, faults, content))
    return Incoming(domain, kept, losses(found, lines, replaced, ours), content)


def _refusal(domain: str, faults: Sequence[Fault], content: bytes) -> str:
    owner, record_type, rdata, error = faults[0]
    line = line_of(domain, content, owner, record_type, rdata)
    more = f" ({len(faults) - 1} more records cannot be taken.)" if len(faults) > 1 else ""
    detail = not_ascii(domain, faults[0]) or f"{owner} {record_type} {rdata[:80]}: {error.detail}"
    return f"{f'Line {line}: ' if line else ''}{detail}{more}"


def _nameservers(lines: Lines, ours: Authority) -> tuple[tuple[Record, ...], tuple[str, ...]]:
    """The records to store, and the nameservers at the apex that ours replace.

    A file that names all of ours is a zone of ours: the other NS records there are its owner's, and stay.
    """
    apex = {each.value for each in lines.records if each.name == "@" and each.type == "NS"}
    odd = {rdata.removesuffix(".") for _, _, rdata, _ in lines.odd_nameservers}
    gone = apex & set(ours.nameservers) if apex >= set(ours.nameservers) else apex
    kept = (each for each in lines.records if not (each.name == "@" and each.type == "NS" and each.value in gone))
    return tuple(kept), tuple(sorted((gone | odd) - set(ours.nameservers))) if gone == apex else ()
