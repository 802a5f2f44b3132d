"""Child processes that must not outlive their parent, and are started again when they end by themselves."""

import ctypes
import functools
import itertools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1  # prctl(2)
# Looked up ahead: a child is to say it as soon as it can.
_prctl: Any = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
_AT_ONCE = 5
_SETTLED_SECONDS = 60.0
_LONGEST_PAUSE = 30.0
_MOST_READ = 65536
_GRAVE = re.compile(r" (error|critical): ")  # in named's logs


@dataclass
class Child:
    """One child: its argv (made anew for each start), its log file and others that it writes, how often it failed.

    It fails by ending, or by not getting started. One that then runs for a minute begins anew.
    """

    name: str
    argv: Callable[[], Sequence[str]]
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    logs: Sequence[Path] = ()
    failures: int = 0
    due: float = 0.0
    _began: float = 0.0

    def start(self) -> None:
        """Start it in a session of its own: Ctrl-C reaches it through its parent, in order.

        Raises what its argv raises, OSError.
        """
        self.log.parent.mkdir(exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                list(self.argv()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | self.environment,
                start_new_session=True,
                preexec_fn=functools.partial(die_with_parent, os.getpid()),
            )
        self._began = time.monotonic()

    def ended(self) -> bool:
        """Has it ended by itself, or not been started?"""
        return self.process is None or self.process.poll() is not None

    def fail(self) -> None:
        """Note that it ended or was not started: from `due` (time.monotonic) on it is to be started again.

        That is at once after the first few failures, then 1, 2, 4 … 30 s later.
        """
        self.failures = 1 if self._settled() else self.failures + 1
        over = min(self.failures - _AT_ONCE, 10)
        self.due = time.monotonic() + (min(_LONGEST_PAUSE, 2.0 ** (over - 1)) if over > 0 else 0.0)
        self.kill_group()
        self.process = None

    def keeps_failing(self) -> bool:
        """Has it failed more often than can be an accident?"""
        return self.failures > _AT_ONCE

    def often(self) -> bool:
        """Is this failure to be told? The first of one that keeps failing, then the 8th, 16th, 32nd …"""
        return self.failures == _AT_ONCE + 1 or self.failures.bit_count() == 1

    def recovered(self) -> bool:
        """Does one that kept failing run for a minute again? True once."""
        if self.ended() or not self.keeps_failing() or not self._settled():
            return False
        self.failures = 0
        return True

    def _settled(self) -> bool:
        return self.process is not None and time.monotonic() - self._began > _SETTLED_SECONDS

    def terminate(self) -> None:
        """Ask it to end; a stopped one (SIGSTOP) must run to hear it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait for its end; after that it is killed, and whatever it had started."""
        if self.process is None:
            return
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.kill_group()

    def kill_group(self) -> None:
        """Kill what it had started and left behind."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                return

    def last_words(self) -> str:
        """The end of the log that it wrote last."""
        newest = max((self.log, *self.logs), key=_written_at)
        return f"{newest} ends with: {_end(newest)}"


def _written_at(log: Path) -> int:
    """In nanoseconds; 0 for one with nothing in it, or that cannot be read."""
    with suppress(OSError):
        status = log.stat()
        return status.st_mtime_ns if status.st_size else 0
    return 0


def _end(log: Path) -> str:
    """Its last line; of errors at its end the first, which is the cause of the others."""
    with suppress(OSError), log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - _MOST_READ))
        lines = [line for line in stream.read().decode(errors="replace").splitlines() if line.strip()]
        grave = list(itertools.takewhile(_GRAVE.search, reversed(lines)))
        return [*lines[-1:], *grave][-1] if lines else "nothing"
    return "nothing"


def die_with_parent(parent: int) -> None:
    """In the child: the kernel kills it when its parent, this process, dies, however that happens (Linux)."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before it could be said
        os._exit(1)
