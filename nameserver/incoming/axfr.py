"""A zone from a nameserver that lets it be transferred (AXFR, RFC 5936), signed with a key (RFC 8945) if need be."""

import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rdatatype
import dns.tsig
import dns.tsigkeyring

from nameserver.errors import InvalidInput

_SECONDS = 30.0
_WHOLE = 600.0
_SERVER = re.compile(r"\[([^\]]+)\](?::(\d{1,5}))?|([^:]+)(?::(\d{1,5}))?")
_KEY = re.compile(r'key\s+"?([^"\s{]+)"?\s*\{\s*algorithm\s+"?([^";\s]+)"?;\s*secret\s+"([^"]+)";', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Key:
    """A TSIG key; `secret` is in Base64."""

    name: str
    algorithm: str
    secret: str


def key_of(text: str) -> Key:
    """NAME:ALGORITHM:SECRET, or a file with a `key` clause of named.conf. Raises InvalidInput("tsig")."""
    path = Path(text)
    try:
        match = _KEY.search(path.read_text()) if path.is_file() else None
    except OSError as error:
        raise InvalidInput("tsig", f"{text} cannot be read: {error.strerror}.") from error
    parts = match.groups() if match else tuple(text.split(":"))
    if len(parts) != 3:
        raise InvalidInput("tsig", "A key is NAME:ALGORITHM:SECRET, or a file with a key clause of named.conf.")
    return Key(*parts)


def transferred(server: str, domain: str, key: Key | None = None) -> bytes:
    """The zone as one record a line. `server` is a name or address, with `:port` if it isn't 53.

    Raises InvalidInput("axfr").
    """
    address, port = _address(server)
    try:
        messages = dns.query.xfr(
            address, domain, port=port, relativize=False, timeout=_SECONDS, lifetime=_WHOLE, **_signed(key)
        )
        return _lines(domain, messages)
    except (dns.exception.DNSException, OSError, ValueError, EOFError) as error:
        reason = str(error) or type(error).__name__
        mend = "does it allow this machine (allow-transfer), with this key?"
        raise InvalidInput("axfr", f"{server} does not transfer {domain} ({reason.rstrip('.')}): {mend}") from error


def _lines(domain: str, messages: Iterable[dns.message.Message]) -> bytes:
    lines: dict[str, None] = {}
    for message in messages:
        for rrset in message.answer:
            lines |= dict.fromkeys(rrset.to_text().splitlines())
    if not lines:
        raise ValueError(f"nothing came of {domain}")
    return ("\n".join(lines) + "\n").encode()  # the SOA comes twice, and is written once


def _signed(key: Key | None) -> dict[str, Any]:
    if key is None:
        return {}
    algorithm = dns.name.from_text(key.algorithm)
    return {"keyring": dns.tsigkeyring.from_text({key.name: (algorithm.to_text(), key.secret)}), "keyname": key.name}


def _address(server: str) -> tuple[str, int]:
    match = _SERVER.fullmatch(server)
    host, port = (match[1] or match[3], int(match[2] or match[4] or 53)) if match else (server, 53)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise InvalidInput("axfr", f"{server} cannot be found: {error.strerror}.") from error
    return str(found[0][4][0]), port
