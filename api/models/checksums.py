"""The checksum of a zone's records: it moves with each write, so what vanished without one is noticed.

The sum, modulo 2**128, of a digest of each record: a write adds what it added and takes off what it removed,
without reading the rest of the zone.
"""

import hashlib
from collections.abc import Iterable

from nameserver.records import Record

_MODULUS = 2**128
#: Of a zone without records.
EMPTY = "0" * 32


def of(records: Iterable[Record]) -> str:
    """The checksum of these records, 32 hex digits."""
    return moved(EMPTY, (), records)


def moved(checksum: str, removed: Iterable[Record], added: Iterable[Record]) -> str:
    """The checksum after a write."""
    change = sum(map(_digest, added)) - sum(map(_digest, removed))
    return f"{(int(checksum, 16) + change) % _MODULUS:032x}"


def _digest(record: Record) -> int:
    state = (record.uuid, record.name, record.type, record.ttl, record.value, record.priority)
    return int.from_bytes(hashlib.sha256(repr(state).encode(errors="surrogatepass")).digest()[:16])
