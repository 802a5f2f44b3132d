"""Take zones off this nameserver: off the list, delzone, then the files; gone when it is answered no more."""

from collections.abc import Callable, Iterator
from contextlib import suppress

from nameserver.agent.ask import ask
from nameserver.agent.batch import Task, newer
from nameserver.agent.control import Control
from nameserver.agent.errors import NamedSilent, NamedTrouble
from nameserver.agent.files import ZoneFiles
from nameserver.agent.zonelist import ZoneList


class Remover:
    """The removals of one batch."""

    def __init__(self, address: tuple[str, int], control: Control, files: ZoneFiles, zones: ZoneList) -> None:
        self._address, self._control, self._files, self._zones = address, control, files, zones

    def steps(self, tasks: list[Task]) -> Iterator[tuple[str, Callable[[], None]]]:
        """The steps in their order, each with the name its time is counted under."""
        removals = [task for task in tasks if task.remove]
        if removals:
            yield "write", lambda: self._unlist(removals)
            yield "rndc", lambda: self._delete(removals)
            yield "write", lambda: self._unlink(removals)
            yield "probe", lambda: self._check(removals)

    def _unlist(self, removals: list[Task]) -> None:
        with suppress(OSError):  # on a full disk, removing is what helps; repair asks for the file, too
            self._zones.removed({task.domain.text: self._last(task) for task in removals})

    def _last(self, task: Task) -> int:
        """The newest serial that the zone is known to have had, here or in the database that has it removed."""
        last = task.serial
        for serial in (task.served, self._files.serial(task.domain), self._zones.gone().get(task.domain.text)):
            last = serial if serial is not None and newer(serial, last) else last
        return last

    def _delete(self, removals: list[Task]) -> None:
        silent: NamedSilent | None = None
        for task in removals:
            try:
                if silent:
                    raise silent
                if error := self._control.remove(task.domain):
                    task.fail(f"named did not remove the zone: {error}.")
            except NamedTrouble as error:
                silent = error if isinstance(error, NamedSilent) else None
                task.fail(error)
        self._zones.added(task.domain.text for task in removals if task.state == "failed" and task.served is not None)

    def _unlink(self, removals: list[Task]) -> None:
        gone = [task for task in removals if task.state is None]
        for task in gone:
            self._files.remove(task.domain)
        if gone:
            self._files.sync()

    def _check(self, removals: list[Task]) -> None:
        waiting = [task for task in removals if task.state is None]
        answers = ask(*self._address, (task.domain.text for task in waiting))
        for task in waiting:
            task.served = answers.serials.get(task.domain.text)
            if task.domain.text in answers.silent:
                task.fail("named no longer answers, so the removal is not proven.")
            elif task.served is not None:
                task.fail("named still answers the zone; is it in named.conf?")
            else:
                task.finish("in_sync", None)
