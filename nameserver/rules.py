"""Rules between the records of a zone: which record may stand beside, below or above which others.

Each would otherwise be refused by named, or loaded and never answered. A rule is a function of one `_Case`
that raises InvalidInput; `_RULES` is their order. What a single value must look like is in nameserver.records.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from nameserver import names, records
from nameserver.errors import InvalidInput
from nameserver.records import Record

# BIND's max-records-per-type; with 21 types and the SOA, its max-types-per-name (100) can't be reached.
MOST_RECORDS = 100
# An RRset is one message at most (RFC 1035, section 4.2.2): named answers SERVFAIL for a longer one.
MOST_OCTETS = 65_000
_OCTETS_BESIDE_RDATA = 12  # compressed owner name, type, class, TTL, length
HIGHEST_TTL = 2**31 - 1  # RFC 2181, section 8
_ADDRESSES = ("A", "AAAA")


def check_ttl(ttl: int, lowest: int = 0, highest: int = HIGHEST_TTL) -> None:
    """Is the TTL, in seconds, an integer within the bounds? Raises InvalidInput("ttl")."""
    if isinstance(ttl, bool) or not isinstance(ttl, int) or not lowest <= ttl <= highest:
        raise InvalidInput("ttl", f"The TTL must be an integer from {lowest} to {highest} seconds.")


def check_record(
    domain: str,
    others: Iterable[Record],
    record: Record,
    own_nameservers: Collection[str],
    other_zones: Collection[str] = (),
) -> None:
    """May this canonical record stand in the zone? Raises InvalidInput for the first rule that it breaks.

    `others` are the zone's records without this one and the one it replaces: at least those at its name and
    at every name above it in the zone and, for an NS or DNAME record, those below its name (at the apex: all).
    `own_nameservers` is the apex NS set of the settings, published beside the records. `other_zones` are
    zones hosted here whose domain is at or above the record's name, and below this zone; more do no harm.
    """
    case = _Case(domain, record, tuple(others), tuple(own_nameservers), tuple(other_zones))
    for rule in _RULES:
        rule(case)


def check_address(domain: str, rest: Iterable[Record], nameserver: Record) -> None:
    """Has a nameserver at the apex still an address, now that only `rest` is left of the whole zone?

    Raises InvalidInput("name"): named would refuse the zone.
    """
    others = tuple(other for other in rest if other.uuid != nameserver.uuid)
    try:
        _apex_nameserver(_Case(domain, nameserver, others, (), ()))
    except InvalidInput:
        host = f"{nameserver.value} would be left without an address"
        raise InvalidInput(
            "name", f"{host}, but it is a nameserver of this zone: remove its NS record first."
        ) from None


@dataclass(frozen=True)
class _Case:
    """One record on trial, and what it must agree with."""

    domain: str
    record: Record
    others: tuple[Record, ...]
    own_nameservers: tuple[str, ...]
    other_zones: tuple[str, ...]

    @cached_property
    def name(self) -> str:
        return names.absolute(self.record.name, self.domain)

    @property
    def at_apex(self) -> bool:
        return self.record.name == "@"

    @cached_property
    def placed(self) -> tuple[tuple[str, Record], ...]:
        """The others with their absolute names."""
        return tuple((names.absolute(other.name, self.domain), other) for other in self.others)

    @cached_property
    def beside(self) -> tuple[Record, ...]:
        """The others at the record's name."""
        return tuple(other for other in self.others if other.name == self.record.name)

    @cached_property
    def rrset(self) -> tuple[Record, ...]:
        """The others of the record's name and type, ours included."""
        ours = self.ours if self.at_apex and self.record.type == "NS" else ()
        return (*ours, *(other for other in self.beside if other.type == self.record.type))

    @cached_property
    def ours(self) -> tuple[Record, ...]:
        return tuple(Record("", "@", "NS", 0, host.lower().removesuffix(".")) for host in self.own_nameservers)

    def targets(self, cut: str) -> set[str]:
        """The nameservers that the others delegate the name to."""
        return {other.value for name, other in self.placed if name == cut and other.type == "NS"}


def _wildcard(case: _Case) -> None:
    if case.record.name.startswith("*") and case.record.type in ("NS", "DNAME"):
        # RFC 4592, sections 4.2 and 4.4: no meaning is defined for them; named refuses the NS.
        raise InvalidInput("name", f"{case.record.type} records can't stand at a wildcard; name each subdomain.")


def _apex(case: _Case) -> None:
    if not case.at_apex:
        return
    if case.record.type == "CNAME":
        # RFC 1034, section 3.6.2: the apex has an SOA and NS records already.
        raise InvalidInput("name", "A CNAME can't stand at the zone's own name; use A and AAAA records there.")
    if case.record.type == "DS":
        # RFC 4035, section 2.4: a DS belongs to the parent's side of a delegation.
        raise InvalidInput("name", f"The DS of {case.domain} belongs in the zone above it: give it to your registrar.")


def _elsewhere(case: _Case) -> None:
    """Names at and below a delegation, or in another zone of ours, are answered from there (RFC 1034, 4.2.1)."""
    for cut in case.other_zones:
        if _is_hidden(case.name, case.record, cut, case.targets(cut)):
            raise InvalidInput("name", f"{case.name} lies in the zone {cut}; add the record to that zone.")
    for cut in (case.name, *names.ancestors(case.name)):
        targets = case.targets(cut) if names.is_below(cut, case.domain) else None
        if targets and _is_hidden(case.name, case.record, cut, targets):
            lost = f"a {case.record.type} record at {case.name} would never be answered"
            raise InvalidInput("name", f"{cut} is delegated by NS records, so {lost}.")


def _is_hidden(name: str, record: Record, cut: str, targets: Collection[str]) -> bool:
    """Would a delegation of `cut` to `targets` hide the record? Not NS and DS at the cut, and not glue."""
    if name != cut and not names.is_below(name, cut):
        return False
    at_the_cut = name == cut and record.type in ("NS", "DS")
    is_glue = name in targets and record.type in _ADDRESSES
    return not (at_the_cut or is_glue)


def _below_dname(case: _Case) -> None:
    """Nothing stands below a DNAME (RFC 6672, section 2.4)."""
    for name, other in case.placed:
        if other.type == "DNAME" and names.is_below(case.name, name):
            raise InvalidInput("name", f"{case.name} is below the DNAME record at {name}; remove that first.")
        if case.record.type == "DNAME" and names.is_below(name, case.name):
            raise InvalidInput("name", f"{name} is below {case.name}, where a DNAME would hide it; remove it first.")


def _twice(case: _Case) -> None:
    digest = _digest(case.record)
    for other in case.rrset:
        if _digest(other) == digest:
            ours = f"{other.value} is a nameserver of ours, which is published already."
            raise InvalidInput("value", "This record exists already." if other.uuid else ours)


def _cname(case: _Case) -> None:
    """A CNAME stands alone at its name (RFC 1034, section 3.6.2)."""
    types = {other.type for other in case.beside}
    if case.record.type == "CNAME" and types:
        found = "a CNAME record" if "CNAME" in types else f"{', '.join(sorted(types))} records"
        raise InvalidInput("name", f"{case.name} has {found} already; a CNAME must be the only record at its name.")
    if "CNAME" in types:
        raise InvalidInput("name", f"{case.name} has a CNAME record, which must be the only one at its name.")


def _alone(case: _Case) -> None:
    if case.record.type == "DNAME" and case.rrset:
        raise InvalidInput("name", f"{case.name} has a DNAME record already; there can only be one (RFC 6672).")
    if case.record.type == "MX" and case.rrset and "." in {case.record.value, *(other.value for other in case.rrset)}:
        # RFC 7505, section 3: a null MX says that there is no mail, so no other MX can stand beside it.
        raise InvalidInput("value", 'A null MX (".") must be the only MX record at its name.')


def _size(case: _Case) -> None:
    # A nameserver of ours that a user has stored as well is published once.
    rdatas = {_digest(other): _rdata_length(other) for other in (*case.rrset, case.record)}
    if len(rdatas) > MOST_RECORDS:
        full = f"{case.name} has {MOST_RECORDS} {case.record.type} records already"
        raise InvalidInput("name", f"{full}; no more are allowed.")
    octets = sum(rdatas.values()) + _OCTETS_BESIDE_RDATA * len(rdatas)
    if octets > MOST_OCTETS:
        size = f"The {case.record.type} records at {case.name} would take {octets} octets together"
        raise InvalidInput("value", f"{size}; at most {MOST_OCTETS} are allowed.")


def _apex_nameserver(case: _Case) -> None:
    """named refuses the zone when a nameserver at the apex is in the zone and has no address."""
    host = case.record.value
    if not (case.at_apex and case.record.type == "NS" and (host == case.domain or names.is_below(host, case.domain))):
        return
    delegated = any(case.targets(name) for name in _within(host, case.domain))
    if not delegated and not _has_address(case, host):
        raise InvalidInput("value", f"{host} has no address in this zone; add its A or AAAA record first.")


def _within(name: str, domain: str) -> Iterator[str]:
    """The name and those above it, as far as they are below the domain."""
    return (above for above in (name, *names.ancestors(name)) if names.is_below(above, domain))


def _has_address(case: _Case, host: str) -> bool:
    """Has the host an address, its own or by a wildcard (RFC 4592, section 3.3.1: of the closest encloser)?"""
    existing = {case.domain}.union(*(_within(name, case.domain) for name, _ in case.placed))
    if host not in existing:
        host = "*." + next(name for name in names.ancestors(host) if name in existing)
    return any(name == host and other.type in _ADDRESSES for name, other in case.placed)


def _hides(case: _Case) -> None:
    """A new delegation must not hide records; where one stands already, another nameserver hides no more."""
    if case.record.type != "NS" or case.at_apex or case.rrset:
        return
    for name, other in case.placed:
        if _is_hidden(name, other, case.name, {case.record.value}):
            raise InvalidInput(
                "name", f"Delegating {case.name} would hide the {other.type} record at {name}; remove that first."
            )


def _digest(record: Record) -> str:
    return records.digest(records.rdata(record.type, record.value, record.priority))


def _rdata_length(record: Record) -> int:
    return records.rdata_length(records.rdata(record.type, record.value, record.priority))


_RULES: tuple[Callable[[_Case], None], ...] = (
    _wildcard,
    _apex,
    _elsewhere,
    _below_dname,
    _twice,
    _cname,
    _alone,
    _size,
    _apex_nameserver,
    _hides,
)
