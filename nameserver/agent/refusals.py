"""Why named refused to load a zone, from its own log: rndc said yes long before it knew.

Lines such as (BIND 9.18, lib/dns/zone.c and master.c):
    general: error: dns_master_load: zones/a.example.zone:234: x.a.example: too many records
    zoneload: error: zone a.example/IN: loading from master file zones/a.example.zone failed: too many records
"""

import re
from contextlib import suppress
from pathlib import Path

from nameserver.agent.names import Domain

_LOGS = ("problems.log", "named.log")  # the first that exists is read
_LINE = re.compile(r"error: (?:dns_master_load: )?\S*?([^/\s]+\.zone):(\d+): (.+)$")
_FAILED = re.compile(r"error: zone (\S+)/IN: (?:loading from master file \S+ failed: (.+)|not loaded due to errors)")
_FILE = re.compile(r"\S*/\S+\.zone(:\d+)?")
_MOST = 4 << 20  # octets of log read in one go


class Refusals:
    """Reads what named logs from now on."""

    def __init__(self, directory: Path) -> None:
        self._path = next((directory / log for log in _LOGS if (directory / log).exists()), directory / _LOGS[-1])
        self._file, self._offset = self._where()
        self._rest = b""
        self._lines: dict[str, str] = {}
        self._failed: dict[str, str] = {}

    def reason(self, domain: Domain) -> str | None:
        """Named's reason for not loading the zone, without server paths; None while it logged none."""
        if domain.text not in self._failed:
            return None
        return self._lines.get(domain.file_name) or self._failed[domain.text]

    def read(self) -> None:
        """Take in what was logged since the last call."""
        file, size = self._where()
        if file != self._file or size < self._offset:  # rolled over
            self._file, self._offset, self._rest = file, 0, b""
        if size > self._offset:
            with suppress(OSError):
                self._take(size)

    def _where(self) -> tuple[int, int]:
        with suppress(OSError):
            status = self._path.stat()
            return status.st_ino, status.st_size
        return 0, 0

    def _take(self, size: int) -> None:
        self._offset = max(self._offset, size - _MOST)
        with self._path.open("rb") as stream:
            stream.seek(self._offset)
            text = self._rest + stream.read(_MOST)
            self._offset = stream.tell()
        *lines, self._rest = text.split(b"\n")
        for line in lines:
            self._note(line.decode(errors="replace"))

    def _note(self, line: str) -> None:
        if match := _FAILED.search(line):
            self._failed.setdefault(match[1], _clean(match[2] or "it was not loaded due to errors"))
        elif match := _LINE.search(line):
            self._lines.setdefault(match[1], f"line {match[2]}: {_clean(match[3])}")


def _clean(words: str) -> str:
    """Without paths of this server."""
    return _FILE.sub("the zone file", words)
