"""Zone files: written aside, proven, renamed; the replaced good one is kept until the new one is served."""

import hashlib
import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nameserver.agent.errors import AgentError
from nameserver.agent.names import Domain

_Version = tuple[int, int, int, int]  # nobody but the kernel sets a ctime: another content is another version
_STAMPED = 10**9  # nanoseconds
_FIRST_LINE = re.compile(rb"; \S+ serial (\d{1,10})\s*$")


@dataclass(frozen=True, slots=True)
class Written:
    """A temporary file that holds exactly what was sent."""

    path: Path
    domain: Domain


class ZoneFiles:
    """The folder of zone files of one named."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._digests: dict[str, tuple[_Version, bytes]] = {}

    def path(self, domain: Domain) -> Path:
        """Where the zone's file is."""
        return self._folder / domain.file_name

    def exists(self, domain: Domain) -> bool:
        """Is there a file for the zone?"""
        return self.path(domain).exists()

    def serial(self, domain: Domain) -> int | None:
        """The serial in the first line of the zone's file; None without a file or without such a line."""
        with suppress(OSError), self.path(domain).open("rb") as stream:
            match = _FIRST_LINE.match(stream.readline(1024))
            return int(match[1]) % 2**32 if match else None
        return None

    def holds(self, domain: Domain, digest: str) -> bool:
        """Is the zone's file exactly the one with that SHA-256?"""
        with suppress(OSError), self.path(domain).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == digest
        return False

    def digest(self, domain: Domain) -> str | None:
        """SHA-256 of the zone's file in hex, None without a file; an untouched file is not read a second time."""
        path = os.path.join(self._folder, domain.file_name)  # noqa: PTH118  a Path takes longer than the look
        try:
            known = self._digests.get(domain.file_name)
            if known is None or known[0] != _version(os.stat(path)):  # noqa: PTH116
                known = self._read(path)
                self._digests[domain.file_name] = known
            return known[1].hex()
        except OSError:
            self._digests.pop(domain.file_name, None)
            return None

    @staticmethod
    def _read(path: str) -> tuple["_Version", bytes]:
        with open(path, "rb") as stream:  # noqa: PTH123
            version = _version(os.fstat(stream.fileno()))
            digest = hashlib.file_digest(stream, "sha256").digest()
        # Kernels stamp coarsely: of a file that was just written, another content may yet get the same stamp.
        young = time.time_ns() - version[-1] < _STAMPED
        return (0, 0, 0, 0) if young else version, digest

    def write(self, domain: Domain, content: bytes | memoryview, digest: str) -> Written:
        """Write beside the zone's file, fsync, read back and compare. Raises AgentError; nothing is left then."""
        path = self._folder / f".{domain.file_name}.{os.getpid()}.new"
        try:
            _write(path, content)
            if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
                raise AgentError("What arrived is not what was sent: the digests differ.")
        except OSError as error:
            path.unlink(missing_ok=True)
            raise AgentError(f"The zone file could not be written: {error.strerror}.") from error
        except AgentError:
            path.unlink(missing_ok=True)
            raise
        return Written(path, domain)

    def put(self, written: Written, keep: bool) -> None:
        """Rename into place; with `keep` the replaced file stays beside it as the last good one."""
        path = self.path(written.domain)
        _set_newer(written.path, path)
        if keep:
            _link(path, _last(path))
        written.path.rename(path)

    def put_back(self, domain: Domain) -> bool:
        """Put the last good file back, newer than the one it replaces. False when there is none."""
        path = self.path(domain)
        try:
            _set_newer(_last(path), path)
            _last(path).rename(path)
        except FileNotFoundError:
            return False
        self.sync()
        return True

    def forget_last(self, domain: Domain) -> None:
        """The new file is served: the last good one is of no more use."""
        _last(self.path(domain)).unlink(missing_ok=True)

    def touch(self, domain: Domain, step: int = 1) -> None:
        """Make the zone's file newer by at least `step` nanoseconds, so that named reads it again."""
        path = self.path(domain)
        _set_newer(path, path, step)

    def remove(self, domain: Domain) -> None:
        """Remove all files of a zone; a journal left behind would be played over the next zone of that name."""
        path = self.path(domain)
        for leftover in (path, _last(path), path.with_name(f"{path.name}.jnl")):
            leftover.unlink(missing_ok=True)

    def sync(self) -> None:
        """fsync the folder: the renames survive a loss of power."""
        sync_folder(self._folder)

    def sweep(self) -> None:
        """Remove temporary files of an agent that was killed."""
        for leftover in self._folder.glob(".*.new"):
            leftover.unlink(missing_ok=True)


def _version(status: os.stat_result) -> _Version:
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def replace(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file so that it is, at any instant and after a crash, the old or the new one. Raises OSError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        _write(temporary, content, mode)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """fsync a folder. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, content: bytes | memoryview, mode: int = 0o644) -> None:
    with path.open("wb") as stream:
        os.fchmod(stream.fileno(), mode)  # named is another user; zone files and named.conf are no secrets
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _set_newer(path: Path, than: Path, step: int = 1) -> None:
    """named skips a file whose mtime is not newer than the loaded one, and kernels stamp coarsely."""
    now = time.time_ns()
    with suppress(FileNotFoundError):
        now = max(now, than.stat().st_mtime_ns + step)
    os.utime(path, ns=(now, now))


def _link(path: Path, to: Path) -> None:
    to.unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        to.hardlink_to(path)


def _last(path: Path) -> Path:
    return path.with_name(f"{path.name}.last")
