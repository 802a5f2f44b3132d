"""BIND's programs on this machine; /usr/sbin is not in every user's PATH."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from nameserver.agent.errors import AgentError

_PLACES = (os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin", "/usr/local/sbin")


def find(name: str) -> str:
    """The program's path. Raises AgentError when it is not installed."""
    if found := shutil.which(name, path=os.pathsep.join(_PLACES)):
        return found
    raise AgentError(f"{name} is not installed on the nameserver.")


def run(argv: Sequence[str], folder: Path, timeout: float) -> subprocess.CompletedProcess[str]:
    """Run a program to its end in a folder, its output as text. Raises AgentError when it takes too long."""
    try:
        return subprocess.run(
            argv,
            cwd=folder,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
    except subprocess.TimeoutExpired as error:
        raise AgentError(f"{Path(argv[0]).name} did not end within {timeout:g} seconds.") from error
    except OSError as error:
        raise AgentError(f"{argv[0]} cannot be run: {error.strerror}.") from error
