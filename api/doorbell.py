"""The doorbell: a commit rings it, the control plane wakes up. A lost ring costs time, never a change.

On SQLite it is a Unix datagram socket in the data folder (the sweep finds what a lost ring missed).
"""

import contextlib
import os
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.settings import Settings

_NAME = "control.sock"


@contextmanager
def _address(folder: Path) -> Iterator[str]:
    """The socket's path by way of the folder's descriptor: a socket's path has 107 octets at most."""
    if not Path("/proc/self/fd").is_dir():
        yield str(folder / _NAME)
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{_NAME}"
    finally:
        os.close(descriptor)


def ring(settings: Settings) -> None:
    """Wake the control plane; nobody listening, or a full queue (it will wake anyway), is fine."""
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as bell,
        _address(settings.data) as address,
    ):
        bell.sendto(b"!", address)


class Doorbell:
    """The control plane's end of the doorbell."""

    def __init__(self, settings: Settings) -> None:
        (settings.data / _NAME).unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        with _address(settings.data) as address:
            self._socket.bind(address)
        self._wakeup_reader, self._wakeup_writer = os.pipe()
        os.set_blocking(self._wakeup_reader, False)
        os.set_blocking(self._wakeup_writer, False)

    def wake(self) -> None:
        """Ring from inside the process: from another thread or a signal handler."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._wakeup_writer, b"!")

    def wait(self, seconds: float) -> None:
        """Sleep until it rings, at most so long; many rings are one."""
        select.select([self._socket.fileno(), self._wakeup_reader], [], [], max(0.0, seconds))
        with contextlib.suppress(BlockingIOError):
            while self._socket.recv(16):
                pass
        with contextlib.suppress(BlockingIOError):
            while os.read(self._wakeup_reader, 4096):
                pass

    def close(self) -> None:
        """Close both ends."""
        self._socket.close()
        os.close(self._wakeup_reader)
        os.close(self._wakeup_writer)
