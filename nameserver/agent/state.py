"""What the agent itself remembers: the lock of one machine and the highest fence seen."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nameserver.agent.errors import BadRequest, Busy, FencedOut
from nameserver.agent.files import replace


@contextmanager
def lock(folder: Path, patience: float = 20.0) -> Iterator[None]:
    """Hold this nameserver's lock; raises Busy after `patience` seconds. The kernel frees it with the process."""
    # To read only: the lock must be had on a read-only disk, too, so that its trouble can be told.
    descriptor = os.open(folder / "lock", os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o664)
    try:
        _acquire(descriptor, patience)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, patience: float) -> None:
    end = time.monotonic() + patience
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if time.monotonic() >= end:
            raise Busy("Another agent is working on this nameserver.")
        time.sleep(0.01)


class Fence:
    """The fencing number of the control plane that was here last, on disk."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "fence"

    def highest(self) -> int:
        """The highest number seen; 0 when none was."""
        with suppress(FileNotFoundError, ValueError):
            return int(self._path.read_text())
        return 0

    def admit(self, number: object) -> None:
        """Let a request in, under the lock. Raises FencedOut for a number lower than the highest seen."""
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise BadRequest("The fence is not a number.")
        highest = self.highest()
        if number < highest:
            raise FencedOut(f"Another control plane has taken this nameserver over (fence {highest}, not {number}).")
        if number > highest:
            replace(self._path, b"%d\n" % number)
