"""Run a module of ours that is killed right before its Nth effect: `python -m tests.killed N MODULE ARGUMENT…`.

An effect is what outlives the process: a file written, renamed, linked or removed, a message sent to named, to an
agent or as an answer, a commit. The product knows nothing of it: the functions are wrapped from outside.
"""

import os
import runpy
import signal
import socket
import sqlite3
import sys
from collections.abc import Callable
from itertools import count
from typing import Any

_numbers = count(1)


def main() -> None:
    """Wrap every effect, then run the module as `python -m` does."""
    deadly, module = int(sys.argv[1]), sys.argv[2]
    sys.argv = [module, *sys.argv[3:]]
    for owner, name in _EFFECTS:
        setattr(owner, name, _counted(getattr(owner, name), deadly))
    _watch_commits(deadly)
    runpy.run_module(module, run_name="__main__", alter_sys=True)


_EFFECTS: tuple[tuple[Any, str], ...] = (
    (os, "fsync"),
    (os, "rename"),
    (os, "replace"),
    (os, "link"),
    (os, "unlink"),
    (os, "utime"),
    (os, "write"),
    (socket.socket, "send"),
    (socket.socket, "sendall"),
)


def _counted(function: Callable[..., Any], deadly: int) -> Callable[..., Any]:
    def effect(*arguments: Any, **options: Any) -> Any:
        _step(deadly)
        return function(*arguments, **options)

    return effect


def _watch_commits(deadly: int) -> None:
    """SQLAlchemy's own hook comes right before the driver's COMMIT."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    event.listen(Engine, "commit", lambda _connection: _step(deadly))


def _step(deadly: int) -> None:
    if next(_numbers) == deadly:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    assert sqlite3.threadsafety  # the driver is there: without it no commit would be seen
    main()
