"""rndc's wire format (BIND's lib/isccc): tables of strings and tables, signed with HMAC-SHA256."""

import base64
import hashlib
import hmac
import struct
from collections.abc import Mapping
from typing import Union

from nameserver.agent.errors import NamedTrouble

Table = dict[str, Union[str, "Table"]]

VERSION = 1
_STRING, _TABLE = 1, 2
_HMAC_SHA256 = 163
_SIGNATURE = struct.Struct("B88s")  # algorithm, base64 padded with NUL


def sign(table: Mapping[str, Table], key: bytes) -> bytes:
    """The message of a table, without the length and version in front of it."""
    body = _encode(table)
    return _entry("_auth", _TABLE, _entry("hsha", _STRING, _signature(body, key))) + body


def verify(message: bytes, key: bytes) -> Table:
    """The table of a signed message. Raises NamedTrouble when the signature or the form is wrong."""
    try:
        name, _, auth, rest = _take(message)
        _, _, signature, _ = _take(auth)
        if name != "_auth" or not hmac.compare_digest(signature, _signature(rest, key)):
            raise NamedTrouble("The answer on rndc's port is not signed with our key.")
        return _decode(rest)
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise NamedTrouble("The answer on rndc's port is not rndc's protocol.") from error


def _signature(body: bytes, key: bytes) -> bytes:
    return _SIGNATURE.pack(_HMAC_SHA256, base64.b64encode(hmac.new(key, body, hashlib.sha256).digest()))


def _encode(table: Mapping[str, "str | Table"]) -> bytes:
    return b"".join(
        _entry(key, _TABLE, _encode(value)) if isinstance(value, dict) else _entry(key, _STRING, str(value).encode())
        for key, value in table.items()
    )


def _entry(key: str, kind: int, value: bytes) -> bytes:
    return bytes([len(key)]) + key.encode() + struct.pack(">BI", kind, len(value)) + value


def _decode(data: bytes) -> Table:
    table: Table = {}
    while data:
        key, kind, value, data = _take(data)
        table[key] = _decode(value) if kind == _TABLE else value.decode(errors="replace")
    return table


def _take(data: bytes) -> tuple[str, int, bytes, bytes]:
    at = 1 + data[0]
    kind, length = struct.unpack_from(">BI", data, at)
    end = at + 5 + length
    return data[1:at].decode(), kind, data[at + 5 : end], data[end:]
