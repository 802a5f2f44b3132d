"""The zones of a named.conf, as named-checkconf prints it: with every include in its place."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nameserver.agent import tools
from nameserver.agent.errors import AgentError
from nameserver.errors import CheckerMissing, InvalidInput

_SECONDS = 60.0
_ZONE = re.compile(r'^(\s*)zone "([^"]+)"(?: (?:IN|in))? \{\n(.*?)^\1\};', re.DOTALL | re.MULTILINE)
_TYPE = re.compile(r"^\s*type (?:master|primary);", re.MULTILINE)
_FILE = re.compile(r'^\s*file "([^"]+)";', re.MULTILINE)
_DIRECTORY = re.compile(r'^\s*directory "([^"]+)";', re.MULTILINE)
# Every Debian and RPM has them, and each resolver its own (RFC 6303).
_LOCAL = frozenset({"localhost", "127.in-addr.arpa", "0.in-addr.arpa", "255.in-addr.arpa", "localhost.localdomain"})


@dataclass(frozen=True, slots=True)
class Zones:
    """The primary zones with their files, the folder that relative names of files are below, and what is left alone."""

    files: tuple[tuple[str, Path], ...]
    folder: Path
    left_alone: tuple[str, ...]


def zones_of(path: Path) -> Zones:
    """The zones of a named.conf. Raises InvalidInput("named-conf") when it cannot be read; CheckerMissing."""
    printed = _printed(path)
    directory = _DIRECTORY.search(printed)
    folder = Path(directory[1]) if directory else path.absolute().parent
    files, left_alone = [], []
    for name, block in _blocks(printed):
        file = _FILE.search(block)
        if name in _LOCAL or not _TYPE.search(block) or file is None:
            left_alone.append(name)
        else:
            files.append((name, folder / file[1]))
    return Zones(tuple(files), folder, tuple(left_alone))


def _blocks(printed: str) -> Iterator[tuple[str, str]]:
    return ((match[2].rstrip(".").lower() or ".", match[3]) for match in _ZONE.finditer(printed))


def _printed(path: Path) -> str:
    try:
        argv = [tools.find("named-checkconf"), "-p", str(path)]
        done = subprocess.run(argv, capture_output=True, timeout=_SECONDS, stdin=subprocess.DEVNULL)
    except (AgentError, OSError) as error:
        raise CheckerMissing from error
    except subprocess.TimeoutExpired as error:
        raise InvalidInput("named-conf", f"named-checkconf did not end within {_SECONDS:.0f} seconds.") from error
    if done.returncode:
        words = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        raise InvalidInput("named-conf", f"{path} cannot be read: {words[0] if words else 'no reason was given'}")
    return done.stdout.decode(errors="replace")
