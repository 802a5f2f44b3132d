"""From the lines of named-compilezone to records in our canonical form.

What is plain is read without a parser: named has read it already, and prints one form of each value. Everything else
goes through the readers that every write goes through.
"""

import os
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from nameserver import names, records
from nameserver.errors import InvalidInput
from nameserver.records import TYPES, Record
from nameserver.zone import Authority

#: Made by whoever signs the zone (RFC 4034, RFC 5155, RFC 7344), and of no use without the key.
SIGNING = frozenset(
    {"RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY", "CDS", "CDNSKEY", "ZONEMD", "KEYDATA", "SIG", "KEY", "NXT"}
    | {"TYPE65534"}
)
_MOST_FAULTS = 20
_OWNER = re.compile(r"(?:\*|(?:\*\.)?[a-z0-9_/-]+(?:\.[a-z0-9_/-]+)*)")
_HOST = re.compile(r"[a-z0-9_/-]+(?:\.[a-z0-9_/-]+)*\.(?=[a-z0-9_/-]*[a-z_/-])[a-z0-9_/-]+")
_PLAIN_TEXT = re.compile(r'"([^"\\]*)"')
_UNQUOTED = ("A", "AAAA")


Fault = tuple[str, str, str, InvalidInput]


@dataclass(slots=True)
class Lines:
    """What a zone file says: `records` are ours in canonical form, each with a new uuid, the apex NS set among them.

    `left_out` counts the records of types that we do not store; `faults` are (owner, type, value, error),
    `odd_nameservers` those of the apex NS set: they do no harm when it is replaced.
    """

    domain: str
    serial: int = 0
    authority: Authority = field(default_factory=lambda: Authority((), "."))
    records: list[Record] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    odd_nameservers: list[Fault] = field(default_factory=list)


def read(domain: str, text: str) -> Lines:
    """Read the lines of one zone; its SOA is the first. Faults are collected, 20 at most."""
    found, owners = Lines(domain), _Owners(domain)
    for line in text.split("\n"):
        if not line or line[0] == ";":  # of a signed zone there are comments
            continue
        owner, ttl, _class, record_type, *rest = line.split(None, 4)
        rdata = rest[0] if rest else ""  # an APL may be empty (RFC 3123)
        if record_type == "SOA":
            found.serial, found.authority = _authority(int(ttl), rdata)
        elif record_type not in TYPES:
            found.left_out[record_type] += 1
        elif len(found.faults) < _MOST_FAULTS:
            _take(found, owners, (owner, int(ttl), record_type, rdata))
    return found


def _take(found: Lines, owners: "_Owners", line: tuple[str, int, str, str]) -> None:
    owner, ttl, record_type, rdata = line
    try:
        value, priority = _READERS.get(record_type, _any)(record_type, rdata, found.domain)
        found.records.append(Record(_uuid4(), owners[owner], record_type, ttl, value, priority))
    except InvalidInput as error:
        at_apex = record_type == "NS" and owner.lower() == f"{found.domain}."
        (found.odd_nameservers if at_apex else found.faults).append((owner, record_type, rdata, error))


def _uuid4() -> str:
    """A random uuid (RFC 9562, section 5.4); that of the standard library takes three times as long."""
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


class _Owners(dict[str, str]):
    """Owner names, each made canonical once."""

    def __init__(self, domain: str) -> None:
        self._domain, self._suffix = domain, f".{domain}."

    def __missing__(self, text: str) -> str:
        name = self[text] = self._canonical(text.lower())
        return name

    def _canonical(self, text: str) -> str:
        if text == self._suffix[1:]:
            return "@"
        relative = text.removesuffix(self._suffix)
        twice = relative == self._domain or relative.endswith(self._suffix[:-1])
        if _OWNER.fullmatch(relative) and "xn--" not in relative and not twice:
            return relative
        return names.canonical_owner(text, self._domain)


def _authority(ttl: int, rdata: str) -> tuple[int, Authority]:
    """The SOA's serial, and the rest of it; its primary is the only nameserver known here."""
    primary, mailbox, serial, *times = rdata.split()
    refresh, retry, expire, minimum = map(int, times)
    hosts = (primary.lower().removesuffix("."), mailbox.lower().removesuffix("."))
    return int(serial), Authority(hosts[:1], hosts[1], ttl, refresh, retry, expire, minimum)


Value = tuple[str, int | None]


def _ipv4(_type: str, rdata: str, _domain: str) -> Value:
    return rdata, None


def _ipv6(record_type: str, rdata: str, domain: str) -> Value:
    # With an embedded IPv4 address there is more than one way to write it.
    return (rdata if "." not in rdata else records.canonical_value(record_type, rdata, None, domain)), None


def _host(text: str, domain: str, *, root_allowed: bool = False) -> str:
    name = text.lower().removesuffix(".")
    if _HOST.fullmatch(name) and "xn--" not in name:
        return name
    return names.canonical_host(text, domain, root_allowed=root_allowed)


def _target(_type: str, rdata: str, domain: str) -> Value:
    return _host(rdata, domain), None


def _absolute(_type: str, rdata: str, domain: str) -> Value:
    return _host(rdata, domain) + ".", None


def _mail(_type: str, rdata: str, domain: str) -> Value:
    priority, host = rdata.split()
    return _host(host, domain, root_allowed=True), int(priority)


def _service(_type: str, rdata: str, domain: str) -> Value:
    priority, weight, port, host = rdata.split()
    return f"{weight} {port} {_host(host, domain, root_allowed=True)}", int(priority)


def _text(record_type: str, rdata: str, domain: str) -> Value:
    plain = _PLAIN_TEXT.fullmatch(rdata)
    return (plain[1] if plain else records.canonical_value(record_type, rdata, None, domain)), None


def _any(record_type: str, rdata: str, domain: str) -> Value:
    return records.canonical_value(record_type, rdata, None, domain), None


_READERS: dict[str, Callable[[str, str, str], Value]] = {
    "A": _ipv4,
    "AAAA": _ipv6,
    "CNAME": _target,
    "NS": _target,
    "PTR": _absolute,
    "DNAME": _absolute,
    "MX": _mail,
    "SRV": _service,
    "TXT": _text,
}
