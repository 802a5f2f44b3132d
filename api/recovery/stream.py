"""The backup file: gzip over lines of JSON, with a digest at its end.

The first line is the header. Then come files of the data folder (`{"file": …}`) and, for each table, a line
with its columns (`{"table": …}`) and a line for each row (an array). The last line has the SHA-256 of all
lines before it. Reading and writing take the memory of some thousand rows, whatever the size.
"""

import base64
import gzip
import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from api.errors import OperatorError
from nameserver.agent.files import sync_folder

FORMAT = 1
_LEVEL = 3
_BROKEN = (EOFError, gzip.BadGzipFile, zlib.error, orjson.JSONDecodeError, KeyError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Header:
    """What a backup says of itself. `settings` are those that were not the default; `tables` count their rows."""

    version: str
    revision: str
    taken_at: str
    database: str
    data: str
    settings: dict[str, Any]
    tables: dict[str, int]
    format: int = FORMAT

    @property
    def rows(self) -> int:
        """The rows of all tables."""
        return sum(self.tables.values())


class Writer:
    """Writes lines and counts them into the digest."""

    def __init__(self, stream: BinaryIO, header: Header) -> None:
        self._stream, self._digest = stream, hashlib.sha256()
        self.lines([{"zonewright backup": asdict(header)}])

    def lines(self, values: Iterable[Any]) -> None:
        """A line for each value."""
        text = b"".join(orjson.dumps(value, default=_plain, option=orjson.OPT_APPEND_NEWLINE) for value in values)
        self._digest.update(text)
        self._stream.write(text)

    def end(self) -> None:
        """The last line."""
        self._stream.write(orjson.dumps({"end": self._digest.hexdigest()}) + b"\n")


@contextmanager
def written(path: Path, force: bool) -> Iterator[BinaryIO]:
    """A file that is there, under its name and on disk, only when the block ends well. Mode 0600: it has secrets.

    Raises OperatorError when there is such a file already and `force` is not given, or it cannot be written.
    """
    if path.exists() and not force:
        raise OperatorError(f"{path} is there already; give another name, or --force to replace it.")
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=_LEVEL) as stream:
                yield stream  # type: ignore[misc]
            file.flush()
            os.fsync(file.fileno())
        for _ in Backup(partial).lines():
            pass  # read back: what cannot be read is no backup
        partial.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise OperatorError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        partial.unlink(missing_ok=True)


class Backup:
    """A backup file to be read. Raises OperatorError when it cannot be, or is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._opened() as stream, self._readable():
            found = orjson.loads(stream.readline())["zonewright backup"]
            if found["format"] != FORMAT:
                raise OperatorError(f"{path} is of a newer form: restore it with version {found['version']} or later.")
            self.header = Header(**found)

    def lines(self) -> Iterator[Any]:
        """Every line after the header. Raises OperatorError, at the end at the latest, when any octet is not right."""
        left = dict(self.header.tables)
        table, line, digest = "", b"", hashlib.sha256()
        with self._opened() as stream, self._readable():
            digest.update(stream.readline())
            for line in stream:
                value = orjson.loads(line)
                if isinstance(value, list):
                    left[table] -= 1
                elif "end" in value:
                    break
                table = table if isinstance(value, list) else value.get("table", "")
                digest.update(line)
                yield value
            if orjson.loads(line) != {"end": digest.hexdigest()} or stream.read(1) or any(left.values()):
                raise ValueError("the digest or a count is another")

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        try:
            with gzip.open(self._path, "rb") as stream:
                yield stream  # type: ignore[misc]
        except gzip.BadGzipFile as error:
            raise self._damaged() from error
        except OSError as error:
            raise OperatorError(f"{self._path} cannot be read: {error.strerror}.") from error

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except _BROKEN as error:
            raise self._damaged() from error

    def _damaged(self) -> OperatorError:
        return OperatorError(f"{self._path} is no backup of zonewright, or it is damaged or cut off.")


def _plain(value: Any) -> str:
    """Octets, which JSON has no form for."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError
