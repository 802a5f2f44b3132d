"""What the nameservers answer, and what the API's records say they must."""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.TXT import TXT

from tests.stack import ADDRESS, Stack, eventually

Record = Mapping[str, Any]
_IN = dns.rdataclass.IN


@dataclass(frozen=True, slots=True)
class Answer:
    """One RRset as answered with authority, or none: then `rcode` tells how there was none."""

    rcode: str
    ttl: int | None = None
    rdata: frozenset[str] = frozenset()


def ask(port: int, owner: str, kind: str, tcp: bool = False) -> Answer:
    """Ask one nameserver, once."""
    question = dns.message.make_query(owner, kind, use_edns=0, payload=1232)
    question.flags &= ~dns.flags.RD
    query = dns.query.tcp if tcp else dns.query.udp
    reply = query(question, ADDRESS, timeout=5, port=port)
    if reply.flags & dns.flags.TC:
        reply = dns.query.tcp(question, ADDRESS, timeout=5, port=port)
    rrset = _rrset(reply, owner, kind)
    if rrset is None:
        return Answer(dns.rcode.to_text(reply.rcode()))
    return Answer("NOERROR", rrset.ttl, frozenset(rdata.to_digestable().hex() for rdata in rrset))


def _rrset(reply: dns.message.Message, owner: str, kind: str) -> dns.rrset.RRset | None:
    """The RRset in an authoritative answer; a delegation's NS set is in a referral."""
    key = dns.name.from_text(owner), _IN, dns.rdatatype.from_text(kind)
    if reply.flags & dns.flags.AA:
        return reply.get_rrset(reply.answer, *key)
    return reply.get_rrset(reply.authority, *key) if kind == "NS" else None


def ask_all(stack: Stack, owner: str, kind: str) -> list[Answer]:
    """Both nameservers over UDP and TCP, once each."""
    return [ask(port, owner, kind, tcp) for port, tcp in itertools.product(stack.dns, (False, True))]


def serials(stack: Stack, domain: str) -> list[int | None]:
    """The zone's serial on each nameserver; None where it is not answered."""
    return [serial(port, domain) for port in stack.dns]


def serial(port: int, domain: str) -> int | None:
    """The zone's serial on one nameserver; None when it does not answer the zone, or not at all."""
    question = dns.message.make_query(domain, "SOA")
    try:
        reply = dns.query.udp(question, ADDRESS, timeout=1, port=port)
    except (dns.exception.Timeout, OSError):
        return None
    rrset = _rrset(reply, domain, "SOA")
    return None if rrset is None else int(rrset[0].serial)


def expected(records: Iterable[Record], domain: str) -> dict[tuple[str, str], Answer]:
    """The answer to each question of (owner, type) that these records of one zone must give."""
    wanted: dict[tuple[str, str], Answer] = {}
    for record in records:
        owner = f"{domain}." if record["name"] == "@" else f"{record['name']}.{domain}."
        question = owner, record["record_type"]
        rdata = {_wire(record)} | (wanted[question].rdata if question in wanted else set())
        wanted[question] = Answer("NOERROR", record["ttl"], frozenset(rdata))
    return wanted


def _wire(record: Record) -> str:
    kind, value, priority = record["record_type"], record["value"], record["priority"]
    if kind == "TXT" and not value.startswith('"'):
        raw = value.encode()
        strings = [raw[start : start + 255] for start in range(0, max(1, len(raw)), 255)]
        return TXT(_IN, dns.rdatatype.TXT, strings).to_digestable().hex()
    text = value if priority is None else f"{priority} {value}"
    if kind in ("CNAME", "MX", "NS", "SRV"):
        text += "."
    return dns.rdata.from_text(_IN, kind, text).to_digestable().hex()


def differences(stack: Stack, zone: Mapping[str, Any]) -> list[str]:
    """Where both nameservers, over UDP and TCP, do not answer what the API says of a zone, asked once."""
    shown = stack.done("GET", f"dns-zones/{zone['uuid']}/").json()
    return [
        f"{question}: {answer} instead of {wanted}"
        for question, wanted in expected(shown["records"], shown["domain"]).items()
        for answer in ask_all(stack, *question)
        if answer != wanted
    ]


def assert_served(stack: Stack, zone: Mapping[str, Any]) -> None:
    """The nameservers answer what the API says now, at the first asking."""
    assert differences(stack, zone) == []


def assert_becomes_served(stack: Stack, *zones: Mapping[str, Any], seconds: float = 30.0) -> None:
    """The nameservers come to answer each zone's serial, and then everything the API says of it."""
    for zone in zones:
        eventually(
            lambda zone=zone: _settled(stack, zone), seconds, f"{zone['domain']} is not answered as it should be"
        )
        assert_served(stack, zone)


def _settled(stack: Stack, zone: Mapping[str, Any]) -> bool:
    wanted = stack.status(zone)["serial"]
    return set(serials(stack, zone["domain"])) == {wanted}
