"""Wait for words in a log that its program renames and begins anew as it grows (named's `versions`)."""

import os
from contextlib import suppress
from pathlib import Path


class Follower:
    """What is written into a log from now on, whichever of its files it is in by then."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._read: dict[int, int] = {status.st_ino: status.st_size for status in map(Path.stat, self._files())}

    def says(self, words: bytes) -> bool:
        """Have these words been written since? What was looked at once is not read again."""
        return any(self._look(file, words) for file in self._files())

    def _look(self, file: Path, words: bytes) -> bool:
        with suppress(OSError), file.open("rb") as stream:
            number = os.fstat(stream.fileno()).st_ino
            size = stream.seek(0, 2)
            begin = self._read.get(number, 0)
            stream.seek(begin if begin <= size else 0)  # a smaller one is a new one that got an old one's inode
            content = stream.read()
            self._read[number] = max(0, stream.tell() - len(words) + 1)  # they may be half written
            return words in content
        return False

    def _files(self) -> list[Path]:
        return [file for file in self._log.parent.glob(f"{self._log.name}*") if file.is_file()]
