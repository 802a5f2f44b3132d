"""From a zone file back to what it was made of: the inverse of nameserver.render, for a lost database."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dns.exception
import dns.name
import dns.rdata
import dns.rdatatype
import dns.zone

from nameserver.errors import InvalidInput
from nameserver.records import Record, txt
from nameserver.zone import Authority

_TARGETS = ("CNAME", "NS")


@dataclass(frozen=True, slots=True)
class ParsedZone:
    """A zone as its file says. `authority` is its SOA's and its apex NS set's, whoever's those are.

    `records` are all others, in no form but the file's: without uuid, not yet through any rule.
    """

    domain: str
    serial: int
    authority: Authority
    records: tuple[Record, ...]

    def without(self, nameservers: tuple[str, ...]) -> tuple[Record, ...]:
        """The records without those of the apex NS set that are ours."""
        ours = {("@", "NS", name) for name in nameservers}
        return tuple(each for each in self.records if (each.name, each.type, each.value) not in ours)


def parse(domain: str, content: bytes) -> ParsedZone:
    """Read a zone file. Raises InvalidInput when it is none, or has no SOA."""
    origin = dns.name.from_text(domain)
    try:
        text = content.decode()
        zone = dns.zone.from_text(text, origin, relativize=False, check_origin=False, allow_include=False)
        soa = zone.find_rdataset(origin, dns.rdatatype.SOA)[0]
        records = tuple(_records(zone, origin))
    except (dns.exception.DNSException, ValueError, KeyError) as error:
        reason = str(error) or type(error).__name__
        raise InvalidInput("zone", f"The zone's file cannot be read: {reason}") from error
    return ParsedZone(domain, soa.serial, _authority(zone, origin, soa), records)


def _authority(zone: Any, origin: dns.name.Name, soa: Any) -> Authority:
    primary = _host(soa.mname)
    others = [_host(each.target) for each in zone.get_rdataset(origin, dns.rdatatype.NS) or ()]
    return Authority(
        nameservers=(primary, *sorted(name for name in others if name != primary)),
        hostmaster=_host(soa.rname),
        ttl=zone.find_rdataset(origin, dns.rdatatype.SOA).ttl,
        refresh=soa.refresh,
        retry=soa.retry,
        expire=soa.expire,
        negative_ttl=soa.minimum,
    )


def _records(zone: Any, origin: dns.name.Name) -> Iterator[Record]:
    for name, ttl, rdata in zone.iterate_rdatas():
        kind = dns.rdatatype.to_text(rdata.rdtype)
        if kind != "SOA":
            owner = "@" if name == origin else name.relativize(origin).to_text()
            yield Record("", owner, kind, ttl, *_value(kind, rdata))


def _value(kind: str, rdata: Any) -> tuple[str, int | None]:
    """Value and priority, as a user would write them."""
    if kind == "TXT":
        return txt.written(tuple(rdata.strings)), None
    if kind in _TARGETS:
        return _host(rdata.target), None
    if kind == "MX":
        return _host(rdata.exchange), rdata.preference
    if kind == "SRV":
        return f"{rdata.weight} {rdata.port} {_host(rdata.target)}", rdata.priority
    return rdata.to_text(), None


def _host(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True) if name != dns.name.root else "."
