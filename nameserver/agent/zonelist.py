"""The list of zones as text, to be had when named's own database (the NZD) is damaged.

An append-only journal of `+domain` and `-domain serial`. A removal is written before delzone and an addition
after addzone, so at any instant every zone on the list is in the NZD, unless the NZD lost it. The serial that a
removed zone had stays: when it comes back from an older database, it must not go on below it.
"""

import os
from collections.abc import Iterable, Mapping, Set
from contextlib import suppress
from pathlib import Path

from nameserver.agent.files import replace


class ZoneList:
    """The journal in the agent's state folder; every method is called under the lock."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "zones.list"
        self._names: set[str] = set()
        self._gone: dict[str, int] = {}
        self._file, self._read = 0, 0  # what of which file is in `_names`

    def names(self) -> Set[str]:
        """The domains on the list, not to be kept; only what was written since the last call is read."""
        with suppress(FileNotFoundError), self._path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            if status.st_ino != self._file or status.st_size < self._read:
                self._names, self._gone, self._file, self._read = set(), {}, status.st_ino, 0
            stream.seek(self._read)
            self._take(stream.read())
        return self._names

    def gone(self) -> Mapping[str, int]:
        """The domains that were removed, with the serials they had; not to be kept."""
        self.names()
        return self._gone

    def added(self, domains: Iterable[str]) -> None:
        """Append additions, on disk when this returns."""
        self._append(f"+{domain}\n" for domain in domains)

    def removed(self, serials: Mapping[str, int]) -> None:
        """Append removals with the serials the zones had, on disk when this returns."""
        self._append(f"-{domain} {serial}\n" for domain, serial in serials.items())

    def compact(self) -> None:
        """Write the list anew, without what came and went."""
        self.write(self.names())

    def write(self, domains: Iterable[str]) -> None:
        """Replace the list; what is known of zones that are gone stays."""
        there = set(domains)
        gone = {domain: serial for domain, serial in self.gone().items() if domain not in there}
        lines = [*(f"+{each}\n" for each in sorted(there)), *(f"-{each} {gone[each]}\n" for each in sorted(gone))]
        replace(self._path, "".join(lines).encode(), 0o664)

    def _take(self, journal: bytes) -> None:
        """A last line cut off by a crash is left out."""
        whole = journal[: journal.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.decode().splitlines():
            domain, _, serial = line[1:].partition(" ")
            if line[0] == "+":
                self._names.add(domain)
                self._gone.pop(domain, None)
            else:
                self._names.discard(domain)
                self._gone |= {domain: int(serial)} if serial else {}

    def _append(self, lines: Iterable[str]) -> None:
        if text := "".join(lines):
            with self._path.open("ab") as stream:
                stream.write(text.encode())
                stream.flush()
                os.fsync(stream.fileno())
