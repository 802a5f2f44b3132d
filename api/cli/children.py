"""Child processes that must not outlive their parent, and are started again when they end by themselves."""

import ctypes
import functools
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from api.errors import OperatorError

_PR_SET_PDEATHSIG = 1  # prctl(2)
# Looked up ahead: a child is to say it as soon as it can.
_prctl: Any = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
_MOST_RESTARTS = 5
_WITHIN_SECONDS = 60.0


@dataclass
class Child:
    """One child: its argv (made anew for each start), its log file, and when it was started again."""

    name: str
    argv: Callable[[], Sequence[str]]
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    restarts: deque[float] = field(default_factory=deque)

    def start(self) -> None:
        """Start it in a session of its own: Ctrl-C reaches it through its parent, in order."""
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

    def ended(self) -> bool:
        """Has it ended by itself?"""
        return self.process is not None and self.process.poll() is not None

    def restart(self) -> None:
        """Start it again after it ended. Raises OperatorError when it keeps ending."""
        moment = time.monotonic()
        self.restarts.append(moment)
        while self.restarts[0] < moment - _WITHIN_SECONDS:
            self.restarts.popleft()
        if len(self.restarts) > _MOST_RESTARTS:
            raise OperatorError(f"{self.name} ended {len(self.restarts)} times within a minute. {self.last_words()}")
        self.kill_group()
        self.start()

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
        """The end of its log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        said = next((line for line in reversed(lines) if line.strip()), "nothing")
        return f"The last line of {self.log}: {said}"


def die_with_parent(parent: int) -> None:
    """In the child: the kernel kills it when its parent, this process, dies, however that happens (Linux)."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before it could be said
        os._exit(1)
