"""Files of counters whose room on the disk is taken ahead.

prometheus_client makes its files longer without taking the room, and writes to them as memory: on a full disk the
kernel ends such a process with SIGBUS (mmap(2)). Here room comes first; where there is none, memory alone counts.
"""

import mmap
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

_FIRST_SIZE = 1 << 16
_MOST_BESIDE_A_KEY = 32  # its length, its padding, two doubles


class CounterFile(MmapedDict):
    """One process's values of one kind; in memory, for nobody else to read, from when the disk is full."""

    _m: Any
    _f: Any
    _used: int
    _capacity: int

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        super().__init__(filename if read_mode else _with_room(Path(filename)), read_mode)

    def _init_value(self, key: str) -> None:
        while self._used + len(key.encode()) + _MOST_BESIDE_A_KEY > self._capacity:
            self._grow()
        super()._init_value(key)

    def _grow(self) -> None:
        capacity = 2 * self._capacity
        try:
            os.posix_fallocate(self._f.fileno(), 0, capacity)
        except OSError:
            self._move_to_memory(capacity)
        self._m = mmap.mmap(self._f.fileno(), capacity)
        self._capacity = capacity

    def _move_to_memory(self, capacity: int) -> None:
        memory = open(_memory(), "a+b")  # noqa: SIM115  as long as the process counts
        memory.write(self._m[: self._used])
        memory.truncate(capacity)
        self._f.close()
        self._f = memory


def use() -> None:
    """From now on prometheus_client counts into such files (Linux)."""
    if hasattr(os, "memfd_create"):
        values.MmapedDict = CounterFile  # type: ignore[misc]  # a name that it looks up when it opens a file


def _with_room(path: Path) -> str | int:
    """The file when there is room for it, else a file in memory."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(file, 0, max(_FIRST_SIZE, os.fstat(file).st_size))
        finally:
            os.close(file)
    except OSError:
        with suppress(OSError):
            path.unlink()  # an empty one could not be read
        return _memory()
    return str(path)


def _memory() -> int:
    return os.memfd_create("counters")
