"""The least of DNS that asks for a zone's SOA or its whole content and reads the answer (RFC 1035, section 4)."""

import struct

AXFR = 252

_HEADER = struct.Struct(">HHHHHH")
_SOA, _IN = 6, 1
_QR, _AA, _TC, _RCODE = 0x8000, 0x0400, 0x0200, 0x000F


def question(identity: int, name: bytes, type_: int = _SOA) -> bytes:
    """A query for the SOA (or another type) of a name in wire format; no recursion asked for, no EDNS."""
    return _HEADER.pack(identity, 0, 1, 0, 0, 0) + name + struct.pack(">HH", type_, _IN)


def rcode(reply: bytes) -> int:
    """The response code in the header."""
    return int(_HEADER.unpack_from(reply)[1] & _RCODE)


def count_soa(reply: bytes) -> int:
    """How many SOA records the answer section has. Raises ValueError, IndexError, struct.error on what is no DNS."""
    _, _, questions, answers, *_ = _HEADER.unpack_from(reply)
    at, found = _HEADER.size, 0
    for _ in range(questions):
        at = _skip(reply, at) + 4
    for _ in range(answers):
        at = _skip(reply, at)
        type_, _, _, length = struct.unpack_from(">HHIH", reply, at)
        found += type_ == _SOA
        at += 10 + length
    return found


def _skip(reply: bytes, at: int) -> int:
    """The offset after the name at this one."""
    while length := reply[at]:
        if length >= 0xC0:
            return at + 2
        at += 1 + length
    return at + 1


def answers(reply: bytes, name: bytes) -> bool:
    """Is this a response to the question for that name? Anything else on the socket is ignored."""
    if len(reply) < _HEADER.size + len(name) + 4:
        return False
    _, flags, questions, *_ = _HEADER.unpack_from(reply)
    end = _HEADER.size + len(name)
    ours = reply[_HEADER.size : end].lower() == name and reply[end : end + 4] == struct.pack(">HH", _SOA, _IN)
    return bool(flags & _QR) and questions == 1 and ours


def truncated(reply: bytes) -> bool:
    """Was the answer cut to fit the datagram (TC)?"""
    return bool(_HEADER.unpack_from(reply)[1] & _TC)


def serial(reply: bytes, name: bytes) -> int | None:
    """The serial of the apex SOA in the answer section of an authoritative answer, else None.

    A parent's SOA in the authority section says nothing about the zone asked for (RFC 2308, section 2.1).
    """
    _, flags, _, count, *_ = _HEADER.unpack_from(reply)
    if not flags & _AA or flags & _RCODE:
        return None
    try:
        return _find(reply, _HEADER.size + len(name) + 4, count, name)
    except (IndexError, struct.error, ValueError):
        return None


def _find(reply: bytes, at: int, count: int, name: bytes) -> int | None:
    for _ in range(count):
        owner, at = _name(reply, at)
        type_, class_, _, length = struct.unpack_from(">HHIH", reply, at)
        at += 10
        if (type_, class_, owner) == (_SOA, _IN, name):
            return _soa_serial(reply, at)
        at += length
    return None


def _soa_serial(reply: bytes, at: int) -> int:
    _, at = _name(reply, at)
    _, at = _name(reply, at)
    return int(struct.unpack_from(">I", reply, at)[0])


def _name(reply: bytes, at: int) -> tuple[bytes, int]:
    """The name at an offset, in lower case, and the offset after it. Raises ValueError on a loop."""
    parts, end, steps = bytearray(), 0, 0
    while length := reply[at]:
        if length >= 0xC0:  # a compression pointer (section 4.1.4)
            end, at = end or at + 2, struct.unpack_from(">H", reply, at)[0] & 0x3FFF
        else:
            parts += reply[at : at + 1 + length]
            at += 1 + length
        steps += 1
        if steps > 255:  # pointers in a circle
            raise ValueError("not a name")
    return bytes(parts).lower() + b"\0", end or at + 1
