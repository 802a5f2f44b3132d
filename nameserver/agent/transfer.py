"""A zone's whole content as named serves it: a transfer (AXFR, RFC 5936), signed with the rndc key (RFC 8945).

named lets nobody without that key transfer, from wherever they ask. The answers' signatures are not looked at:
they come over this machine's loopback, from the named that the key's owner runs.
"""

import hashlib
import hmac
import secrets
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path

from nameserver.agent import messages
from nameserver.agent.errors import NamedSilent, NamedTrouble
from nameserver.agent.names import Domain
from nameserver.agent.rndc import read_key

_KEY_NAME = b"\x0azonewright\0"
_ALGORITHM = b"\x0bhmac-sha256\0"
_FUDGE = 300
_TSIG, _ANY = 250, 255
_TIMEOUT = 10.0
_REASONS = {5: "named refuses its transfer.", 9: "named does not serve it.", 2: "named has not loaded it."}
_LENGTH = struct.Struct(">H")


def transfer(address: tuple[str, int], key_file: Path, domain: Domain, most: int) -> bytes:
    """The messages of the transfer, each after its length (two octets); at most so many octets.

    Raises NamedTrouble with the reason when named gives none, NamedSilent when it does not answer.
    """
    request = _signed(messages.question(secrets.randbelow(1 << 16), domain.wire, messages.AXFR), read_key(key_file))
    try:
        with socket.create_connection(address, _TIMEOUT) as channel:
            channel.sendall(_LENGTH.pack(len(request)) + request)
            return _receive(channel, most)
    except OSError as error:
        raise NamedSilent("named does not answer the transfer.") from error


def _receive(channel: socket.socket, most: int) -> bytes:
    """Everything up to the second SOA, which ends a transfer (RFC 5936, section 2.2)."""
    received, ends = bytearray(), 0
    with channel.makefile("rb") as stream:
        while ends < 2:
            message = _message(stream.read)
            code = messages.rcode(message)
            if code:
                raise NamedTrouble(_REASONS.get(code, f"named answers its transfer with code {code}."))
            try:
                ends += messages.count_soa(message)
            except (IndexError, struct.error, ValueError) as error:
                raise NamedTrouble("named's transfer is not of the form it has in DNS.") from error
            received += _LENGTH.pack(len(message)) + message
            if len(received) > most:
                raise NamedTrouble("Its content is too large to be compared.")
    return bytes(received)


def _message(read: Callable[[int], bytes]) -> bytes:
    length = read(2)
    message = read(_LENGTH.unpack(length)[0]) if len(length) == 2 else b""
    if len(message) < 12:
        raise NamedTrouble("named broke its transfer off.")
    return message


def _signed(message: bytes, key: bytes) -> bytes:
    """The message with a TSIG record (RFC 8945, sections 4.2 and 4.3.3)."""
    now = time.time_ns() // 10**9
    moment = struct.pack(">HIH", now >> 32, now & 0xFFFFFFFF, _FUDGE)
    variables = _KEY_NAME + struct.pack(">HI", _ANY, 0) + _ALGORITHM + moment + struct.pack(">HH", 0, 0)
    mac = hmac.new(key, message + variables, hashlib.sha256).digest()
    rdata = _ALGORITHM + moment + _LENGTH.pack(len(mac)) + mac + message[:2] + struct.pack(">HH", 0, 0)
    record = _KEY_NAME + struct.pack(">HHIH", _TSIG, _ANY, 0, len(rdata)) + rdata
    additional = struct.unpack_from(">H", message, 10)[0] + 1
    return message[:10] + _LENGTH.pack(additional) + message[12:] + record
