"""A child process spoken to over its pipes, every step before a deadline."""

import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress

from nameserver.errors import TimedOut, Unreachable

_CHUNK = 1 << 20
_MOST_STDERR = 16 << 10


class Process:
    """One run of an agent's argv, in a process group of its own. Raises Unreachable when it does not start."""

    def __init__(self, argv: Sequence[str]) -> None:
        try:
            self._child = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
                env={**os.environ, "LC_ALL": "C"},
            )
        except OSError as error:
            raise Unreachable(f"{argv[0]} cannot be run: {error.strerror}.") from error
        streams = (self._child.stdin, self._child.stdout, self._child.stderr)
        self._in, self._out, self._err = (stream.fileno() for stream in streams if stream)
        for descriptor in (self._in, self._out, self._err):
            os.set_blocking(descriptor, False)
        self._said, self._hears = b"", True

    def write(self, data: bytes, end: float) -> None:
        """Write everything before `end` (monotonic seconds). Raises TimedOut, Unreachable."""
        view = memoryview(data)
        while view:
            self._wait(end, writing=True)
            with suppress(BlockingIOError):
                try:
                    view = view[os.write(self._in, view[:_CHUNK]) :]
                except OSError as error:  # EPIPE
                    raise self._ended(error) from error

    def read(self, length: int, end: float) -> bytes:
        """Read exactly `length` octets before `end`. Raises TimedOut, Unreachable."""
        data = bytearray()
        while len(data) < length:
            self._wait(end, writing=False)
            with suppress(BlockingIOError):
                part = os.read(self._out, min(length - len(data), _CHUNK))
                if not part:
                    raise self._ended(None)
                data += part
        return bytes(data)

    def idle(self) -> bool:
        """Between requests nothing is due: is the pipe silent, and the process there?"""
        return self._child.poll() is None and not _poll([self._out], [], 0.0)

    def kill(self) -> None:
        """End the process and everything it started, close the pipes, leave no zombie."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        self._close()

    def finish(self, patience: float) -> None:
        """Close the pipe and give the process `patience` seconds to end by itself before it is killed."""
        if self._child.stdin:
            self._child.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(patience)
        self.kill()

    def _close(self) -> None:
        for stream in (self._child.stdin, self._child.stdout, self._child.stderr):
            if stream:
                with suppress(OSError):
                    stream.close()

    def _wait(self, end: float, writing: bool) -> None:
        """Until the pipe is ready; what comes on stderr meanwhile is taken, or the process would block on it."""
        awaited = self._in if writing else self._out
        while (left := end - time.monotonic()) > 0:
            readers = [self._err] if self._hears else []
            ready = _poll(readers if writing else [self._out, *readers], [self._in] if writing else [], left)
            if self._err in ready:
                self._hears = self._listen()
            if awaited in ready:
                return
        raise TimedOut(self._sentence("The nameserver's agent did not answer in time"))

    def _listen(self) -> bool:
        with suppress(BlockingIOError):
            part = os.read(self._err, _CHUNK)
            self._said = (self._said + part)[-_MOST_STDERR:]
            return bool(part)
        return True

    def _ended(self, error: OSError | None) -> Unreachable:
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(1.0)
        while _poll([self._err], [], 0.0) and self._listen():
            pass
        why = f"ended with status {self._child.returncode}" if error is None else f"broke off ({error.strerror})"
        return Unreachable(self._sentence(f"The way to the nameserver's agent {why}"))

    def _sentence(self, words: str) -> str:
        """With the last line of stderr: ssh's own reason, or the agent's."""
        lines = self._said.decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f"{words}: {last.rstrip('.')}." if last else f"{words}."


def _poll(readers: list[int], writers: list[int], seconds: float) -> set[int]:
    """The descriptors that are ready (or broken); poll, since select ends at descriptor 1023."""
    poller = select.poll()
    for descriptors, events in ((readers, select.POLLIN), (writers, select.POLLOUT)):
        for descriptor in descriptors:
            poller.register(descriptor, events)
    return {descriptor for descriptor, _ in poller.poll(seconds * 1000)}
