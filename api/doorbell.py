"""The doorbell: a commit rings it, the control plane wakes up. A lost ring costs time, never a change.

On SQLite it is a Unix datagram socket in the data folder, on PostgreSQL NOTIFY: sent alone, after the commit,
since inside the writing transaction it halves the writes. The loop looks by itself now and then as well.
"""

import contextlib
import os
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import psycopg
from sqlalchemy import Engine, make_url, text

from api.settings import Settings

_NAME = "control.sock"
_CHANNEL = "zonewright"


def ring(settings: Settings, engine: Engine) -> None:
    """Wake the control plane; nobody listening, or a full queue (it will wake anyway), is fine."""
    if settings.sqlite:
        _send(settings.data)
    else:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"NOTIFY {_CHANNEL}"))


class Doorbell:
    """The control plane's end of the doorbell; `wake` rings it from inside the process."""

    def __init__(self, settings: Settings) -> None:
        self._bell: _Bell = _Socket(settings.data) if settings.sqlite else _Listener(settings.url)
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)

    def wake(self) -> None:
        """Ring from inside the process: from another thread or a signal handler."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._writer, b"!")

    def wait(self, seconds: float) -> None:
        """Sleep until it rings, at most so long; many rings are one."""
        bell = self._bell.fileno()
        select.select([self._reader] if bell is None else [bell, self._reader], [], [], max(0.0, seconds))
        self._bell.drain()
        with contextlib.suppress(BlockingIOError):
            while os.read(self._reader, 4096):
                pass

    def close(self) -> None:
        """Close both ends."""
        self._bell.close()
        os.close(self._reader)
        os.close(self._writer)


class _Bell(Protocol):
    def fileno(self) -> int | None:
        """What can be waited on; None while there is nothing."""

    def drain(self) -> None:
        """Take in all rings."""

    def close(self) -> None:
        """Close it."""


class _Socket:
    """SQLite: a datagram socket in the data folder."""

    def __init__(self, folder: Path) -> None:
        (folder / _NAME).unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        with _address(folder) as address:
            self._socket.bind(address)

    def fileno(self) -> int:
        return self._socket.fileno()

    def drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._socket.recv(16):
                pass

    def close(self) -> None:
        self._socket.close()


class _Listener:
    """PostgreSQL: a connection of its own that listens, opened again when it breaks."""

    def __init__(self, url: str) -> None:
        self._conninfo = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection: psycopg.Connection | None = None

    def fileno(self) -> int | None:
        try:
            if self._connection is None:
                self._connection = psycopg.connect(self._conninfo, autocommit=True, connect_timeout=5)
                self._connection.execute(f"LISTEN {_CHANNEL}")
            return self._connection.fileno()
        except psycopg.Error:
            self.close()
            return None

    def drain(self) -> None:
        try:
            if self._connection is not None:
                for _ in self._connection.notifies(timeout=0):
                    pass
        except psycopg.Error:
            self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _send(folder: Path) -> None:
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as bell,
        _address(folder) as address,
    ):
        bell.sendto(b"!", address)


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
