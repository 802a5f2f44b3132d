"""The data folder, and who can read what is secret in it."""

import os
import pwd
from pathlib import Path

from api.doctor.finding import Findings, fail, ok, warn

_NAME = "data folder"
_SECRET = ("ssh/id_ed25519", "ssh/id_ed25519.next", "*/rndc.key")
_OTHERS, _ANYBODY_ELSE = 0o007, 0o077


def check(data: Path) -> Findings:
    """Is it there, is it ours, and is it closed to others?"""
    if not data.is_dir():
        yield fail(_NAME, f"There is no folder {data}.", "Name it with --data; `zonewright up` makes one.")
        return
    state = data.stat()
    if os.geteuid() not in (0, state.st_uid):
        mend = f"Run this as {_account(state.st_uid)}, the account that runs the API and the control plane."
        yield fail(_NAME, f"{data.absolute()} belongs to {_account(state.st_uid)}, not to you.", mend)
    elif not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        yield fail(_NAME, f"{data.absolute()} cannot be written.", f"chmod u+rwx {data}; is its disk read-only?")
    elif state.st_mode & _OTHERS:
        mend = f"chmod o= {data}"
        yield warn(_NAME, f"{data.absolute()} is open to every account of this machine.", mend)
    else:
        yield ok(_NAME, f"{data.absolute()} belongs to {_account(state.st_uid)} and is closed to others.")
    yield from _secrets(data)


def _secrets(data: Path) -> Findings:
    found = [path for pattern in _SECRET for path in sorted(data.glob(pattern))]
    found += [path for path in [data / "settings.toml"] if _has_password(path)]
    for path in found:
        if path.stat().st_mode & _ANYBODY_ELSE:
            sentence = f"{path.relative_to(data)} can be read by others: mode {path.stat().st_mode & 0o777:04o}."
            yield fail("keys", sentence, f"chmod 600 {path}; if others may have read it, make a new one.")
    if (ssh := data / "ssh").is_dir() and ssh.stat().st_mode & _ANYBODY_ELSE:
        yield fail("keys", f"ssh/ is open to others: mode {ssh.stat().st_mode & 0o777:04o}.", f"chmod 700 {ssh}")
    elif not any(path.stat().st_mode & _ANYBODY_ELSE for path in found):
        yield ok("keys", f"{len(found)} files with secrets can be read by their owner only.")


def _has_password(path: Path) -> bool:
    return path.is_file() and os.access(path, os.R_OK) and "database_url" in path.read_text(errors="replace")


def _account(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"account {number}"
