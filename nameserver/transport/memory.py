"""A nameserver in memory, with a real one's manners, for tests of the loop and for trying things out."""

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from nameserver import serial
from nameserver.agent import PROTOCOL
from nameserver.content import of_zone_file
from nameserver.errors import ConfigurationRefused, Fenced, TimedOut, Unreachable
from nameserver.plan import Action, Item, Outcome, State
from nameserver.transport.base import Greeting, Host, Published, Served


@dataclass(slots=True)
class MemoryNameserver:
    """What the nameserver has, and the switches that make it misbehave.

    `failing` maps a domain to the reason named refuses it; `refuses` is the reason it refuses named.conf;
    `delay` is seconds for each request, over `patience` they time out (without waiting for real); `clock` is
    how many seconds its clock is ahead, `free` the octets free on its disk.
    """

    zones: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)  # what differs on disk from what is served
    gone: dict[str, int] = field(default_factory=dict)  # the serials that removed zones had
    configuration: bytes | None = None
    fence: int = 0
    running: bool = True
    started: str | None = None
    unreachable: bool = False
    failing: dict[str, str] = field(default_factory=dict)
    refuses: str | None = None
    delay: float = 0.0
    clock: float = 0.0
    free: int = 1 << 39
    patience: float = 20.0
    published: list[list[Item]] = field(default_factory=list)


class MemoryTransport:
    """A way to a MemoryNameserver; two transports to one nameserver are two control planes."""

    def __init__(self, nameserver: MemoryNameserver | None = None) -> None:
        self.nameserver = nameserver or MemoryNameserver()

    def hello(self) -> Greeting:
        """See Transport."""
        there = self._reach()
        digest = None if there.configuration is None else hashlib.sha256(there.configuration).hexdigest()
        zones = len(there.zones) if there.running else None
        named = "9.18" if there.running else None
        return Greeting(PROTOCOL, "memory", named, there.running, zones, digest, there.fence, there.started)

    def publish(self, items: Sequence[Item], fence: int) -> Published:
        """See Transport."""
        there = self._reach()
        self._admit(fence)
        if not there.running:
            raise Unreachable("named does not answer; nothing was changed.")
        there.published.append(list(items))
        return Published([self._one(item) for item in items], {"write": 0.0, "rndc": 0.0, "probe": 0.0})

    def configure(self, content: bytes, fence: int) -> None:
        """See Transport."""
        there = self._reach()
        self._admit(fence)
        if there.refuses is not None:
            raise ConfigurationRefused(there.refuses)
        there.configuration = content

    def serials(self, domains: Iterable[str]) -> dict[str, int | None]:
        """See Transport."""
        self._reach()
        return {domain: self._serial(domain) for domain in domains}

    def inventory(self) -> dict[str, int]:
        """See Transport."""
        return {domain: number for domain, (number, _) in self._reach().zones.items()}

    def zone_files(self) -> Iterator[tuple[str, bytes | None]]:
        """See Transport."""
        yield from sorted((domain, content) for domain, (_, content) in self._reach().zones.items())

    def about(self) -> Host:
        """See Transport."""
        there = self._reach()
        return Host(time.time() + there.clock, there.free, 1 << 40, None)

    def digests(self, domains: Iterable[str]) -> dict[str, str | None]:
        """See Transport."""
        self._reach()
        return {domain: self._digest(domain) for domain in domains}

    def content(self, domains: Iterable[str]) -> dict[str, Served]:
        """See Transport."""
        zones = self._reach().zones
        return {
            domain: Served(of_zone_file(domain, zones[domain][1])) if domain in zones else Served(None, "Not served.")
            for domain in domains
        }

    def close(self) -> None:
        """See Transport."""

    def _reach(self) -> MemoryNameserver:
        if self.nameserver.unreachable:
            raise Unreachable
        if self.nameserver.delay > self.nameserver.patience:
            raise TimedOut
        time.sleep(self.nameserver.delay)
        return self.nameserver

    def _admit(self, fence: int) -> None:
        if fence < self.nameserver.fence:
            raise Fenced
        self.nameserver.fence = fence

    def _serial(self, domain: str) -> int | None:
        return self.nameserver.zones[domain][0] if domain in self.nameserver.zones else None

    def _file(self, domain: str) -> bytes | None:
        return self.nameserver.files.get(domain, self.nameserver.zones.get(domain, (0, None))[1])

    def _digest(self, domain: str) -> str | None:
        content = self._file(domain)
        return None if content is None else hashlib.sha256(content).hexdigest()

    def _one(self, item: Item) -> Outcome:
        there, served = self.nameserver, self._serial(item.domain)
        if served is not None and serial.newer(served, item.serial):
            return Outcome(item.domain, State.OLDER, served, f"The nameserver holds serial {served}.")
        if item.action is Action.PUBLISH and served == item.serial and self._file(item.domain) != item.content:
            return Outcome(item.domain, State.OLDER, served, f"The nameserver has serial {served} with other content.")
        gone = there.gone.get(item.domain, item.serial)
        if item.action is Action.PUBLISH and served is None and serial.newer(gone, item.serial):
            return Outcome(item.domain, State.OLDER, gone, f"The nameserver had serial {gone} before.")
        if reason := there.failing.get(item.domain):
            return Outcome(item.domain, State.FAILED, served, reason)
        there.files.pop(item.domain, None)
        if item.action is Action.REMOVE:
            there.zones.pop(item.domain, None)
            there.gone[item.domain] = max(item.serial, served or 0)
            return Outcome(item.domain, State.IN_SYNC, None)
        there.zones[item.domain] = (item.serial, item.content)
        return Outcome(item.domain, State.IN_SYNC, item.serial)
