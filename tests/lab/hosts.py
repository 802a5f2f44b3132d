"""The lab of deploy/lab/lab.sh for tests: three hosts, what breaks them and what mends them."""

import ctypes
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rdatatype

from nameserver.transport.pipe import PipeTransport, Timeouts

Value = TypeVar("Value")

SCRIPT = Path(__file__).resolve().parents[2] / "deploy/lab/lab.sh"
NAMESERVERS = ("ns1", "ns2")
AGENT = ("zonewright-agent",)
UNAVAILABLE = 69  # the script's status when this machine lacks what the lab takes
_CLONE_NEWNET = 0x40000000
_LONGEST = 500.0


class LabMissing(Exception):
    """The lab cannot be had on this machine; the text says why."""


@dataclass(frozen=True, slots=True)
class Host:
    """One host; `address` is its IPv4 address, `addresses` both."""

    lab: "Lab"
    name: str
    address: str
    address6: str

    @property
    def addresses(self) -> tuple[str, str]:
        """IPv4 and IPv6."""
        return self.address, self.address6

    def exec(self, *argv: str, check: bool = True, stdin: str | None = None) -> str:
        """Run a command there as root; what it printed. Raises AssertionError when it fails."""
        return self.lab.run("exec", self.name, *argv, check=check, stdin=stdin)

    def fault(self, kind: str, *arguments: str) -> None:
        """Break something; see the script's help."""
        self.lab.fault(self.name, kind, *arguments)

    def heal(self) -> None:
        """Undo every fault."""
        self.lab.heal(self.name)

    def service(self, unit: str, verb: str) -> None:
        """Start, stop or restart `named` or `ssh`."""
        self.lab.run("service", self.name, unit, verb)

    def ssh_argv(self, *options: str, command: Sequence[str] = AGENT, connect_timeout: int = 2) -> list[str]:
        """The argv of the control plane's ssh to this host; further options and another command may be given."""
        return self.lab.ssh_argv(self.name, *options, command=command, connect_timeout=connect_timeout)

    @contextmanager
    def transport(self, timeouts: Timeouts | None = None) -> Iterator[PipeTransport]:
        """The way to its agent over SSH, closed at the end."""
        transport = PipeTransport(self.ssh_argv(), timeouts)
        try:
            yield transport
        finally:
            transport.close()

    def serial(self, domain: str, tcp: bool = False, ipv6: bool = False, timeout: float = 2.0) -> int | None:
        """What it answers the control host for a zone; None when that is not the zone, or nothing."""
        return self.lab.inside(lambda: _serial(self.addresses[ipv6], domain, tcp, timeout))

    def named(self) -> str:
        """The process id of named; empty when it does not run."""
        return self.exec("pidof", "named", check=False).strip()


class Lab:
    """A lab of the test run's own, beside any other. `up` raises LabMissing when this machine cannot have one."""

    def __init__(self, name: str = "test", engine: str | None = None) -> None:
        self.name = f"zonewright-{name}-{os.getpid()}"
        self._environment = {**os.environ, "ZONEWRIGHT_LAB": self.name}
        if engine:
            self._environment["ZONEWRIGHT_LAB_ENGINE"] = engine
        self._broken: set[str] = set()
        self._inside: ThreadPoolExecutor | None = None
        self._facts: dict[str, str] = {}

    # ---- coming and going ----

    def up(self) -> None:
        """Bring it up."""
        if os.geteuid():
            raise LabMissing("the lab needs root")
        if subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "true"], capture_output=True).returncode:
            raise LabMissing("this machine lets nobody make namespaces")
        done = self._script("up")
        if done.returncode == UNAVAILABLE:
            raise LabMissing(done.stderr.strip().splitlines()[-1])
        assert done.returncode == 0, done.stdout + done.stderr
        self._facts = dict(line.split("=", 1) for line in self.run("env").splitlines())
        self._inside = ThreadPoolExecutor(1, "lab", self._enter)

    def down(self) -> None:
        """Take it down, whatever state it is in."""
        if self._inside:
            self._inside.shutdown()
        self._script("down")

    # ---- what tests use ----

    @property
    def engine(self) -> str:
        """`nspawn` (systemd in each host) or `chroot`."""
        return self._facts["ENGINE"]

    @property
    def key(self) -> Path:
        """The control plane's private key; its public one has `.pub` behind."""
        return Path(self._facts["KEY"])

    @property
    def known_hosts(self) -> Path:
        """The nameservers' host keys under their names and addresses, as ssh reads them."""
        return Path(self._facts["KNOWN_HOSTS"])

    @property
    def agent(self) -> Path:
        """The agent as it was provisioned."""
        return Path(self._facts["AGENT"])

    @property
    def namespace(self) -> str:
        """The control host's network namespace, for `ip netns exec`."""
        return self._facts["NAMESPACE"]

    @property
    def nameservers(self) -> list[Host]:
        """ns1 and ns2."""
        return [self.host(name) for name in NAMESERVERS]

    def host(self, name: str) -> Host:
        """A host: control, ns1 or ns2."""
        return Host(self, name, self._facts[f"{name.upper()}_IPV4"], self._facts[f"{name.upper()}_IPV6"])

    def control_argv(self, *argv: str) -> list[str]:
        """The argv that runs a program of this machine on the control host."""
        return ["ip", "netns", "exec", self.namespace, *argv]

    def ssh_argv(self, name: str, *options: str, command: Sequence[str] = AGENT, connect_timeout: int = 2) -> list[str]:
        """The argv of ssh from the control host, with the pinned host key; options go before the host."""
        settings = {
            "BatchMode": "yes",
            "ControlPath": "none",
            "ConnectTimeout": str(connect_timeout),
            "GlobalKnownHostsFile": "none",
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": str(self.known_hosts),
        }
        pairs = [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]
        there = f"zonewright@{self.host(name).address}"
        return self.control_argv("ssh", "-F", "none", "-T", "-i", str(self.key), *pairs, *options, there, *command)

    def fault(self, name: str, kind: str, *arguments: str) -> None:
        """Break something on a host; see the script's help."""
        self._broken.add(name)
        self.run("fault", name, kind, *arguments)

    def heal(self, name: str) -> None:
        """Undo every fault of a host."""
        self._broken.discard(name)
        self.run("heal", name)

    def heal_all(self) -> None:
        """Undo every fault there is."""
        for name in sorted(self._broken):
            self.heal(name)

    def inside(self, action: Callable[[], Value]) -> Value:
        """Run a function in a thread whose network is the control host's."""
        assert self._inside
        return self._inside.submit(action).result(_LONGEST)

    def run(self, *arguments: str, check: bool = True, stdin: str | None = None) -> str:
        """Run the script; what it printed. Raises AssertionError when it fails."""
        done = self._script(*arguments, stdin=stdin)
        assert not check or done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def _script(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        source = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
        return subprocess.run(
            [str(SCRIPT), *arguments], env=self._environment, capture_output=True, text=True, timeout=_LONGEST, **source
        )

    def _enter(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        with Path(f"/run/netns/{self.namespace}").open() as file:
            if libc.setns(file.fileno(), _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")


def _serial(address: str, domain: str, tcp: bool, timeout: float) -> int | None:
    query = dns.message.make_query(domain, "SOA")
    try:
        answer = (dns.query.tcp if tcp else dns.query.udp)(query, address, timeout)
    except (dns.exception.DNSException, OSError):
        return None
    if not answer.flags & dns.flags.AA or not answer.answer:
        return None
    return answer.answer[0][0].serial if answer.answer[0].rdtype == dns.rdatatype.SOA else None


def finished(argv: Sequence[str], stdin: str = "", seconds: float = 20.0) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; what it printed and how it ended."""
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, errors="replace", timeout=seconds)


def eventually(look: Callable[[], Value], seconds: float = 20.0) -> Value:
    """What `look` answers, as soon as that is true. Raises AssertionError when it does not come about."""
    end = time.monotonic() + seconds
    while not (value := look()):
        assert time.monotonic() < end, f"still {value!r} after {seconds:.0f} s"
        time.sleep(0.05)
    return value
