"""BIND's programs on this machine."""

import re
import subprocess

from api.doctor.finding import Findings, fail, ok
from nameserver.agent import tools
from nameserver.agent.errors import AgentError

_CHECKERS = ("named-checkzone", "named-checkconf")
_VERSION = re.compile(r"\b9\.(\d+)\.\d+\S*")
_SECONDS = 5.0


def check() -> Findings:
    """Can zones be checked here?"""
    for program in _CHECKERS:
        version = version_here(program)
        if version is None:
            yield fail("checkers", f"{program} is not installed, or does not run.", "Run deploy/setup.sh.")
            return
    yield ok("checkers", f"named-checkzone and named-checkconf of BIND {version} check the zones.")


def version_here(program: str = "named-checkzone") -> str | None:
    """The program's version, such as 9.18.49; None when it is missing or hangs."""
    try:
        argv = [tools.find(program), "-v"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_SECONDS, stdin=subprocess.DEVNULL)
    except (AgentError, OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(done.stdout)
    return match[0] if match else None


def minor(version: str | None) -> str | None:
    """Which line of BIND a version is of, such as 9.18; None when there is none in it."""
    match = _VERSION.search(version or "")
    return f"9.{match[1]}" if match else None
