"""Folders for files that are needed for a moment. What a killed process left, the next one removes."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

_PREFIX = "zonewright-check-"


@contextmanager
def folder(parent: Path | None) -> Iterator[Path]:
    """A new folder, gone with all that is in it when the block is left; None: below the system's own for that."""
    with TemporaryDirectory(prefix=_PREFIX, dir=parent) as name, _locked(Path(name)):
        yield Path(name)


def sweep(parent: Path) -> None:
    """Remove the folders of processes that were killed: the kernel let go of their locks."""
    for leftover in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError), _locked(leftover):
            shutil.rmtree(leftover)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Raises BlockingIOError when another process has it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
