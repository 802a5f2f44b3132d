"""The rules between records for a whole zone at once: the same rules as of a single write, asked where they can fail.

Most records of a zone have nothing at, above or below their name that a rule could mind; those are found by sets, and
`rules.check_record` is asked about all others, each against what it must agree with.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from nameserver import names, rules
from nameserver.errors import InvalidInput
from nameserver.records import Record

#: A record and its canonical wire form (nameserver.records.canonical_wire).
Weighed = tuple[Record, bytes]
_AT_A_CUT = frozenset({"NS", "DS"})


def faults(
    domain: str, zone: Sequence[Weighed], own_nameservers: Collection[str], other_zones: Collection[str] = ()
) -> Iterator[tuple[Record, InvalidInput]]:
    """Every record, ours at the apex too, that a rule refuses beside all the others, with the reason, lazily.

    `zone` are all records the zone is to have, each with a uuid; `other_zones` are the zones hosted here below it.
    """
    index = _Index(domain, zone, other_zones)
    for record, _ in zone:
        if not index.is_plain(record):
            yield from _fault(domain, record, index.beside(record), own_nameservers, index.hiding(record))
    stored = {record.value for record, _ in zone if (record.name, record.type) == ("@", "NS")}
    for host in own_nameservers:
        if names.is_below(host, domain) and host not in stored:  # named wants its address as that of any other
            yield from _fault(domain, Record("", "@", "NS", 0, host), [record for record, _ in zone], (), ())


def _fault(
    domain: str, record: Record, beside: Sequence[Record], own_nameservers: Collection[str], hiding: Collection[str]
) -> Iterator[tuple[Record, InvalidInput]]:
    try:
        rules.check_record(domain, beside, record, own_nameservers, hiding)
    except InvalidInput as error:
        yield record, error


class _Index:
    """What stands where, in sets."""

    def __init__(self, domain: str, zone: Sequence[Weighed], other_zones: Collection[str]) -> None:
        self._domain, self._other_zones = domain, frozenset(other_zones)
        self._at: dict[str, list[Record]] = defaultdict(list)
        self._wires: dict[tuple[str, str], list[bytes]] = defaultdict(list)
        self._hiding: set[str] = {name for each in other_zones if (name := names.relative(each, domain))}
        self._alone: set[str] = set()
        for record, wire in zone:
            self._add(record, wire)
        self._remarkable = {key for key, wires in self._wires.items() if _is_remarkable(wires)}
        self._below = self._all_below() if self._hiding else {}

    def _add(self, record: Record, wire: bytes) -> None:
        self._at[record.name].append(record)
        self._wires[record.name, record.type].append(wire)
        if record.type == "DNAME" or (record.type == "NS" and record.name != "@"):
            self._hiding.add(record.name)
        elif record.type == "CNAME" or (record.type == "MX" and record.value == "."):
            self._alone.add(record.name)

    def _all_below(self) -> dict[str, list[Record]]:
        below: dict[str, list[Record]] = defaultdict(list)
        for name, there in self._at.items():
            for above in ("@", *names.ancestors(name)) if name != "@" else ():
                if above in self._hiding:
                    below[above] += there
        return below

    def is_plain(self, record: Record) -> bool:
        """Is there nothing that a rule could mind?"""
        name, kind = record.name, record.type
        if kind in _AT_A_CUT:
            return name not in self._alone and (name, kind) not in self._remarkable and self._is_plain_cut(name)
        if name in self._alone and not (kind == "CNAME" and name != "@" and len(self._at[name]) == 1):
            return False
        return kind != "DNAME" and (name, kind) not in self._remarkable and not self._is_hidden(name)

    def _is_plain_cut(self, name: str) -> bool:
        if name[0] in "*@" or self._below.get(name) or any(each in self._hiding for each in names.ancestors(name)):
            return False
        return "@" not in self._hiding and all(other.type in _AT_A_CUT for other in self._at[name])

    def _is_hidden(self, name: str) -> bool:
        if not self._hiding:
            return False
        return bool(self._hiding & {"@", name, *names.ancestors(name)})

    def beside(self, record: Record) -> list[Record]:
        """All that the record must agree with."""
        if record.name == "@" and (record.type == "DNAME" or self._names_a_host_here(record)):
            return [other for there in self._at.values() for other in there if other is not record]
        near = {record.name, "@", *names.ancestors(record.name)}
        found = [other for name in near if name in self._at for other in self._at[name] if other is not record]
        return found + (self._below.get(record.name, []) if record.type in ("NS", "DNAME") else [])

    def _names_a_host_here(self, record: Record) -> bool:
        return record.type == "NS" and names.relative(record.value, self._domain) is not None

    def hiding(self, record: Record) -> list[str]:
        """The zones hosted here that are at or above the record, and below this zone."""
        name = names.absolute(record.name, self._domain)
        return [each for each in (name, *names.ancestors(name)) if each in self._other_zones]


def _is_remarkable(wires: Sequence[bytes]) -> bool:
    """Is a record of the RRset there twice, or is it near a limit?"""
    if len(wires) > rules.MOST_RECORDS // 2 or len(set(wires)) < len(wires):
        return True
    return sum(map(len, wires)) + 12 * len(wires) > rules.MOST_OCTETS // 2
