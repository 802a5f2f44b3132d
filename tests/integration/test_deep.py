"""The deep check: a real named answers for the world, on 127.0.0.1."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from nameserver.deep import Answer, Resolver
from nameserver.records import Record
from nameserver.zone import Zone
from tests.nameservers import ADDRESS, installed, publication, running, zone_file

pytestmark = pytest.mark.skipif(not installed(), reason="BIND is not installed")

WORLD = """\
host 60 IN A 192.0.2.1
six 60 IN AAAA 2001:db8::1
alias 60 IN CNAME host.world.example.
lost 60 IN CNAME gone.world.example.
text 60 IN TXT "x"
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resolver]:
    with running(tmp_path_factory.mktemp("world")) as named, named.transport() as transport:
        content = zone_file("world.example", 1, extra=WORLD)
        transport.publish([publication("world.example", 1, content)], 1)
        yield Resolver(ADDRESS, named.port)


def found(resolver: Resolver, *lines: str) -> list[tuple[str, str | None]]:
    records = []
    for line in lines:
        name, type_, value = line.split(" ", 2)
        records.append(Record(line, name, type_, 60, value, 10 if type_ in ("MX", "SRV") else None))
    problems = resolver.problems(Zone("u", "a.example", 1, tuple(records)), ("host.world.example",))
    assert {problem.severity.value for problem in problems} <= {"warning"}
    return [(problem.rule, problem.record and problem.record.uuid) for problem in problems]


def test_hosts_that_are_there(world: Resolver) -> None:
    lines = ["x CNAME text.world.example", "y CNAME alias.world.example", "@ MX six.world.example", "@ MX ."]
    assert found(world, *lines, "n CNAME gone.a.example", "_s._tcp SRV 0 0 host.world.example") == []


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("x CNAME gone.world.example", "dangling-target"),
        ("x CNAME lost.world.example", "dangling-target"),
        ("@ MX gone.world.example", "dangling-target"),
        ("@ MX text.world.example", "target-without-address"),
        ("@ MX alias.world.example", "target-is-alias"),
        ("sub NS alias.world.example", "target-is-alias"),
        ("_s._tcp SRV 0 0 text.world.example", "target-without-address"),
    ],
)
def test_hosts_that_are_not(world: Resolver, line: str, rule: str) -> None:
    assert found(world, line) == [(rule, line)]


def test_our_own_nameservers_are_looked_up(world: Resolver) -> None:
    [problem] = world.problems(Zone("u", "a.example", 1, ()), ("gone.world.example",))
    assert (problem.rule, problem.record) == ("dangling-target", None)
    assert "a.example" in problem.detail


def test_refused_names_are_not_called_missing(world: Resolver) -> None:
    """It answers for one zone only: of others nothing is known."""
    assert world.ask(["www.other.example"]) == {"www.other.example": Answer.NONE}


def test_a_silent_resolver_ends_in_time() -> None:
    """Many hosts and nobody who answers: one problem, no host accused, and no longer than was said."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as silent:
        silent.bind((ADDRESS, 0))
        resolver = Resolver(ADDRESS, silent.getsockname()[1], seconds=0.5)
        began = time.monotonic()
        lines = [f"x{number} CNAME y{number}.example.net" for number in range(160)]
        assert found(resolver, *lines) == [("resolver", None)]
        assert time.monotonic() - began < 20  # one after the other they would take minutes
