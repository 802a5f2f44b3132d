"""A named of ours on this machine, run by an ordinary user: for `zonewright up` and the tests."""

import base64
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from nameserver.agent import tools
from nameserver.agent.errors import AgentError
from nameserver.agent.files import replace
from nameserver.errors import NameserverError
from nameserver.render import Renderer
from nameserver.target import Target

_LOOPBACK = "127.0.0.1"
_APPARMOR = Path("/sys/module/apparmor/parameters/enabled")
_THREADS = 2
_REPAIR_TIMEOUT = 120.0
_REPAIR_TRIES = 3
_NO_LOCK_FILE = 20
_AGENT_CONFIG = "agent.json"
_KEY = re.compile(r'key "zonewright" \{ algorithm hmac-sha256; secret "[A-Za-z0-9+/]{43}="; \};\n')


@dataclass(frozen=True, slots=True)
class Embedded:
    """How to reach it and how to start it: `named_argv` stays in the foreground."""

    target: Target
    named_argv: list[str]


def prepare(directory: Path, name: str, address: str, port: int, renderer: Renderer) -> Embedded:
    """Make the folder ready for a start of named: keys, configuration, its zone database repaired if need be.

    `directory` becomes named's and is made with mode 0700. The ports of rndc and of the statistics channel
    are free ones, picked anew each time. Raises NameserverError when BIND is missing or the repair fails, OSError.
    """
    directory = directory.absolute()
    rndc_port, statistics_port = free_ports(2)
    agent, key = agent_argv(directory / _AGENT_CONFIG), str(directory / "rndc.key")
    target = Target(name, agent, (address,), port, str(directory), rndc_port, statistics_port, key_file=key)
    prepare_again(target, renderer)
    return Embedded(target, _named_argv(directory))


def prepare_again(target: Target, renderer: Renderer) -> None:
    """The same before another start of this named, with the ports that it had: whatever was edited or lost.

    What is as it should be is not written, so that a full disk does not keep named from starting.
    Raises NameserverError when the repair fails, OSError.
    """
    directory = Path(target.directory)
    for folder in (directory, directory / "zones", directory / "state"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _key(directory / "rndc.key")
    _put(directory / "named.conf", renderer.named_conf(target))
    _put(directory / _AGENT_CONFIG, _agent_config(target).encode())
    start_log(directory).write_bytes(b"")
    repair(target)


def start_log(directory: Path) -> Path:
    """What named says of this start until it has read where its configuration wants its log."""
    return directory / "start.log"


def _put(path: Path, content: bytes) -> None:
    if not path.is_file() or path.read_bytes() != content:
        replace(path, content)


def agent_argv(config: Path) -> tuple[str, ...]:
    """The argv of an agent on this machine: from any folder, installed or run from a checkout.

    `-P` keeps the folder it is started in out of Python's path, where another `nameserver` may lie.
    """
    root = Path(__file__).parent.parent
    python = (sys.executable, "-P", "-m", "nameserver.agent")
    return ("env", f"PYTHONPATH={root}", *python, "--config", str(config))


def free_ports(count: int) -> list[int]:
    """TCP ports of 127.0.0.1 that are free now. Raises OSError."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server((_LOOPBACK, 0))) for _ in range(count)]
        return [int(one.getsockname()[1]) for one in sockets]


def _key(path: Path) -> None:
    """A key made at the first start and kept: the agent of a named that still runs goes on working."""
    if path.exists() and not _KEY.fullmatch(path.read_text(errors="replace")):
        path.unlink()
    with suppress(FileExistsError), os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        secret = base64.b64encode(secrets.token_bytes(32)).decode()
        file.write(f'key "zonewright" {{ algorithm hmac-sha256; secret "{secret}"; }};\n')


def _agent_config(target: Target) -> str:
    directory = Path(target.directory)
    config = {
        "directory": target.directory,
        "zones": "zones",
        "named_conf": str(directory / "named.conf"),
        "state": str(directory / "state"),
        "rndc": {"port": target.rndc_port, "key_file": target.key_file},
        "dns": {"address": target.addresses[0], "port": target.port},
        "statistics_port": target.statistics_port,
        "named_checkconf": None,
    }
    return json.dumps(config, indent=2) + "\n"


def repair(target: Target) -> None:
    """Before each start of named: test its zone database, and mend it. Raises NameserverError."""
    said = ""
    for _ in range(_REPAIR_TRIES):
        status, said = _repair(target)
        if status == 0:
            return
        if status > 0:
            break  # it said why; one that was killed (below 0) says nothing, and can be done again
    raise NameserverError(f"The zone database of {target.name} could not be tested: {said or 'it was killed.'}")


def _repair(target: Target) -> tuple[int, str]:
    argv = [*target.agent, "repair"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_REPAIR_TIMEOUT, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return 1, f"it took longer than {_REPAIR_TIMEOUT:.0f} s."
    return done.returncode, done.stderr.strip()


def _named_argv(directory: Path) -> list[str]:
    try:
        program = Path(tools.find("named"))
    except AgentError as error:
        raise NameserverError("named is not installed: run deploy/setup.sh.") from error
    named = str(_unconfined(program, directory))
    log = ["-L", str(start_log(directory))]  # instead of syslog
    return [named, "-f", *_without_lock(program), "-n", str(_THREADS), *log, "-c", str(directory / "named.conf")]


def _without_lock(program: Path) -> list[str]:
    """BIND up to 9.18 wants a lock file in /run, which is one for all and not a user's; 9.20 has none any more."""
    done = subprocess.run([program, "-v"], capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL)
    version = re.match(r"BIND 9\.(\d+)", done.stdout)
    return ["-X", "none"] if version and int(version[1]) < _NO_LOCK_FILE else []


def _unconfined(program: Path, directory: Path) -> Path:
    """AppArmor's profile is attached to /usr/sbin/named and keeps it from a user's files; a copy is free of it."""
    with suppress(FileNotFoundError):
        if _APPARMOR.read_text().strip() == "Y":
            copy = directory / "named"
            shutil.copy2(program, copy.with_suffix(".new"))
            return copy.with_suffix(".new").rename(copy)
    return program
