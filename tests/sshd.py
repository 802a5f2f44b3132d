"""A real sshd of the tests' own on a loopback port; the key it knows may run one command only."""

import os
import pwd
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from nameserver.embedded import free_ports
from nameserver.transport.ssh import Login, make_key

_PRIVILEGE_SEPARATION = Path("/run/sshd")
_SECONDS = 10.0


def installed() -> bool:
    """Is OpenSSH's server on this machine?"""
    return _program() is not None


class Sshd:
    """One sshd below `folder`, with a host key and one authorized key (`identity`) that runs `command`."""

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700)
        self.port = free_ports(1)[0]
        self.identity = folder / "identity"
        for path in (self.identity, folder / "host"):
            make_key(path)
        (folder / "authorized_keys").touch()
        self.let_in((folder / "identity.pub").read_text(), command)
        (folder / "sshd_config").write_text(self._configuration())
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def login(self) -> Login:
        """Where to log in."""
        return Login(pwd.getpwuid(os.getuid()).pw_name, "127.0.0.1", self.port)

    @property
    def host_key(self) -> str:
        """Its public host key."""
        return " ".join((self._folder / "host.pub").read_text().split()[:2])

    def let_in(self, key: str, command: Sequence[str]) -> None:
        """Another key that runs the command."""
        line = shlex.join(command).replace("\\", "\\\\").replace('"', '\\"')
        with (self._folder / "authorized_keys").open("a") as keys:
            keys.write(f'restrict,command="{line}" {key.strip()}\n')

    def let_only_in(self, key: str, command: Sequence[str]) -> None:
        """One key that runs the command, and no other."""
        (self._folder / "authorized_keys").write_text("")
        self.let_in(key, command)

    def new_host_key(self) -> None:
        """Another host key, as after a rebuilt machine or with a man in the middle."""
        for name in ("host", "host.pub"):
            (self._folder / name).unlink()
        make_key(self._folder / "host")

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            command = [_program() or "sshd", "-D", "-e", "-f", str(self._folder / "sshd_config")]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log, start_new_session=True)
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            time.sleep(0.02)
        raise RuntimeError("sshd does not run: " + (self._folder / "log").read_text())

    def stop(self) -> None:
        """Kill it with every connection it has."""
        if self._process is not None:
            for pid in [*_children(self._process.pid), self._process.pid]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _configuration(self) -> str:
        return f"""\
ListenAddress 127.0.0.1:{self.port}
HostKey {self._folder}/host
PidFile none
AuthorizedKeysFile {self._folder}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
UseDNS no
"""


@contextmanager
def sshd(folder: Path, command: Sequence[str]) -> Iterator[Sshd]:
    """A running sshd, gone afterwards."""
    made = os.getuid() == 0 and not _PRIVILEGE_SEPARATION.exists()
    if made:
        _PRIVILEGE_SEPARATION.mkdir(mode=0o755)
    server = Sshd(folder, command)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        if made:
            with suppress(OSError):
                _PRIVILEGE_SEPARATION.rmdir()


def _program() -> str | None:
    return shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def _children(pid: int) -> list[int]:
    """Everything below a process: its connections are in sessions of their own."""
    below: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            fields = stat.read_text().rpartition(")")[2].split()
            below.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = below.get(pid, [])
    return [*found, *(grandchild for child in found for grandchild in _children(child))]
