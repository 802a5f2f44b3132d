"""A nameserver's agent behind an argv: here `python -m nameserver.agent`, over SSH `ssh … HOST`."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from nameserver.agent import PROTOCOL, frames
from nameserver.agent.errors import BadRequest
from nameserver.content import of_transfer
from nameserver.errors import AgentFailed, ConfigurationRefused, Fenced, TransportError, Unreachable
from nameserver.plan import Action, Item, Outcome, State
from nameserver.transport import ssh
from nameserver.transport.base import Greeting, Host, Published, Served
from nameserver.transport.process import Process

_ERRORS: dict[object, type[TransportError]] = {
    "fenced": Fenced,
    "configuration_refused": ConfigurationRefused,
    "named_silent": Unreachable,
}


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds for one request from its first octet to the last of its answer, opening the way included.

    What is sent takes its time on a slow line: `publish` and the time for the octets at `slowest` a second.
    """

    command: float = 20.0
    publish: float = 60.0
    close: float = 2.0
    slowest: float = 32_000.0  # octets a second


class PipeTransport:
    """Speaks frames with the agent that `argv` starts; started at the first call, and anew after trouble."""

    def __init__(self, argv: Sequence[str], timeouts: Timeouts | None = None) -> None:
        self._argv, self._timeouts = tuple(argv), timeouts or Timeouts()
        self._explain = ssh.explain if self._argv[0] == "ssh" else None
        self._process: Process | None = None
        self._numbers = count(1)

    def hello(self) -> Greeting:
        """See Transport. Raises AgentFailed when the agent speaks another protocol."""
        reply = self._request("hello", self._timeouts.command)
        if (theirs := reply.get("protocol")) != PROTOCOL:
            raise AgentFailed(
                f"The nameserver's agent speaks another protocol ({theirs}, not {PROTOCOL}): provision the nameserver"
                " again, with the agent of this version."
            )
        with _form():
            known = {field: reply[field] for field in Greeting.__dataclass_fields__ if field != "started"}
            return Greeting(**known, started=reply.get("started"))  # an agent of an earlier version does not say

    def publish(self, items: Sequence[Item], fence: int) -> Published:
        """See Transport."""
        described = [_described(item) for item in items]
        body = b"".join(item.content for item in items if item.action is Action.PUBLISH)
        patience = self._timeouts.publish + len(body) / self._timeouts.slowest
        reply = self._request("publish", patience, body, fence=fence, items=described)
        with _form():
            return Published([_outcome(outcome) for outcome in reply["outcomes"]], dict(reply["timings"]))

    def configure(self, content: bytes, fence: int) -> None:
        """See Transport."""
        digest = Item("", Action.PUBLISH, 0, content).digest
        self._request("configure", self._timeouts.publish, content, fence=fence, size=len(content), sha256=digest)

    def serials(self, domains: Iterable[str]) -> dict[str, int | None]:
        """See Transport."""
        return self._mapping("serials", domains=list(domains))

    def inventory(self) -> dict[str, int]:
        """See Transport."""
        return self._mapping("zones", op="inventory")

    def zone_files(self) -> Iterator[tuple[str, bytes | None]]:
        """See Transport."""
        after, begun = "", b""
        while pieces := self._pieces(after, len(begun)):
            for domain, text, size in pieces:
                if begun and domain != after:
                    raise AgentFailed(f"{after} was removed while it was read: try again.")
                after, begun = domain, begun + (text or "").encode("latin-1")
                if text is None or len(begun) == size:
                    yield domain, None if text is None else begun
                    begun = b""
                elif not text or len(begun) > size:
                    raise AgentFailed(f"The file of {domain} was changed while it was read: try again.")

    def about(self) -> Host:
        """See Transport."""
        reply = self._request("about", self._timeouts.command)
        with _form():
            files = reply["files"]
            numbers = (float(reply["time"]), int(reply["free"]), int(reply["size"]))
            return Host(*numbers, None if files is None else int(files))

    def digests(self, domains: Iterable[str]) -> dict[str, str | None]:
        """See Transport."""
        return self._mapping("digests", domains=list(domains))

    def content(self, domains: Iterable[str]) -> dict[str, Served]:
        """See Transport."""
        reply = self._request("content", self._timeouts.publish, domains=list(domains))
        with _form():
            return dict(_served(reply["zones"], memoryview(reply["body"])))

    def close(self) -> None:
        """See Transport. The agent ends at the end of its input."""
        process, self._process = self._process, None
        if process is not None:
            process.finish(self._timeouts.close)

    def _pieces(self, after: str, offset: int) -> list[tuple[str, str | None, int]]:
        reply = self._request("read", self._timeouts.publish, after=after, offset=offset)
        with _form():
            return [(str(domain), text, int(size)) for domain, text, size in reply["pieces"]]

    def _mapping(self, key: str, op: str | None = None, **fields: Any) -> dict[str, Any]:
        reply = self._request(op or key, self._timeouts.command, **fields)
        with _form():
            return dict(reply[key])

    def _request(self, op: str, timeout: float, body: bytes = b"", **fields: Any) -> dict[str, Any]:
        """One request and its answer. Whatever breaks off in between ends the process."""
        number = next(self._numbers)
        request = _pack({"id": number, "op": op, **fields}, body)
        end = time.monotonic() + timeout
        try:
            reply = self._exchange(request, end)
            if reply.get("id") != number:
                raise AgentFailed("The nameserver's agent answered another request.")
        except BaseException as error:  # an interrupt, too, leaves half a message in the pipe
            self._drop()
            if self._explain is not None and type(error) is Unreachable:
                raise self._explain(error.detail) from error
            raise
        if not reply.get("ok"):
            raise _ERRORS.get(reply.get("code"), AgentFailed)(str(reply.get("error")))
        return reply

    def _exchange(self, request: bytes, end: float) -> dict[str, Any]:
        process = self._opened()
        process.write(request, end)
        header, body = frames.LENGTHS.unpack(process.read(frames.LENGTHS.size, end))
        with _form():
            frames.check_lengths(header, body)
        text = process.read(header, end)
        content = process.read(body, end)
        with _form():
            return frames.parse_header(text) | {"body": content}

    def _opened(self) -> Process:
        if self._process is not None and not self._process.idle():
            self._drop()
        if self._process is None:
            self._process = Process(self._argv)
        return self._process

    def _drop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()


@contextmanager
def _form() -> Iterator[None]:
    """Whatever does not have the protocol's form is AgentFailed."""
    try:
        yield
    except (BadRequest, KeyError, TypeError, ValueError, AttributeError) as error:
        raise AgentFailed("The nameserver's agent answered something that is not its protocol.") from error


def _pack(header: dict[str, Any], body: bytes) -> bytes:
    try:
        return frames.pack(header, body)
    except BadRequest as error:
        raise AgentFailed("The batch is larger than the protocol allows.") from error


def _described(item: Item) -> dict[str, Any]:
    described = {"domain": item.domain, "action": item.action.value, "serial": item.serial}
    if item.action is Action.REMOVE:
        return described
    return {**described, "size": len(item.content), "sha256": item.digest}


def _served(zones: list[dict[str, Any]], body: memoryview) -> Iterator[tuple[str, Served]]:
    for zone in zones:
        part, body = body[: zone["size"]], body[zone["size"] :]
        yield zone["domain"], _read(bytes(part)) if zone["error"] is None else Served(None, str(zone["error"]))


def _read(messages: bytes) -> Served:
    """What somebody put there by hand need not be what we can read; that zone alone is not compared then."""
    try:
        return Served(of_transfer(messages))
    except ValueError as error:
        return Served(None, f"What it serves cannot be read ({error}).")


def _outcome(outcome: dict[str, Any]) -> Outcome:
    return Outcome(outcome["domain"], State(outcome["state"]), outcome["serial"], outcome["error"])
