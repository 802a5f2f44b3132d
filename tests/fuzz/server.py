"""`zonewright api` as a process on a free port of 127.0.0.1, on SQLite or PostgreSQL; it doesn't outlive its test."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from api.settings import Settings
from nameserver.embedded import free_ports
from tests.installation import ALICE, Installation, furnish

ADDRESS = "127.0.0.1"
_ROOT = Path(__file__).resolve().parent.parent.parent
_START, _STOP = 60.0, 30.0


class Server:
    """A running API. `secret` is alice's token with all permissions, `database` the same one in this process.

    `beside` is one that runs on the same database already.
    """

    def __init__(self, data: Path, database_url: str = "", workers: int = 2, beside: "Server | None" = None) -> None:
        settings = Settings(data=data, database_url=database_url)
        secrets = beside.database.secrets if beside else furnish(settings)
        self.secret = secrets[ALICE]
        self.database = Installation(settings, secrets)
        [self.port] = free_ports(1)
        self.url = f"http://{ADDRESS}:{self.port}"
        self._log = data / "api.log"
        argv = [sys.executable, "-m", "api", "api", "--listen", f"{ADDRESS}:{self.port}", "--workers", str(workers)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                argv,
                cwd=_ROOT,
                env=_environment(data, database_url),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Until it answers."""
        end = time.monotonic() + _START
        while not self.healthy():
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < end, self.log()
            time.sleep(0.05)

    def healthy(self) -> bool:
        """Does it answer healthz?"""
        try:
            with session() as asking:
                return asking.get(f"{self.url}/healthz", timeout=20).status_code == 200
        except requests.RequestException:
            return False

    def log(self) -> str:
        """What it wrote so far."""
        return self._log.read_text(errors="replace")

    def connect(self, seconds: float = 20.0) -> socket.socket:
        """A connection of its own."""
        return socket.create_connection((ADDRESS, self.port), timeout=seconds)

    def close(self) -> None:
        """The end of it and of its workers."""
        self._process.terminate()
        try:
            self._process.wait(_STOP)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self.database.close()


class Client:
    """A client of one thread: a connection that is kept, and the token."""

    def __init__(self, server: Server, secret: str | None = None) -> None:
        self._url, self._session = server.url, session()
        self._session.headers["Authorization"] = f"Bearer {secret or server.secret}"

    def call(self, method: str, path: str, json: Any = None, **headers: str) -> requests.Response:
        """One request; `path` is what follows /api/v1/."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._session.request(method, f"{self._url}/api/v1/{path}", json=json, headers=sent, timeout=100)

    def close(self) -> None:
        """Let the connection go."""
        self._session.close()


@contextmanager
def serving(data: Path, database_url: str = "", workers: int = 2, beside: Server | None = None) -> Iterator[Server]:
    """A started one, ended when the block is left."""
    server = Server(data, database_url, workers, beside)
    try:
        server.wait()
        yield server
    finally:
        server.close()


def session() -> requests.Session:
    """A session that knows of no proxy."""
    made = requests.Session()
    made.trust_env = False
    return made


def _environment(data: Path, database_url: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ZONEWRIGHT_", "COV_"))}
    ours = {"ZONEWRIGHT_DATA": str(data), "PYTHONPATH": str(_ROOT)}
    return kept | ours | ({"ZONEWRIGHT_DATABASE_URL": database_url} if database_url else {})
