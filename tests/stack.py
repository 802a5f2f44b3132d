"""`zonewright up` as a process on free ports of 127.0.0.1: started, asked, killed; none of it outlives its test."""

import atexit
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import requests

Value = TypeVar("Value")

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = "127.0.0.1"
PROC = Path("/proc")
_MARK = "STACK_UNDER_TEST"
_PORTS = range(10_500, 30_000)  # below Linux's ephemeral ports: no outgoing connection takes one between two starts
_START = 90.0
_STOP = 45.0
_END = 15.0  # for what was killed to be gone


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that are free for TCP and UDP now."""
    free = (port for port in random.sample(_PORTS, len(_PORTS)) if _free(port))
    return [next(free) for _ in range(count)]


def _free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((ADDRESS, port))
            except OSError:
                return False
    return True


def eventually(look: Callable[[], Value], seconds: float = 30.0, what: str = "") -> Value:
    """What `look` answers, as soon as that is true. Raises AssertionError when it does not come about."""
    end = time.monotonic() + seconds
    while not (value := look()):
        assert time.monotonic() < end, what or f"still {value!r} after {seconds:.0f} s"
        time.sleep(0.02)
    return value


class Stack:
    """One data folder with its ports; `start` runs `zonewright up` on it. `token` is what the first start printed."""

    def __init__(
        self, data: Path, ports: list[int] | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        self.data = data
        self.port, *self.dns = ports or free_ports(3)
        self.url = f"http://{ADDRESS}:{self.port}"
        self.token: str | None = None
        self.said = self.complained = ""
        self._mark = f"{_MARK}={uuid.uuid4()}"
        self._environment = _environment() | dict(environment or {}) | dict([self._mark.split("=")])
        self._process: subprocess.Popen[bytes] | None = None
        self._session: requests.Session | None = None

    # ---- starting and stopping ----

    @property
    def arguments(self) -> list[str]:
        """What `up` is called with."""
        dns = ",".join(f"{ADDRESS}:{port}" for port in self.dns)
        return ["--data", str(self.data), "--api", f"{ADDRESS}:{self.port}", "--dns", dns]

    @property
    def pid(self) -> int:
        """The process `up` itself."""
        assert self._process
        return self._process.pid

    def launch(self) -> None:
        """Start `up` without waiting for anything."""
        self.data.parent.mkdir(parents=True, exist_ok=True)
        with self._log("out").open("wb") as out, self._log("err").open("wb") as err:
            self._process = subprocess.Popen(
                [*zonewright(), "up", *self.arguments],
                cwd=self.data.parent,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    def start(self) -> None:
        """Start `up` and wait for `ready`. Raises AssertionError when it ends or takes too long."""
        self.launch()
        eventually(lambda: self.ready() or self.ended(), _START, "`up` does not become ready")
        assert self.ready(), f"`up` ended with {self.ended()}: {self.output()} {self.errors()}"
        token = re.search(r"^export ZONEWRIGHT_TOKEN=(vps_\S+)$", self.output(), re.MULTILINE)
        self.token = token[1] if token else self.token

    def ready(self) -> bool:
        """Has `up` said so?"""
        return "ready" in self.output().splitlines()

    def ended(self) -> str | None:
        """How `up` ended; None while it runs."""
        status = self._process.poll() if self._process else None
        return None if status is None else f"status {status}"

    def wait(self, seconds: float = _STOP) -> int:
        """Wait for the end of `up`, which must leave no process behind; its exit status."""
        assert self._process
        status = self._process.wait(seconds)
        self.said, self.complained = self.output(), self.errors()
        self.assert_gone()
        return status

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End `up` in good order; its exit status."""
        self._hang_up()  # a connection kept open is waited for
        self.signal(number)
        return self.wait()

    def crash(self) -> None:
        """Kill `up` alone, with SIGKILL; what it started must end too."""
        self.signal(signal.SIGKILL)
        assert self._process
        self._process.wait()
        self.assert_gone()

    def signal(self, number: int) -> None:
        """Send `up` a signal; one that has ended must not be mistaken for what has its number now."""
        assert self._process
        self._process.send_signal(number)

    def close(self) -> None:
        """The end, whatever state it is in."""
        self._hang_up()
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP)
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self._process:
            self._process.wait(_END)

    # ---- what runs ----

    def processes(self) -> list[int]:
        """Every living process that `up` or this object started, children's children included."""
        return [pid for pid in _pids() if self._ours(pid) and _state(pid) not in ("Z", "X", "")]

    def assert_gone(self) -> None:
        """No process is left."""
        try:
            eventually(lambda: not self.processes(), _END)
        except AssertionError:
            left = [f"{pid} {_state(pid)} child of {_parent(pid)}: {_command(pid)}" for pid in self.processes()]
            raise AssertionError(f"processes are left behind: {'; '.join(left)}") from None

    def child(self, name: str) -> int | None:
        """The process of ns1, ns2, control or api that `up` runs now."""
        for pid in _pids():
            if _parent(pid) == self.pid and _state(pid) != "Z" and _called(pid) == name:
                return pid
        return None

    def running(self, name: str, seconds: float = 30.0) -> int:
        """The same, as soon as there is one."""
        return eventually(lambda: self.child(name) or 0, seconds, f"{name} does not run")

    def kill(self, *names: str) -> None:
        """Kill children with SIGKILL and wait until others are in their place."""
        before = {name: self.running(name) for name in names}
        for pid in before.values():
            os.kill(pid, signal.SIGKILL)
        for name, pid in before.items():
            eventually(lambda name=name, pid=pid: self.child(name) not in (None, pid), what=f"{name} is not restarted")

    def shoot(self, name: str, seconds: float = 30.0) -> None:
        """Kill a child with SIGKILL, as soon as there is one, and wait for nothing."""
        with suppress(ProcessLookupError):
            os.kill(self.running(name, seconds), signal.SIGKILL)

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """SIGSTOP for one child as long as the block runs."""
        pid = self.running(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def output(self) -> str:
        """What `up` printed so far."""
        return self._log("out").read_text()

    def errors(self) -> str:
        """What `up` printed on stderr so far."""
        return self._log("err").read_text()

    def log(self, name: str) -> str:
        """The log of one child."""
        path = self.data / "log" / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    # ---- using it ----

    def call(
        self, method: str, path: str, json: Any = None, wait: int | None = None, token: str | None = None
    ) -> requests.Response:
        """One request to the API; `path` is what follows /api/v1/."""
        headers = {"Authorization": f"Bearer {token or self.token}"}
        if wait is not None:
            headers["Prefer"] = f"wait={wait}"
        if self._session is None:
            self._session = requests.Session()
            self._session.trust_env = False
        return self._session.request(method, f"{self.url}/api/v1/{path}", json=json, headers=headers, timeout=60)

    def done(self, method: str, path: str, json: Any = None, wait: int | None = None) -> requests.Response:
        """The same, and it must succeed; with `wait`, both nameservers must have answered the change."""
        response = self.call(method, path, json, wait)
        assert response.ok, response.text
        assert wait is None or response.headers["X-Publication"] == "in_sync", self.status_of(response)
        return response

    def zone(self, domain: str, wait: int | None = None) -> dict[str, Any]:
        """Create a zone."""
        body: dict[str, Any] = self.done("POST", "dns-zones/", {"domain": domain}, wait).json()
        return body

    def record(
        self, zone: Mapping[str, Any], name: str, value: str, kind: str = "A", wait: int | None = None, **more: Any
    ) -> dict[str, Any]:
        """Create a record."""
        body = {"record_type": kind, "name": name, "value": value, **more}
        answer: dict[str, Any] = self.done("POST", f"dns-zones/{zone['uuid']}/records/", body, wait).json()
        return answer

    def status(self, zone: Mapping[str, Any]) -> dict[str, Any]:
        """The zone's status/."""
        answer: dict[str, Any] = self.done("GET", f"dns-zones/{zone['uuid']}/status/").json()
        return answer

    def status_of(self, response: requests.Response) -> str:
        """For a failing test: how the change that a write made stands now."""
        change = response.headers.get("X-Change-Id")
        standing = self.call("GET", f"dns-changes/{change}/").text if change else "no change"
        return f"X-Publication was {response.headers.get('X-Publication')}; now {standing}"

    def cli(self, *arguments: str, data: Path | None = None, **environment: str) -> "subprocess.CompletedProcess[str]":
        """One command of the command line on this data folder."""
        return subprocess.run(
            [*zonewright(), *arguments],
            cwd=self.data.parent,
            env=self._environment | {"ZONEWRIGHT_DATA": str(data or self.data)} | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
        )

    def shell(self, script: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """A bash script, as a person would paste it."""
        return subprocess.run(
            ["bash", "-c", script],
            cwd=self.data.parent,
            env=self._environment | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def _hang_up(self) -> None:
        if self._session:
            self._session.close()

    def _log(self, name: str) -> Path:
        return self.data.with_name(f"{self.data.name}.{name}")

    def _ours(self, pid: int) -> bool:
        return self._mark.encode() in _read(pid, "environ").split(b"\0")


@contextmanager
def running(data: Path, environment: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """A started stack; gone, whatever state it is in, when the block is left."""
    stack = Stack(data, environment=environment)
    try:
        stack.start()
        yield stack
    finally:
        stack.close()


def zonewright() -> list[str]:
    """The command's argv: the script beside this Python, as it is installed."""
    script = Path(sys.executable).with_name("zonewright")
    return [str(script)] if script.exists() else [sys.executable, "-m", "api"]


def _environment() -> dict[str, str]:
    """Ours, without settings of zonewright and without proxies. Every start shares compiled bytecode: it is half
    of the time of one, and not every installation has it."""
    ours = ("ZONEWRIGHT_", "COV_", "PYTHONDONTWRITEBYTECODE")
    kept = {key: value for key, value in os.environ.items() if not key.upper().startswith(ours)}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": _bytecode(), "no_proxy": "*", "NO_PROXY": "*"}


@cache
def _bytecode() -> str:
    folder = tempfile.mkdtemp(prefix="zonewright-bytecode-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())


def _read(pid: int, name: str) -> bytes:
    with suppress(OSError):
        return (PROC / str(pid) / name).read_bytes()
    return b""


def _stat(pid: int) -> list[str]:
    """State, parent and so on: what follows the name in /proc/PID/stat, empty for a process that is gone."""
    return _read(pid, "stat").decode(errors="replace").rpartition(")")[2].split()


def _state(pid: int) -> str:
    return next(iter(_stat(pid)), "")


def _parent(pid: int) -> int:
    stat = _stat(pid)
    return int(stat[1]) if len(stat) > 1 else 0


def _command(pid: int) -> str:
    return _read(pid, "cmdline").decode(errors="replace").replace("\0", " ")


def _called(pid: int) -> str | None:
    """Which of the children a process is."""
    words = _read(pid, "cmdline").decode(errors="replace").split("\0")
    if found := re.search(r"/(ns\d)/named\.conf$", "\n".join(words), re.MULTILINE):
        return found[1]
    return words[3] if words[1:3] == ["-m", "api"] else None
