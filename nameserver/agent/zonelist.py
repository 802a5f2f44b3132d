"""The list of zones as text, to be had when named's own database (the NZD) is damaged.

An append-only journal of `+domain` and `-domain`. A removal is written before delzone and an addition after
addzone, so at any instant every zone on the list is in the NZD, unless the NZD lost it.
"""

import os
from collections.abc import Iterable, Set
from contextlib import suppress
from pathlib import Path

from nameserver.agent.files import replace


class ZoneList:
    """The journal in the agent's state folder; every method is called under the lock."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "zones.list"
        self._names: set[str] = set()
        self._file, self._read = 0, 0  # what of which file is in `_names`

    def names(self) -> Set[str]:
        """The domains on the list, not to be kept; only what was written since the last call is read."""
        with suppress(FileNotFoundError), self._path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            if status.st_ino != self._file or status.st_size < self._read:
                self._names, self._file, self._read = set(), status.st_ino, 0
            stream.seek(self._read)
            self._take(stream.read())
        return self._names

    def added(self, domains: Iterable[str]) -> None:
        """Append additions, on disk when this returns."""
        self._append("+", domains)

    def removed(self, domains: Iterable[str]) -> None:
        """Append removals, on disk when this returns."""
        self._append("-", domains)

    def compact(self) -> None:
        """Write the list anew, without what came and went."""
        self.write(self.names())

    def write(self, domains: Iterable[str]) -> None:
        """Replace the list."""
        replace(self._path, "".join(f"+{domain}\n" for domain in sorted(domains)).encode(), 0o664)

    def _take(self, journal: bytes) -> None:
        """A last line cut off by a crash is left out."""
        whole = journal[: journal.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.decode().splitlines():
            (self._names.add if line[0] == "+" else self._names.discard)(line[1:])

    def _append(self, sign: str, domains: Iterable[str]) -> None:
        if text := "".join(f"{sign}{domain}\n" for domain in domains):
            with self._path.open("ab") as stream:
                stream.write(text.encode())
                stream.flush()
                os.fsync(stream.fileno())
