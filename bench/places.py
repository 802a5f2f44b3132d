"""Where is measured: the stack of `zonewright up`, or the lab's hosts with the nameservers over SSH."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab import control
from tests.lab.hosts import Lab
from tests.stack import ADDRESS, running


@dataclass(frozen=True, slots=True)
class Place:
    """A running stack: the API's port on 127.0.0.1, and where each nameserver answers.

    `log` is what the control plane wrote so far. `inside` runs a function where all that can be reached.
    `delay` makes each round trip to the nameservers so many milliseconds longer; 0 takes that away. `database` is the
    SQLite file, where it can be reached.
    """

    port: int
    token: str
    dns: Sequence[tuple[str, int]]
    log: Callable[[], str]
    inside: Callable[[Callable[[], Any]], Any]
    delay: Callable[[int], None]
    database: Path | None = None


@contextmanager
def local(folder: Path) -> Iterator[Place]:
    """`zonewright up` on free ports; agents on this machine."""
    with running(folder / "data") as stack:
        assert stack.token
        dns = [(ADDRESS, port) for port in stack.dns]
        log, database = (lambda: stack.log("control")), stack.data / "zonewright.db"
        yield Place(stack.port, stack.token, dns, log, lambda run: run(), lambda _: None, database)
        stack.stop()


@contextmanager
def over_ssh(folder: Path) -> Iterator[Place]:
    """A lab of its own. Raises LabMissing."""
    lab = Lab("bench")

    def delay(milliseconds: int) -> None:
        lab.heal_all()
        for host in lab.nameservers if milliseconds else ():
            host.fault("delay", str(milliseconds))

    try:
        lab.up()
        dns = [(host.address, 53) for host in lab.nameservers]
        with control.running(lab, folder / "data") as made:
            yield Place(control.PORT, made.token, dns, lambda: made.log("control"), lab.inside, delay)
    finally:
        lab.down()
