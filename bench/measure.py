"""Measuring one changed record from outside: HTTP in, DNS out."""

import json
import random
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

from bench.parts import Samples
from nameserver.agent import messages, names
from nameserver.serial import newer
from tests.stack import ADDRESS, Stack

_CREATORS = 4
_PATIENCE = 30.0
_PAUSE = 0.0002  # between two questions: the stack needs this machine's cores, too


@dataclass(slots=True)
class Measured:
    """All runs: milliseconds, and which serials the changes made."""

    response: Samples = field(default_factory=Samples)
    from_response: Samples = field(default_factory=Samples)
    from_request: Samples = field(default_factory=Samples)
    waited: Samples = field(default_factory=Samples)
    changes: set[tuple[str, int]] = field(default_factory=set)


class Client:
    """A client of the API on one kept connection."""

    def __init__(self, stack: Stack) -> None:
        self._connection = HTTPConnection(ADDRESS, stack.port, timeout=60)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._headers = {"Authorization": f"Bearer {stack.token}", "Content-Type": "application/json"}

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def write(self, method: str, path: str, body: dict[str, Any], prefer: str | None = None) -> tuple[Any, Any]:
        """The answer's body and headers. Raises RuntimeError for an error."""
        headers = self._headers | ({"Prefer": prefer} if prefer else {})
        self._connection.request(method, f"/api/v1/{path}", json.dumps(body), headers)
        response = self._connection.getresponse()
        content = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {content.decode()}")
        return json.loads(content), response.headers


def load(stack: Stack, count: int, progress: Callable[[int], None]) -> list[dict[str, Any]]:
    """Create that many zones through the API, and wait until both nameservers have them all."""
    done = 0

    def create(numbers: range) -> list[dict[str, Any]]:
        nonlocal done
        made = []
        with Client(stack) as client:
            for number in numbers:
                made.append(client.write("POST", "dns-zones/", {"domain": f"zone{number}.example.com"})[0])
                done += 1
                progress(done)
        return made

    with ThreadPoolExecutor(_CREATORS) as pool:
        shares = [range(first, count, _CREATORS) for first in range(_CREATORS)]
        zones = [zone for made in pool.map(create, shares) for zone in made]
    for zone in zones:
        _until_in_sync(stack, zone)
    return zones


def _until_in_sync(stack: Stack, zone: dict[str, Any]) -> None:
    end = time.monotonic() + 10 * _PATIENCE
    while stack.status(zone)["state"] != "in_sync":
        if time.monotonic() > end:
            raise RuntimeError(f"{zone['domain']} is not in sync: {stack.status(zone)}")
        time.sleep(0.1)


def measure(stack: Stack, zones: list[dict[str, Any]], runs: int, progress: Callable[[int], None]) -> Measured:
    """A record in a zone picked at random, created and asked for; then as often with `Prefer: wait`."""
    measured = Measured()
    with Client(stack) as client:
        for number in range(runs):
            _one_polled(stack, client, random.choice(zones), number, measured)
            _one_waited(client, random.choice(zones), number, measured)
            progress(number + 1)
    return measured


def _record(number: int, name: str) -> dict[str, Any]:
    value = f"10.{random.randrange(256)}.{number >> 8 & 255}.{number & 255}"
    return {"record_type": "A", "name": f"{name}{number}-{random.randrange(1 << 32):08x}", "value": value, "ttl": 300}


def _one_polled(stack: Stack, client: Client, zone: dict[str, Any], number: int, measured: Measured) -> None:
    with ExitStack() as closing:
        sockets = [closing.enter_context(_socket(port)) for port in stack.dns]
        began = time.perf_counter()
        _, headers = client.write("POST", f"dns-zones/{zone['uuid']}/records/", _record(number, "polled"))
        responded = time.perf_counter()
        serial = int(headers["X-Zone-Serial"])
        for channel in sockets:
            _until_answered(channel, zone["domain"], serial)
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


def _socket(port: int) -> socket.socket:
    channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    channel.connect((ADDRESS, port))
    channel.settimeout(1.0)
    return channel


def _until_answered(channel: socket.socket, domain: str, serial: int) -> None:
    """Ask for the SOA, again and again, until it has this serial."""
    name = names.parse(domain).wire
    end = time.monotonic() + _PATIENCE
    identity = random.randrange(1 << 16)
    while time.monotonic() < end:
        identity = (identity + 1) & 0xFFFF
        channel.send(messages.question(identity, name))
        reply = channel.recv(4096)
        while struct.unpack_from(">H", reply)[0] != identity:
            reply = channel.recv(4096)
        held = messages.serial(reply, name)
        if held is not None and not newer(serial, held):
            return
        time.sleep(_PAUSE)
    raise RuntimeError(f"{domain} {serial} is not answered after {_PATIENCE:.0f} s.")
