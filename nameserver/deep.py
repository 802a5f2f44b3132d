"""The deep check: does the world find the hosts outside a zone that its records name? Advice only.

named-checkzone's own way, `-i full`, asks the C library (getaddrinfo), name after name, which the machine's own
settings send anywhere, for as long as it takes. Here a resolver that was named is asked, for a bounded time.
"""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum

import dns.exception
import dns.rdatatype
import dns.resolver

from nameserver import names
from nameserver.advice import outside
from nameserver.advice.targets import target_of
from nameserver.records import Record
from nameserver.zone import Problem, Severity, Zone

_AT_ONCE = 16
_QUERY_SECONDS = 3.0


class Answer(Enum):
    """What the resolver says of a host."""

    ADDRESS = "has an address"
    ALIAS = "is a CNAME"
    NO_ADDRESS = "has no address (A or AAAA)"
    NO_NAME = "does not exist"
    NONE = "could not be looked up"


@dataclass(frozen=True, slots=True)
class Resolver:
    """One recursive resolver, asked for at most `seconds` a zone."""

    address: str
    port: int = 53
    seconds: float = 10.0

    def problems(self, zone: Zone, own_nameservers: Iterable[str]) -> list[Problem]:
        """What the world finds wrong with the hosts outside the zone; `own_nameservers` are published beside them."""
        records: dict[str, list[Record | None]] = {}
        for record in zone.records:
            if target := target_of(record):
                records.setdefault(target, []).append(record)
        for host in own_nameservers:
            records.setdefault(host, []).append(None)
        wanted = outside(zone) | {host for host in own_nameservers if names.relative(host, zone.domain) is None}
        return list(_told(zone, self.ask(wanted), records))

    def ask(self, hosts: Collection[str]) -> dict[str, Answer]:
        """What there is of each host, as far as the time goes."""
        end = time.monotonic() + self.seconds
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            answers = pool.map(lambda host: self._ask(host, end), sorted(hosts))
            return dict(zip(sorted(hosts), answers, strict=True))

    def _ask(self, host: str, end: float) -> Answer:
        try:
            answers = [self._query(host, type_, end) for type_ in ("A", "AAAA")]
        except dns.resolver.NXDOMAIN:
            return Answer.NO_NAME
        except dns.exception.DNSException:
            return Answer.NONE
        if any(answer.canonical_name != answer.qname for answer in answers):
            return Answer.ALIAS
        return Answer.ADDRESS if any(answer.rrset for answer in answers) else Answer.NO_ADDRESS

    def _query(self, host: str, type_: str, end: float) -> dns.resolver.Answer:
        left = end - time.monotonic()
        if left <= 0:
            raise dns.exception.Timeout
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = [self.address], self.port
        resolver.timeout = min(_QUERY_SECONDS, left)
        return resolver.resolve(f"{host}.", type_, raise_on_no_answer=False, lifetime=left, search=False)


def _told(zone: Zone, answers: Mapping[str, Answer], records: Mapping[str, list[Record | None]]) -> Iterator[Problem]:
    unknown = sorted(host for host, answer in answers.items() if answer is Answer.NONE)
    if unknown:
        further = " and others" if len(unknown) > 5 else ""
        detail = f"The resolver gave no answer in time for {', '.join(unknown[:5])}{further}."
        mend = "Check again later; if it stays so, look at the setting check_resolver."
        yield Problem("resolver", Severity.WARNING, detail, mend=mend)
    for host, answer in sorted(answers.items()):
        for record in records[host]:
            if fault := _fault(record, answer):
                yield _problem(zone, record, host, *fault)


def _fault(record: Record | None, answer: Answer) -> tuple[str, str] | None:
    """The rule and the mend, where the answer is one that a record of this type should not get."""
    type_ = record.type if record else "NS"
    if answer is Answer.NO_NAME:
        return "dangling-target", "Correct the name, or remove the record: whoever may make that name takes it over."
    if answer is Answer.NO_ADDRESS and type_ != "CNAME":
        return "target-without-address", "Name a host that has an address."
    if answer is Answer.ALIAS and type_ != "CNAME":
        return "target-is-alias", "Name the host that the CNAME points to."
    return None


def _problem(zone: Zone, record: Record | None, host: str, rule: str, mend: str) -> Problem:
    answer = {"dangling-target": Answer.NO_NAME, "target-without-address": Answer.NO_ADDRESS}.get(rule, Answer.ALIAS)
    owner = names.absolute(record.name, zone.domain) if record else zone.domain
    detail = f"The {record.type if record else 'NS'} record of {owner} names {host}, which {answer.value}."
    return Problem(rule, Severity.WARNING, detail, record, mend=mend)
