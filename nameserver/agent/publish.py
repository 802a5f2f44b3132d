"""Make one batch of zones so: files, then rndc, then ask. Each zone ends alone."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from nameserver.agent import batch
from nameserver.agent.ask import ask
from nameserver.agent.batch import Task
from nameserver.agent.control import Control
from nameserver.agent.errors import NamedSilent
from nameserver.agent.files import ZoneFiles
from nameserver.agent.installing import Installer
from nameserver.agent.refusals import Refusals
from nameserver.agent.removing import Remover
from nameserver.agent.zonelist import ZoneList


class Publisher:
    """Publishes batches to the named on this machine, called under the lock."""

    def __init__(self, address: tuple[str, int], control: Control, files: ZoneFiles, zones: ZoneList) -> None:
        self._address, self._files = address, files
        self._control, self._zones = control, zones

    def publish(self, header: Mapping[str, Any], body: bytes, refusals: Refusals) -> dict[str, Any]:
        """The reply's outcomes and timings. Raises BadRequest, NamedSilent before anything was done."""
        tasks = batch.parse(header, body)
        timings = dict.fromkeys(("write", "rndc", "probe"), 0.0)
        with _measured(timings, "probe"):
            self._look(tasks)
        remover = Remover(self._address, self._control, self._files, self._zones)
        installer = Installer(self._address, self._control, self._files, self._zones, refusals)
        for steps in (remover.steps, installer.steps):
            for name, step in steps([task for task in tasks if task.state is None]):
                with _measured(timings, name):
                    _guarded(step, tasks)
        return {"outcomes": [task.outcome() for task in tasks], "timings": timings}

    def _look(self, tasks: list[Task]) -> None:
        """What named answers now decides what needs no doing, and what must not be done."""
        answers = ask(*self._address, (task.domain.text for task in tasks))
        if tasks and not answers.reachable:
            raise NamedSilent("named does not answer; nothing was changed.")
        for task in tasks:
            if task.domain.text in answers.silent:
                task.fail("named does not answer; nothing was changed.")
            else:
                task.served = answers.serials[task.domain.text]
                self._compare(task)

    def _compare(self, task: Task) -> None:
        gone = None if task.remove else self._zones.gone().get(task.domain.text)
        held = [serial for serial in (task.served, self._files.serial(task.domain), gone) if serial is not None]
        newest = next((serial for serial in held if batch.newer(serial, task.serial)), None)
        if newest is not None:
            task.finish("older", newest, f"The nameserver holds serial {newest}, newer than {task.serial}.")
        elif not task.remove and task.served == task.serial:
            self._compare_content(task)

    def _compare_content(self, task: Task) -> None:
        """One serial, one content: after a restored backup or an edit by hand, a new serial must tell them apart."""
        if self._files.holds(task.domain, task.digest):
            task.finish("in_sync", task.served)
        else:
            task.finish("older", task.serial, f"The nameserver has serial {task.serial} with other content.")


def _guarded(step: Callable[[], None], tasks: list[Task]) -> None:
    """A disk that cannot be written fails what is not decided yet, never the agent."""
    try:
        step()
    except OSError as error:
        for task in tasks:
            if task.state is None:
                task.fail(f"The nameserver's disk could not be written: {error.strerror}.")


@contextmanager
def _measured(timings: dict[str, float], name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    timings[name] += (time.perf_counter() - start) * 1000
