"""The request `publish`, read: items, their content, and what is known and decided about each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nameserver.agent import names
from nameserver.agent.errors import AgentError, BadRequest
from nameserver.agent.names import Domain

State = Literal["in_sync", "failed", "older"]
_HALF = 2**31


@dataclass(slots=True)
class Task:
    """One item on its way; finished as soon as `state` is set. `key` is the domain as it was asked for."""

    key: str
    domain: Domain
    remove: bool
    serial: int
    content: memoryview
    digest: str
    served: int | None = None
    state: State | None = None
    error: str | None = None
    added: bool = False  # named learnt of the zone in this batch

    def finish(self, state: State, served: int | None, error: str | None = None) -> None:
        """Decide the item."""
        self.state, self.served, self.error = state, served, error

    def fail(self, error: str | AgentError) -> None:
        """Decide that the item failed; what is served is what was served."""
        self.finish("failed", self.served, error.sentence if isinstance(error, AgentError) else error)

    def outcome(self) -> dict[str, Any]:
        """The item's part of the answer."""
        return {"domain": self.key, "state": self.state, "serial": self.served, "error": self.error}


def newer(left: int, right: int) -> bool:
    """Is `left` the newer serial (RFC 1982, section 3.2)?"""
    return left != right and (left - right) % 2**32 < _HALF


def parse(header: Mapping[str, Any], body: bytes) -> list[Task]:
    """The tasks of a request. Raises BadRequest when items and body do not fit together."""
    tasks: list[Task] = []
    view, at = memoryview(body), 0
    try:
        for item in header["items"]:
            task, at = _task(item, view, at)
            tasks.append(task)
    except (KeyError, TypeError, ValueError) as error:
        raise BadRequest("The items of the request are not of the form the protocol has.") from error
    if at != len(body):
        raise BadRequest("The body does not hold the files that the items describe.")
    if len({task.domain.text for task in tasks}) < len(tasks):
        raise BadRequest("The request names a zone twice.")
    return tasks


def _task(item: Mapping[str, Any], view: memoryview, at: int) -> tuple[Task, int]:
    if item["action"] not in ("publish", "remove"):
        raise ValueError(item["action"])
    remove, serial = item["action"] == "remove", int(item["serial"])
    size = 0 if remove else int(item["size"])
    if not 0 <= serial < 2**32 or size < 0:
        raise ValueError(serial)
    digest = "" if remove else str(item["sha256"])
    domain = names.parse(item["domain"])
    return Task(item["domain"], domain, remove, serial, view[at : at + size], digest), at + size
