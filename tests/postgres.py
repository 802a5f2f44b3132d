"""A PostgreSQL server of the tests' own: made in a temporary folder, on a Unix socket only, gone afterwards."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

_OPTIONS = (
    "-c listen_addresses= -c fsync=off -c full_page_writes=off -c synchronous_commit=off "
    "-c wal_level=minimal -c max_wal_senders=0 -c shared_buffers=64MB -c max_connections=200"
)


def programs() -> Path | None:
    """The folder with initdb and pg_ctl; None when PostgreSQL is not installed."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: int(each.parent.name))
    found = shutil.which("initdb")
    return next(
        (each for each in reversed(debian) if (each / "initdb").exists()), Path(found).parent if found else None
    )


class Postgres:
    """One server; its databases are known by name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def url(self, name: str) -> str:
        """The database's SQLAlchemy URL."""
        return f"postgresql://zonewright@/{name}?host={self._folder}"

    def create(self, name: str, template: str = "template1") -> str:
        """Make the database anew, as a copy of another; answers its URL. Whoever was connected is thrown out."""
        with self._connection("postgres") as connection:
            database, source = sql.Identifier(name), sql.Identifier(template)
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(database))
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(database, source))
        return self.url(name)

    def keep(self, name: str) -> None:
        """Remember what the database holds now, for `reset`."""
        with self._connection(name) as connection:
            connection.execute("CREATE SCHEMA kept")
            for table in _tables(connection):
                columns = sql.SQL("CREATE TABLE kept.{0} AS TABLE public.{0}").format(sql.Identifier(table))
                connection.execute(columns)

    def reset(self, name: str) -> str:
        """Bring the database back to what was kept; answers its URL. Quicker than a new copy."""
        with self._connection(name) as connection:
            tables = [sql.Identifier(table) for table in _tables(connection)]
            # Rows come in no order of the foreign keys: they were whole when they were kept.
            connection.execute("SET session_replication_role = replica")
            connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(tables)))
            for table in tables:
                connection.execute(sql.SQL("INSERT INTO public.{0} SELECT * FROM kept.{0}").format(table))
        return self.url(name)

    def has(self, name: str) -> bool:
        """Is there such a database?"""
        with self._connection("postgres") as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            return found.fetchone() is not None

    def _connection(self, name: str) -> psycopg.Connection:
        return psycopg.connect(f"host={self._folder} user=zonewright dbname={name}", autocommit=True)


def _tables(connection: psycopg.Connection) -> list[str]:
    rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return sorted(row[0] for row in rows)


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
            yield Postgres(folder)
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
