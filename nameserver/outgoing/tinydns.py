"""A zone as lines of tinydns-data (https://cr.yp.to/djbdns/tinydns-data.html).

Types without a line of their own are written as the octets of their rdata, TXT too: tinydns-data would cut its strings
in another way.
"""

from collections.abc import Callable

import dns.rdatatype

from nameserver import names, records
from nameserver.outgoing.exported import Exported, described, published
from nameserver.records import Record
from nameserver.zone import Authority, Zone

_BARE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.*/")


def as_tinydns(zone: Zone, authority: Authority) -> Exported:
    """The zone with its SOA and the NS records of the settings."""
    lines = [_soa(zone, authority), *(_line(each, zone.domain) for each in published(zone, authority))]
    left_out = tuple(
        f"{described(each)}: it is held, but tinydns answers nothing below a DNAME."
        for each in zone.records
        if each.type == "DNAME"
    )
    return Exported("".join(f"{line}\n" for line in lines).encode(), "text/plain", "data", left_out)


def _soa(zone: Zone, authority: Authority) -> str:
    times = (authority.refresh, authority.retry, authority.expire, authority.negative_ttl, authority.ttl)
    return ":".join([f"Z{zone.domain}", authority.primary, authority.hostmaster, str(zone.serial), *map(str, times)])


def _line(record: Record, domain: str) -> str:
    name = names.absolute(record.name, domain)
    written = _LINES.get(record.type, _generic)(name, record)
    return f"{written}:{record.ttl}"


def _generic(name: str, record: Record) -> str:
    rdata = records.rdata(record.type, record.value, record.priority).to_wire() or b""
    octets = "".join(chr(each) if each in _BARE else f"\\{each:03o}" for each in rdata)
    return f":{name}:{int(dns.rdatatype.from_text(record.type))}:{octets}"


_LINES: dict[str, Callable[[str, Record], str]] = {
    "A": lambda name, record: f"+{name}:{record.value}",
    "NS": lambda name, record: f"&{name}::{record.value}",
    "CNAME": lambda name, record: f"C{name}:{record.value}",
    "PTR": lambda name, record: f"^{name}:{record.value.removesuffix('.')}",
    "MX": lambda name, record: f"@{name}::{record.value}:{record.priority}",
}
