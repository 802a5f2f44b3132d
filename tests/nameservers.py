"""Real nameds on this machine for tests: started, stopped, killed, frozen; none outlives its test."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nameserver.agent.ask import ask
from nameserver.embedded import Embedded, free_ports, prepare
from nameserver.plan import Action, Item
from nameserver.render import Renderer
from nameserver.transport.pipe import PipeTransport, Timeouts

TEMPLATES = Path(__file__).parent.parent / "bind-templates"
ADDRESS = "127.0.0.1"
_START = 30.0


def installed() -> bool:
    """Is BIND on this machine?"""
    return shutil.which("named", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is not None


class RunningNamed:
    """One named of ours below `directory`; `changes` are replacements made in its named.conf."""

    def __init__(self, directory: Path, name: str = "ns1", changes: dict[str, str] | None = None) -> None:
        self.directory, self._name, self._changes = directory, name, changes or {}
        self.port = free_ports(1)[0]
        self._process: subprocess.Popen[bytes] | None = None
        self.embedded = self._prepare()

    def start(self) -> None:
        """Start it and wait until it answers. Raises RuntimeError when it does not."""
        self.embedded = self._prepare()
        said = len(self.log())
        self._process = subprocess.Popen(
            self.embedded.named_argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._wait(said)

    def _wait(self, said: int) -> None:
        """It answers before its zones are loaded; the log tells when they are."""
        end = time.monotonic() + _START
        while "all zones loaded" not in self.log()[said:]:
            if (self._process and self._process.poll() is not None) or time.monotonic() > end:
                raise RuntimeError("named does not run: " + "\n".join(self.log().splitlines()[-5:]))
            time.sleep(0.01)

    def log(self) -> str:
        """Its log so far."""
        path = self.directory / "named.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End it, at once by default, and wait for its end."""
        if self._process:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(number)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it in good order."""
        self.kill(signal.SIGTERM)

    def restart(self, number: int = signal.SIGTERM) -> None:
        """End it and start it again, on other control ports."""
        self.kill(number)
        self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """SIGSTOP for as long as the block runs."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)
        tasks = Path(f"/proc/{self._process.pid}/task")
        while any(") T" not in (task / "stat").read_text() for task in tasks.iterdir()):
            time.sleep(0.001)  # the signal takes a moment, and a last answer may slip out
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    @contextmanager
    def transport(self, timeouts: Timeouts | None = None) -> Iterator[PipeTransport]:
        """A way to its agent, closed at the end."""
        transport = PipeTransport(self.embedded.target.agent, timeouts)
        try:
            yield transport
        finally:
            transport.close()

    def serial(self, domain: str) -> int | None:
        """What it answers for a zone."""
        return ask(ADDRESS, self.port, [domain]).serials[domain]

    def zone_file(self, domain: str) -> bytes:
        """The zone's file."""
        return (self.directory / "zones" / f"{domain}.zone").read_bytes()

    def _prepare(self) -> Embedded:
        embedded = prepare(self.directory, self._name, ADDRESS, self.port, Renderer(TEMPLATES))
        path = self.directory / "named.conf"
        text = path.read_text()
        for old, new in self._changes.items():
            assert old in text
            text = text.replace(old, new)
        path.write_text(text)
        return embedded


@contextmanager
def running(directory: Path, changes: dict[str, str] | None = None) -> Iterator[RunningNamed]:
    """A started named; ended, frozen or not, when the block is left."""
    named = RunningNamed(directory, changes=changes)
    try:
        named.start()
        yield named
    finally:
        named.kill()


def zone_file(domain: str, serial: int, records: int = 0, extra: str = "") -> bytes:
    """A zone file as the control plane writes it, with `records` addresses of different names."""
    lines = [
        f"; {domain} serial {serial}",
        f"$ORIGIN {domain}.",
        f"@ 3600 IN SOA ns1.dns.test. hostmaster.dns.test. {serial} 7200 900 1209600 300",
        "@ 3600 IN NS ns1.dns.test.",
        *(
            f"h{number} 3600 IN A 10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
            for number in range(records)
        ),
    ]
    return ("\n".join(lines) + "\n" + extra).encode()


def refused_file(domain: str, serial: int) -> bytes:
    """A zone file that the checkers pass and named refuses: 201 and more records in one RRset."""
    return zone_file(domain, serial, extra="".join(f"x 60 IN A 10.9.8.{number}\n" for number in range(230)))


def publication(domain: str, serial: int, content: bytes | None = None) -> Item:
    """The item that publishes a zone."""
    return Item(domain, Action.PUBLISH, serial, zone_file(domain, serial) if content is None else content)


def removal(domain: str, serial: int) -> Item:
    """The item that removes a zone."""
    return Item(domain, Action.REMOVE, serial)
