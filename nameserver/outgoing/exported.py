"""What an export is, and the order that all formats share."""

from collections.abc import Sequence
from dataclasses import dataclass

from nameserver.records import Record
from nameserver.zone import Authority, Zone


@dataclass(frozen=True, slots=True)
class Exported:
    """A zone as one file. `left_out` names, in sentences, what the format cannot hold."""

    content: bytes
    media_type: str
    suffix: str
    left_out: tuple[str, ...] = ()


def published(zone: Zone, authority: Authority) -> list[Record]:
    """What the zone is published with but for its SOA, in order: the NS records of the settings are among it."""
    apex = [each for each in zone.records if (each.name, each.type) == ("@", "NS")]
    ttl = apex[0].ttl if apex else authority.ttl
    there = {each.value for each in apex}
    ours = [Record("", "@", "NS", ttl, name) for name in authority.nameservers if name not in there]
    return in_order([*ours, *zone.records])


def in_order(records: Sequence[Record]) -> list[Record]:
    """The records in the canonical order of their names (RFC 4034, section 6.1), then by type and value."""
    return sorted(records, key=_place)


def _place(record: Record) -> tuple[list[str], str, str, int]:
    labels = [] if record.name == "@" else record.name.split(".")[::-1]
    return labels, record.type, record.value, record.priority or 0


def described(record: Record) -> str:
    """A record in a few words, for what is left out."""
    return f"{record.name} {record.type} {record.value[:60]}"
