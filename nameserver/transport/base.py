"""What every way to a nameserver offers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from nameserver.content import Content
from nameserver.plan import Item, Outcome


@dataclass(frozen=True, slots=True)
class Greeting:
    """A nameserver's state: versions, zones (None when named is away), SHA-256 of named.conf, highest fence.

    `started` is when named was started, in its own words: other words mean that it was started again.
    """

    protocol: int
    agent: str
    named: str | None
    running: bool
    zones: int | None
    configuration: str | None
    fence: int
    started: str | None = None


@dataclass(frozen=True, slots=True)
class Host:
    """A nameserver's machine: seconds since 1970, octets free and in all on named's disk, files that still fit.

    `files` is None where the file system does not count them.
    """

    time: float
    free: int
    size: int
    files: int | None


@dataclass(frozen=True, slots=True)
class Published:
    """How each item ended, in the order asked for, and where the time went (milliseconds)."""

    outcomes: list[Outcome]
    timings: dict[str, float]


@dataclass(frozen=True, slots=True)
class Served:
    """What a nameserver serves of one zone, whole, or why it could not be transferred (`error`)."""

    content: Content | None
    error: str | None = None


class Transport(Protocol):
    """One nameserver's agent, for one caller at a time.

    Every method raises Unreachable or TimedOut when the agent cannot be worked with (the next call tries
    anew) and AgentFailed when it answers with an error of another kind than those named below.
    """

    def hello(self) -> Greeting:
        """Who is there?"""

    def publish(self, items: Sequence[Item], fence: int) -> Published:
        """Make a batch so. A zone that fails is an outcome. Raises Fenced."""

    def configure(self, content: bytes, fence: int) -> None:
        """Put a named.conf in place. Raises ConfigurationRefused (the previous one is back), Fenced."""

    def serials(self, domains: Iterable[str]) -> dict[str, int | None]:
        """What the nameserver answers for each zone, asked beside it; None: not the zone, or nothing."""

    def inventory(self) -> dict[str, int]:
        """Domain and serial of every zone it has."""

    def zone_files(self) -> Iterator[tuple[str, bytes | None]]:
        """Domain and file of every zone that was published there; None: it has no file."""

    def about(self) -> Host:
        """What its clock and its disk say. An agent of an earlier version raises AgentFailed."""

    def digests(self, domains: Iterable[str]) -> dict[str, str | None]:
        """SHA-256 (hex) of each zone's file on its disk; None: there is no file."""

    def content(self, domains: Iterable[str]) -> dict[str, Served]:
        """What it serves of each zone, transferred beside it."""

    def close(self) -> None:
        """Let go of the agent; the next call opens the way again."""
