"""A zone's content, from whatever form it comes in, as one set of records that can be compared.

Owner names and names in rdata are in lower case and the rdata in canonical wire form (RFC 4034, section 6.2), so
neither the case named prints nor its compression makes a difference.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import dns.exception
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.zone

from nameserver.errors import InvalidInput

#: Owner (wire form, lower case), type, TTL, rdata (canonical wire form).
Line = tuple[bytes, int, int, bytes]
Content = frozenset[Line]


@dataclass(frozen=True, slots=True)
class Differences:
    """Records as in a zone file: only `there`, on the nameserver, and only `here`, in the database; and how many."""

    there: tuple[str, ...]
    here: tuple[str, ...]
    there_count: int
    here_count: int


_IN = dns.rdataclass.IN
_BROKEN = (dns.exception.DNSException, ValueError, struct.error)


def of_zone_file(domain: str, text: bytes) -> Content:
    """What a zone file says. Raises InvalidInput when it is none."""
    try:
        zone = dns.zone.from_text(text.decode(), dns.name.from_text(domain), relativize=False, check_origin=False)
    except _BROKEN as error:
        raise InvalidInput("content", f"The zone file of {domain} cannot be read: {error}") from error
    return frozenset(line for name, rdataset in zone.iterate_rdatasets() for line in _lines(name, rdataset))


def of_transfer(messages: bytes) -> Content:
    """What the messages of a transfer (AXFR), each after its length, say. Raises ValueError when they are none."""
    return frozenset(line for message in _messages(messages) for line in _answer(message))


def differences(wanted: Content, found: Content, most: int) -> Differences | None:
    """What is only in one of them, at most so many records each; None when they are the same."""
    if wanted == found:
        return None
    there, here = _telling(found - wanted), _telling(wanted - found)
    return Differences(_printed(there[:most]), _printed(here[:most]), len(there), len(here))


def _messages(messages: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(messages):
        (length,) = struct.unpack_from(">H", messages, at)
        yield messages[at + 2 : at + 2 + length]
        at += 2 + length


def _answer(wire: bytes) -> Iterator[Line]:
    try:
        message = dns.message.from_wire(wire, keyring=False, xfr=True, one_rr_per_rrset=True)
    except _BROKEN as error:
        raise ValueError(f"no transfer: {error}") from error
    for rrset in message.answer:
        yield from _lines(rrset.name, rrset)


def _lines(name: dns.name.Name, rdataset: dns.rdataset.Rdataset) -> Iterator[Line]:
    owner = name.canonicalize().to_wire()
    assert owner is not None
    for rdata in rdataset:
        yield owner, int(rdataset.rdtype), rdataset.ttl, rdata.to_digestable()


def _telling(lines: frozenset[Line]) -> list[Line]:
    """In order; a SOA beside other records says no more than that there is another serial."""
    others = sorted(line for line in lines if line[1] != dns.rdatatype.SOA)
    return others or sorted(lines)


def _printed(lines: list[Line]) -> tuple[str, ...]:
    return tuple(map(_text, lines))


def _text(line: Line) -> str:
    owner, number, ttl, wire = line
    name, _ = dns.name.from_wire(owner, 0)
    kind = dns.rdatatype.RdataType.make(number)
    return f"{name} {ttl} {kind.name} {dns.rdata.from_wire(_IN, kind, wire, 0, len(wire)).to_text()}"
