"""Zone files from a tar archive, which may be compressed, without being filled up by one that unpacks to any size."""

import gzip
import io
import tarfile
import zlib
from typing import IO

from nameserver.errors import InvalidInput

_MOST_FILES = 10_000
_GZIP = b"\x1f\x8b"


def files(content: bytes, most: int) -> list[tuple[str, bytes]]:
    """(name, content) of each file. `most` octets may be unpacked, the archive's own headers included.

    Raises InvalidInput("file").
    """
    packed = io.BytesIO(content)
    stream: IO[bytes] = gzip.GzipFile(fileobj=packed) if content.startswith(_GZIP) else packed  # type: ignore[assignment]
    found: list[tuple[str, bytes]] = []
    try:
        with tarfile.open(fileobj=_Bounded(stream, most), mode="r|") as archive:
            for member in archive:
                _take(archive, member, found)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InvalidInput("file", f"This is no tar archive: {error}.") from error
    if not found:
        raise InvalidInput("file", "The tar archive has no files.")
    return found


def _take(archive: tarfile.TarFile, member: tarfile.TarInfo, found: list[tuple[str, bytes]]) -> None:
    if member.isdir():
        return
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
        raise InvalidInput("file", f"{member.name} in the archive is no plain file; leave out links and devices.")
    if len(found) >= _MOST_FILES:
        raise InvalidInput("file", f"The archive has more than {_MOST_FILES} files; send several.")
    extracted = archive.extractfile(member)
    assert extracted is not None
    found.append((member.name, extracted.read()))


class _Bounded(io.RawIOBase):
    """Reads so many octets and no more: what a header claims is not believed before it was read."""

    def __init__(self, stream: IO[bytes], most: int) -> None:
        self._stream, self._left, self._most = stream, most, most

    def read(self, size: int = -1) -> bytes:
        """The next octets. Raises InvalidInput past the limit."""
        part = self._stream.read(min(size if size >= 0 else self._left + 1, self._left + 1))
        self._left -= len(part)
        if self._left < 0:
            raise InvalidInput("file", f"Unpacked, the archive has more than {self._most} octets; send several.")
        return part
