"""Trying a nameserver's way from end to end, with a sentence for each step."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rdatatype

from nameserver.errors import TransportError
from nameserver.target import Target
from nameserver.transport.base import Greeting
from nameserver.transport.pipe import PipeTransport

_SECONDS = 3.0
_QUESTION = "zonewright.invalid."


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what was tried, and what came of it (`error` None: it works)."""

    name: str
    result: str
    error: str | None = None


def try_out(target: Target) -> Iterator[Step]:
    """Try login, agent, rndc, and port 53 over UDP and TCP on each address; stops where the way ends."""
    transport = PipeTransport(target.agent)
    try:
        greeting = transport.hello()
    except TransportError as error:
        yield Step("login and agent", "failed", error.detail)
        return
    finally:
        transport.close()
    yield Step("login and agent", f"agent {greeting.agent} answers")
    yield _rndc(greeting)
    for address in target.addresses:
        yield port_answers(address, target.port, tcp=False)
        yield port_answers(address, target.port, tcp=True)


def _rndc(greeting: Greeting) -> Step:
    if greeting.running:
        return Step("rndc", f"{greeting.named} runs")
    return Step("rndc", "failed", "named does not run there, or its rndc key is not the agent's: provision it again.")


def port_answers(address: str, port: int, tcp: bool) -> Step:
    """Ask a nameserver over UDP or TCP. Whatever it answers is an answer: it may have no zone of ours yet."""
    name = f"{address} port {port} over {'TCP' if tcp else 'UDP'}"
    query = dns.message.make_query(_QUESTION, dns.rdatatype.SOA)
    try:
        (dns.query.tcp if tcp else dns.query.udp)(query, address, timeout=_SECONDS, port=port)
    except (OSError, dns.exception.DNSException):
        return Step(name, "failed", f"Nothing answers there: is port {port} open for {'TCP' if tcp else 'UDP'}?")
    return Step(name, "answers")


def own_address(target: str, port: int) -> str | None:
    """The address of this machine that packets to the nameserver come from; None without a route."""
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((target, port))  # sends nothing
            return str(probe.getsockname()[0])
        except OSError:
            return None
