"""The way to a nameserver over SSH: OpenSSH's own client, with the host key pinned.

The client is the operator's: `ssh_config` and its bastions hold. What matters for safety is said on the
command line, which goes before any file (ssh_config(5)).
"""

import base64
import hashlib
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nameserver.errors import HostKeyRefused, InvalidInput, LoginRefused, Unreachable

_PORT = 22
_SCAN_SECONDS = 10
_URL = re.compile(
    r"ssh://(?:([A-Za-z0-9_][A-Za-z0-9_.-]*)@)?(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9][A-Za-z0-9.-]*)(?::(\d{1,5}))?/?"
)
_KEY = re.compile(r"(ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521)|ssh-rsa) ([A-Za-z0-9+/=]+)")
_OPTIONS = (
    "BatchMode=yes",
    "ControlPath=none",
    "ConnectTimeout=5",
    "ServerAliveInterval=2",
    "ServerAliveCountMax=3",
    "StrictHostKeyChecking=yes",
    "GlobalKnownHostsFile=/dev/null",
    "IdentitiesOnly=yes",
    "ForwardAgent=no",
    "ForwardX11=no",
    "ClearAllForwardings=yes",
    "PermitLocalCommand=no",
    "EscapeChar=none",
)


@dataclass(frozen=True, slots=True)
class Login:
    """Where to log in: account, host (a name or an address) and port."""

    user: str
    host: str
    port: int = _PORT

    @classmethod
    def from_url(cls, url: str) -> "Login":
        """The login of `ssh://USER@HOST:PORT`. Raises InvalidInput."""
        match = _URL.fullmatch(url)
        if match is None or not 0 < int(match[3] or _PORT) < 65536:
            raise InvalidInput("url", f"“{url}” is not of the form ssh://zonewright@192.0.2.53 or …:2222.")
        return cls(match[1] or "zonewright", match[2].strip("[]"), int(match[3] or _PORT))


def argv(login: Login, name: str, identity: Path, known_hosts: Path) -> tuple[str, ...]:
    """The argv that reaches the agent: no shell, no terminal, and only the pinned host key of `name`."""
    options = (*_OPTIONS, f"UserKnownHostsFile={known_hosts}", f"HostKeyAlias={alias(name)}")
    flags = [part for option in options for part in ("-o", option)]
    destination = ("-p", str(login.port), "-l", login.user, "--", login.host)
    # The account's key runs the agent whatever is asked for; the word tells a person who reads a process list.
    return ("ssh", "-T", "-i", str(identity), *flags, *destination, "zonewright-agent")


def alias(name: str) -> str:
    """The name under which a nameserver's host key is pinned: its address may change, its key may not."""
    return f"zonewright-{name}"


def fingerprint(key: str) -> str:
    """The fingerprint of a public key line, as ssh-keygen shows it. Raises InvalidInput."""
    match = _KEY.match(key.strip())
    try:
        blob = base64.b64decode(match[2], validate=True) if match else b""
    except ValueError:
        blob = b""
    if not blob:
        raise InvalidInput("host-key", "A host key is a line such as: ssh-ed25519 AAAA…")
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def host_key(login: Login) -> str:
    """The host key that answers there now, as `TYPE BASE64`. It proves nothing until a person compares it.

    Raises Unreachable.
    """
    command = ["ssh-keyscan", "-T", "5", "-p", str(login.port), "-t", "ed25519,ecdsa,rsa", "--", login.host]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SCAN_SECONDS, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unreachable(f"{login.host} port {login.port} does not answer SSH.") from error
    keys = {match[1]: match[0] for match in _KEY.finditer(done.stdout)}
    best = next((keys[kind] for kind in ("ssh-ed25519", *sorted(keys)) if kind in keys), None)
    if best is None:
        raise Unreachable(f"{login.host} port {login.port} does not answer SSH, or has no host key we accept.")
    return best


def pin(known_hosts: Path, name: str, key: str | None) -> None:
    """Pin the nameserver's host key in place of an earlier one; None forgets it. Raises InvalidInput."""
    lines = known_hosts.read_text().splitlines() if known_hosts.exists() else []
    kept = [line for line in lines if line.split(" ", 1)[0] != alias(name)]
    if key is not None:
        fingerprint(key)
        kept.append(f"{alias(name)} {' '.join(key.split()[:2])}")
    replacement = known_hosts.with_name(known_hosts.name + ".new")
    replacement.write_text("".join(f"{line}\n" for line in kept))
    replacement.replace(known_hosts)


def pinned(known_hosts: Path, name: str) -> bool:
    """Is a host key of the nameserver pinned in this file?"""
    lines = known_hosts.read_text().splitlines() if known_hosts.is_file() else []
    return any(line.split(" ", 1)[0] == alias(name) for line in lines)


def files_of(argv: Sequence[str]) -> tuple[Path, Path]:
    """The private key and the pinned host keys that an argv of `argv` uses."""
    option = "UserKnownHostsFile="
    known_hosts = next(part.removeprefix(option) for part in argv if part.startswith(option))
    return Path(argv[argv.index("-i") + 1]), Path(known_hosts)


def make_key(identity: Path) -> None:
    """Make the control host's own key, once. Raises Unreachable when ssh-keygen is missing."""
    if identity.exists():
        return
    identity.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "zonewright", "-f", str(identity)]
    try:
        subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unreachable("ssh-keygen cannot be run: run deploy/setup.sh.") from error


def explain(sentence: str) -> Unreachable:
    """What ssh's last words mean (ssh(1) with LC_ALL=C)."""
    for words, kind in _MEANINGS:
        if words in sentence:
            return kind(sentence)
    return Unreachable(sentence)


def _host_key_refused(sentence: str) -> Unreachable:
    return HostKeyRefused(f"The host key is not the pinned one, so nothing was sent. ({sentence})")


def _login_refused(sentence: str) -> Unreachable:
    return LoginRefused(
        f"The login was refused: is the key of `zonewright nameserver key` installed there? ({sentence})"
    )


def _plain(words: str) -> Callable[[str], Unreachable]:
    return lambda _: Unreachable(words)


_MEANINGS: tuple[tuple[str, Callable[[str], Unreachable]], ...] = (
    ("Host key verification failed", _host_key_refused),
    ("REMOTE HOST IDENTIFICATION HAS CHANGED", _host_key_refused),
    ("Permission denied", _login_refused),
    ("Too many authentication failures", _login_refused),
    ("Connection refused", _plain("The machine refuses SSH connections: does sshd run there?")),
    ("Connection timed out", _plain("The machine does not answer SSH in time.")),
    ("No route to host", _plain("There is no route to the machine.")),
    ("Network is unreachable", _plain("The network of the machine cannot be reached.")),
    ("Could not resolve hostname", _plain("The machine's name cannot be resolved.")),
)
