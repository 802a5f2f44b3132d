"""The frame both sides speak: lengths of header and body (>II), the header as JSON, the body as raw octets."""

import json
import struct
from typing import Any, BinaryIO

from nameserver.agent.errors import BadRequest

Header = dict[str, Any]

LENGTHS = struct.Struct(">II")
MOST_HEADER = 16 << 20
MOST_BODY = 256 << 20


def pack(header: Header, body: bytes = b"") -> bytes:
    """One frame. Raises BadRequest when header or body is over the limit."""
    text = json.dumps(header).encode()
    check_lengths(len(text), len(body))
    return LENGTHS.pack(len(text), len(body)) + text + body


def check_lengths(header: int, body: int) -> None:
    """Raises BadRequest when a length is over the limit: what follows cannot be read as a frame."""
    if header > MOST_HEADER or body > MOST_BODY:
        raise BadRequest("The message is longer than the protocol allows.")


def parse_header(text: bytes) -> Header:
    """The header's JSON object. Raises BadRequest when it is none."""
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRequest("The message's header is not JSON.") from error
    if not isinstance(header, dict):
        raise BadRequest("The message's header is not a JSON object.")
    return header


def read(stream: BinaryIO) -> tuple[bytes, bytes] | None:
    """The next frame's raw header and body; None at the end of the stream.

    Raises BadRequest on a length over the limit or a frame that is cut off: the stream is of no more use.
    """
    lengths = stream.read(LENGTHS.size)
    if not lengths:
        return None
    if len(lengths) < LENGTHS.size:
        raise BadRequest("The message was cut off.")
    header, body = LENGTHS.unpack(lengths)
    check_lengths(header, body)
    return _exactly(stream, header), _exactly(stream, body)


def _exactly(stream: BinaryIO, length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise BadRequest("The message was cut off.")
    return data
