"""Measuring one changed record from outside: HTTP in, DNS out."""

import json
import random
import select
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

from bench.parts import Samples
from bench.places import Place
from nameserver.agent import messages, names
from nameserver.agent.ask import ask
from nameserver.serial import newer
from tests.stack import ADDRESS

_BATCH = 500  # zones a request
_PATIENCE = 30.0
_PAUSE = 0.0002  # between two questions: the stack needs this machine's cores, too
_NEXT = 0.002  # so long an answer is waited for before the next question: a distant one has many under way
_NAP = 0.001


@dataclass(slots=True)
class Measured:
    """All runs: milliseconds, and which serials the changes made."""

    response: Samples = field(default_factory=Samples)
    from_response: Samples = field(default_factory=Samples)
    from_request: Samples = field(default_factory=Samples)
    waited: Samples = field(default_factory=Samples)
    noise: Samples = field(default_factory=Samples)
    changes: set[tuple[str, int]] = field(default_factory=set)


class Client:
    """A client of the API on one kept connection."""

    def __init__(self, place: Place) -> None:
        self._connection = HTTPConnection(ADDRESS, place.port, timeout=60)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._headers = {"Authorization": f"Bearer {place.token}", "Content-Type": "application/json"}

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def read(self, path: str) -> Any:
        """The answer's body."""
        self._connection.request("GET", f"/api/v1/{path}", None, self._headers)
        return json.loads(self._connection.getresponse().read())

    def write(self, method: str, path: str, body: dict[str, Any], prefer: str | None = None) -> tuple[Any, Any]:
        """The answer's body and headers. Raises RuntimeError for an error."""
        headers = self._headers | ({"Prefer": prefer} if prefer else {})
        self._connection.request(method, f"/api/v1/{path}", json.dumps(body), headers)
        response = self._connection.getresponse()
        content = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {content.decode()}")
        return json.loads(content), response.headers


def load(place: Place, numbers: range, progress: Callable[[int], None]) -> list[dict[str, Any]]:
    """Create a zone for each number through the API, and wait until both nameservers answer them all."""
    zones: list[dict[str, Any]] = []
    with Client(place) as client:
        for start in range(numbers.start, numbers.stop, _BATCH):
            some = range(start, min(start + _BATCH, numbers.stop))
            operations = [{"action": "create_zone", "domain": f"zone{number}.example.com"} for number in some]
            zones += client.write("POST", "dns-batches/", {"operations": operations})[0]["results"]
            progress(len(zones))
    for address, port in place.dns:
        _until_complete(address, port, [zone["domain"] for zone in zones])
    return zones


def _until_complete(address: str, port: int, domains: list[str]) -> None:
    end = time.monotonic() + 10 * _PATIENCE
    while missing := [domain for domain, serial in ask(address, port, domains).serials.items() if serial is None]:
        if time.monotonic() > end:
            raise RuntimeError(f"{address} port {port} still lacks {len(missing)} zones.")
        time.sleep(0.5)


def measure(
    place: Place,
    zones: list[dict[str, Any]],
    runs: int,
    progress: Callable[[int], None],
    before: Callable[[], None] = lambda: None,
) -> Measured:
    """A record in a zone picked at random, created and asked for; then as often with `Prefer: wait`.

    `before` is called before each of them.
    """
    measured = Measured()
    with Client(place) as client:
        for number in range(runs):
            before()
            _one_polled(place, client, random.choice(zones), number, measured)
            before()
            _one_waited(client, random.choice(zones), number, measured)
            measured.noise.values.append(_overslept())
            progress(number + 1)
    return measured


def _record(number: int, name: str) -> dict[str, Any]:
    value = f"10.{random.randrange(256)}.{number >> 8 & 255}.{number & 255}"
    return {"record_type": "A", "name": f"{name}{number}-{random.randrange(1 << 32):08x}", "value": value, "ttl": 300}


def _one_polled(place: Place, client: Client, zone: dict[str, Any], number: int, measured: Measured) -> None:
    with ExitStack() as closing:
        sockets = [closing.enter_context(_socket(*where)) for where in place.dns]
        began = time.perf_counter()
        _, headers = client.write("POST", f"dns-zones/{zone['uuid']}/records/", _record(number, "polled"))
        responded = time.perf_counter()
        serial = int(headers["X-Zone-Serial"])
        _until_answered(sockets, zone["domain"], serial)
        answered = time.perf_counter()
    measured.response.values.append(1000 * (responded - began))
    measured.from_response.values.append(1000 * (answered - responded))
    measured.from_request.values.append(1000 * (answered - began))
    measured.changes.add((zone["domain"], serial))
    time.sleep(0.05)  # the control plane writes down what it saw; the next run is one of its own


def _one_waited(client: Client, zone: dict[str, Any], number: int, measured: Measured) -> None:
    began = time.perf_counter()
    _, headers = client.write("POST", f"dns-zones/{zone['uuid']}/records/", _record(number, "waited"), "wait=10")
    ended = time.perf_counter()
    if headers["X-Publication"] != "in_sync":
        raise RuntimeError(f"The change of {zone['domain']} is {headers['X-Publication']}.")
    measured.waited.values.append(1000 * (ended - began))
    measured.changes.add((zone["domain"], int(headers["X-Zone-Serial"])))
    time.sleep(0.05)


def _socket(address: str, port: int) -> socket.socket:
    channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    channel.connect((address, port))
    return channel


def _until_answered(channels: Iterable[socket.socket], domain: str, serial: int) -> None:
    """Ask all for the SOA, again and again, until each has answered this serial."""
    name = names.parse(domain).wire
    end = time.monotonic() + _PATIENCE
    waiting = set(channels)
    while waiting:
        if time.monotonic() > end:
            raise RuntimeError(f"{domain} {serial} is not answered after {_PATIENCE:.0f} s.")
        for channel in waiting:
            channel.send(messages.question(random.randrange(1 << 16), name))
        ready, _, _ = select.select(waiting, [], [], _NEXT)
        waiting -= {channel for channel in ready if _answers(channel.recv(4096), name, serial)}
        time.sleep(_PAUSE)


def _answers(reply: bytes, name: bytes, serial: int) -> bool:
    held = messages.serial(reply, name)
    return held is not None and not newer(serial, held)


def _overslept() -> float:
    """By how much a nap was too long: on a machine that others use, whoever waits is woken late."""
    began = time.perf_counter()
    time.sleep(_NAP)
    return 1000 * (time.perf_counter() - began - _NAP)
