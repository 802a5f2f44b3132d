"""From a user's value to the one the API answers and to typed rdata, for all types."""

import hashlib
import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache

import dns.ipv6
import dns.rdata

from nameserver.errors import InvalidInput
from nameserver.names import canonical_host, check_line
from nameserver.records import presentation, txt
from nameserver.records.record import PRIORITY_TYPES

_CACHED_LENGTH = 512  # longer values (TXT up to 64,000 octets) would fill the memory
_NUMBER = re.compile(r"[0-9]{1,5}")


def canonical_value(record_type: str, value: str, priority: int | None, domain: str) -> str:  # noqa: ARG001
    """The value as the API answers it; reading that again gives the same (PUT of a GET changes nothing).

    `record_type` is canonical, `domain` is the zone's (for suggestions). `priority` is not looked at: no value
    depends on it, and check_priority's turn comes later in field order. Raises InvalidInput("value").
    """
    if record_type == "TXT":
        return txt.canonical(value)
    check_line(value, "value")
    value = value.strip(" ")
    if not value:
        raise InvalidInput("value", f"The value of a {record_type} record must not be empty.")
    if record_type in _READERS:
        return _READERS[record_type](value, domain)
    return presentation.canonical(record_type, value, domain)


def rdata(record_type: str, value: str, priority: int | None) -> dns.rdata.Rdata:
    """Typed rdata of a canonical value. Raises InvalidInput("value") when it can't be parsed.

    Its `to_text()` is one line of printable ASCII with absolute names: the only way into a zone file.
    """
    parsed = _cached if len(value) <= _CACHED_LENGTH else _parsed
    return parsed(record_type, value, priority)


def digest(rdata: dns.rdata.Rdata) -> str:
    """SHA-256, in hex, of the canonical wire form (RFC 4034, section 6.2): equal for equal records."""
    return hashlib.sha256(rdata.to_digestable()).hexdigest()


def rdata_length(rdata: dns.rdata.Rdata) -> int:
    """The length of the rdata on the wire, in octets, without compression."""
    return len(rdata.to_wire() or b"")


def _parsed(record_type: str, value: str, priority: int | None) -> dns.rdata.Rdata:
    if record_type == "TXT":
        return txt.rdata(value)
    text = f"{priority} {value}" if record_type in PRIORITY_TYPES else value
    # Normalised as at the first time: a LOC of another centimetre is another place.
    return presentation.servable(presentation.normalised(record_type, presentation.parse(record_type, text)))


_cached = lru_cache(maxsize=16384)(_parsed)


def _ipv4(value: str, _domain: str) -> str:
    try:
        # Strict: no leading zeros, which some read as octal, no short forms, no integers.
        return str(ipaddress.IPv4Address(value))
    except ValueError as error:
        raise InvalidInput("value", "This is not an IPv4 address; write four numbers such as 192.0.2.1.") from error


def _ipv6(value: str, _domain: str) -> str:
    """RFC 5952's form, printed by dnspython as everywhere else: Python writes ::ffff:192.0.2.1 in another way."""
    try:
        address = ipaddress.IPv6Address(value)
    except ValueError as error:
        raise InvalidInput("value", "This is not an IPv6 address; write it like 2001:db8::1.") from error
    if address.scope_id is not None:
        raise InvalidInput("value", "An IPv6 address in the DNS has no zone id; leave out the % and what follows.")
    return dns.ipv6.inet_ntoa(address.packed)


def _host(value: str, domain: str) -> str:
    return canonical_host(value, domain)


def _mail_host(value: str, domain: str) -> str:
    """The root is the null MX (RFC 7505): this domain takes no mail."""
    if re.fullmatch(r"[0-9]+ +\S+", value):
        raise InvalidInput("value", "The value of an MX record is the host alone; its priority has its own field.")
    return canonical_host(value, domain, root_allowed=True)


def _service(value: str, domain: str) -> str:
    """`weight port target`; the root as target says that there is no such service (RFC 2782)."""
    fields = value.split()
    if len(fields) == 4:
        raise InvalidInput("value", "The value of an SRV record is weight port target; its priority has its own field.")
    if len(fields) != 3 or not all(_NUMBER.fullmatch(field) and int(field) < 65536 for field in fields[:2]):
        raise InvalidInput("value", "Write weight, port (both 0 to 65535) and target, such as 10 5060 sip.example.com.")
    host = canonical_host(fields[2], domain, root_allowed=True)
    return f"{int(fields[0])} {int(fields[1])} {host}"


_READERS: dict[str, Callable[[str, str], str]] = {
    "A": _ipv4,
    "AAAA": _ipv6,
    "CNAME": _host,
    "NS": _host,
    "MX": _mail_host,
    "SRV": _service,
}
