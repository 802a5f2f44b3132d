"""A PostgreSQL server of the tests' own: made in a temporary folder, on a Unix socket only, gone afterwards."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OPTIONS = "-c listen_addresses= -c fsync=off -c synchronous_commit=off -c max_connections=200"


def programs() -> Path | None:
    """The folder with initdb and pg_ctl; None when PostgreSQL is not installed."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: int(each.parent.name))
    found = shutil.which("initdb")
    return next(
        (each for each in reversed(debian) if (each / "initdb").exists()), Path(found).parent if found else None
    )


class Postgres:
    """One server; `url` is that of a new, empty database at each call."""

    def __init__(self, folder: Path, user: str) -> None:
        self._folder, self._user, self._count = folder, user, 0

    def url(self) -> str:
        """A new database's SQLAlchemy URL."""
        self._count += 1
        name = f"zonewright{self._count}"
        _run(self._user, "createdb", "-h", str(self._folder), "-U", "zonewright", name)
        return f"postgresql://zonewright@/{name}?host={self._folder}"


@contextmanager
def server() -> Iterator[Postgres]:
    """Start a server. It refuses to run as root: then it runs as the user its package made, or as nobody."""
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="zonewright-pg-"))
    shutil.chown(folder, user)
    try:
        data = str(folder / "data")
        _run(user, "initdb", "-D", data, "-U", "zonewright", "-A", "trust", "-N", "--locale=C", "-E", "UTF8")
        log, options = str(folder / "log"), f"{_OPTIONS} -c unix_socket_directories={folder}"
        _run(user, "pg_ctl", "-D", data, "-l", log, "-w", "-o", options, "start")
        try:
            yield Postgres(folder, user)
        finally:
            _run(user, "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> str:
    if os.getuid():
        return pwd.getpwuid(os.getuid()).pw_name
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _run(user: str, program: str, *arguments: str) -> None:
    folder = programs()
    assert folder is not None, "PostgreSQL is not installed: run deploy/setup.sh"
    become = ["runuser", "-u", user, "--"] if not os.getuid() else []
    done = subprocess.run(
        [*become, str(folder / program), *arguments], capture_output=True, text=True, cwd="/", timeout=60
    )
    assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"
