"""A copy of the checkout in a temporary folder, in which one guard at a time is missing and pytest runs."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.guards.guard import ROOT, Guard
from tests.guards.outcomes import NAMED, WRITTEN

_MARK = "GUARDS_RUN"
_NOT_INHERITED = ("ZONEWRIGHT_", "PYTEST_", "COV", "PYTHON")
_ENDS_WITHIN = 60.0  # seconds for pytest to take its servers down, when it is interrupted
_LISTING = ("git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard")


@dataclass(frozen=True, slots=True)
class Ended:
    """How pytest ended (None: not in time), what it printed, and how each phase of each test went."""

    status: int | None
    output: str
    outcomes: Sequence[Mapping[str, str]]


class Checkout:
    """The copy. What is started in it carries a mark in its environment, so that none of it is left behind."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "copy"
        self._temporary, self._outcomes, self._output = folder / "tmp", folder / "outcomes", folder / "output"
        self._mark = str(uuid.uuid4())
        self._stamps = count(2_000_000_000)
        self._temporary.mkdir()
        for name in _files():
            target = self.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)

    @property
    def environment(self) -> dict[str, str]:
        """Ours, with the copy before what is installed: an editable installation's finder comes after the path."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(_NOT_INHERITED)}
        ours = {"PYTHONPATH": self.root, "PYTHONPYCACHEPREFIX": self._temporary / "bytecode"}
        ours |= {"TMPDIR": self._temporary, WRITTEN: self._outcomes, _MARK: self._mark}
        return kept | {key: str(value) for key, value in ours.items()}

    @contextmanager
    def without(self, guard: Guard) -> Iterator[None]:
        """The guard is missing as long as the block runs. Raises LookupError."""
        path = self.root / guard.file
        whole = path.read_text()
        self._write(path, guard.without(whole))
        try:
            yield
        finally:
            self._write(path, whole)

    def pytest(self, tests: Sequence[str], seconds: float, *options: str) -> Ended:
        """Run these tests; whatever they leave running is killed."""
        self._outcomes.write_text("")
        status = self._ended(self._started(tests, options), seconds)
        outcomes = [json.loads(line) for line in self._outcomes.read_text().splitlines()]
        return Ended(status, self._output.read_text(errors="replace"), outcomes)

    def _started(self, tests: Sequence[str], options: Sequence[str]) -> "subprocess.Popen[bytes]":
        argv = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "-p", "tests.guards.outcomes"]
        with self._output.open("wb") as output:  # no pipe: what is left behind would keep it open
            return subprocess.Popen(
                [*argv, *options, *sorted({test.partition("[")[0] for test in tests})],
                cwd=self.root,
                env=self.environment | {NAMED: json.dumps(list(tests))},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _ended(self, process: "subprocess.Popen[bytes]", seconds: float) -> int | None:
        """Its status; None when it had to be stopped."""
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end(process)
            self._kill_what_is_left()

    def _write(self, path: Path, text: str) -> None:
        """With a time of its own: Python takes compiled bytecode for current by second and size."""
        path.write_text(text)
        stamp = next(self._stamps)
        os.utime(path, (stamp, stamp))

    def _kill_what_is_left(self) -> None:
        mark = f"{_MARK}={self._mark}".encode()
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    os.kill(int(entry.name), signal.SIGKILL)


@contextmanager
def checkout() -> Iterator[Checkout]:
    """A copy of the working tree; gone when the block is left."""
    with tempfile.TemporaryDirectory(prefix="guards-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)  # PostgreSQL is another user
        yield Checkout(Path(name))


def _files() -> list[str]:
    listing = subprocess.run(_LISTING, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted({name for name in listing.split("\0") if name and (ROOT / name).is_file()})


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Let pytest take down what its fixtures made, if it still runs, then end it."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
