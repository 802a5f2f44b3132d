"""Put new zone files in place and have named serve them; what it refuses is taken back."""

from collections.abc import Callable, Iterator

from nameserver.agent.batch import Task, newer
from nameserver.agent.control import Control, Reload
from nameserver.agent.errors import AgentError, NamedSilent, NamedTrouble
from nameserver.agent.files import Written, ZoneFiles
from nameserver.agent.names import Domain
from nameserver.agent.refusals import Refusals
from nameserver.agent.waiting import Awaited, End, Wait
from nameserver.agent.zonelist import ZoneList

# named compares a file's mtime with the lesser of the loaded file's mtime and its own clock at that load
# (lib/dns/zone.c, zone_load): an mtime ahead of any clock is always newer, and so is the next one's.
_AHEAD = 10 * 365 * 86400 * 10**9


class Installer:
    """The publications of one batch."""

    def __init__(
        self, address: tuple[str, int], control: Control, files: ZoneFiles, zones: ZoneList, refusals: Refusals
    ) -> None:
        self._control, self._files, self._zones, self._refusals = control, files, zones, refusals
        self._wait = Wait(address, refusals, self._reload_again)
        self._written: list[tuple[Task, Written]] = []
        self._listed = zones.names()

    def steps(self, tasks: list[Task]) -> Iterator[tuple[str, Callable[[], None]]]:
        """The steps in their order, each with the name its time is counted under."""
        tasks = [task for task in tasks if not task.remove]
        if tasks:
            yield "write", lambda: self._write(tasks)
            yield "write", self._rename
            yield "rndc", lambda: self._tell(tasks)
            yield "probe", lambda: self._prove(tasks)
            yield "write", lambda: self._close(tasks)

    def _write(self, tasks: list[Task]) -> None:
        for task in tasks:
            try:
                self._written.append((task, self._files.write(task.domain, task.content, task.digest)))
            except AgentError as error:
                task.fail(error)

    def _rename(self) -> None:
        for task, written in self._written:
            # Only what is served is known to be good; an older last good file stays while it is not.
            good = task.served is not None and task.served == self._files.serial(task.domain)
            self._files.put(written, keep=good)
        if self._written:
            self._files.sync()

    def _tell(self, tasks: list[Task]) -> None:
        silent: NamedSilent | None = None
        for task in tasks:
            if task.state is None:
                try:
                    if silent:
                        raise silent
                    self._load(task)
                except NamedTrouble as error:
                    silent = error if isinstance(error, NamedSilent) else None
                    task.fail(error)

    def _load(self, task: Task) -> None:
        if task.served is None or not self._stored(task) or self._reload(task.domain) is Reload.UNKNOWN_ZONE:
            self._add(task)

    def _stored(self, task: Task) -> bool:
        """A zone that is answered but not on our list may be half added, by an agent that was killed then."""
        if task.domain.text in self._listed or self._control.knows(task.domain):
            return True
        self._control.remove(task.domain)
        return False

    def _add(self, task: Task) -> None:
        """addzone; the zone counts as new only when named also stored it (a full NZD answers, then forgets)."""
        error = self._control.add(task.domain)
        task.added = error is None
        if error == "already exists":  # there, but not answering: its last load failed
            self._reload(task.domain)
        elif error is not None:
            return self._take_back(task, error)
        return None if self._control.knows(task.domain) else self._take_back(task, "failure")

    def _take_back(self, task: Task, error: str) -> None:
        """Not half a zone: a restart must not change what is answered."""
        self._refusals.read()
        reason = self._refusals.reason(task.domain) or _WORDS.get(error, error)
        self._control.remove(task.domain)
        self._files.remove(task.domain)
        task.served = None
        task.fail(f"named refused the new zone: {reason}.")

    def _reload(self, domain: Domain) -> Reload:
        answer = self._control.reload(domain)
        if answer is Reload.UP_TO_DATE:  # an older file was put there by hand, and the clock went back
            self._files.touch(domain, _AHEAD)
            answer = self._control.reload(domain)
        if answer is Reload.UP_TO_DATE:
            raise NamedTrouble("named takes the zone's file for one it has loaded already.")
        return answer

    def _reload_again(self, domain: Domain) -> None:
        self._files.touch(domain)
        self._reload(domain)

    def _prove(self, tasks: list[Task]) -> None:
        awaited = {id(task): Awaited(task.domain, task.serial) for task in tasks if task.state is None}
        size = sum(len(task.content) for task in tasks)
        self._wait.run(awaited.values(), size)
        for task in tasks:
            if task.state is None:
                self._conclude(task, awaited[id(task)])

    def _conclude(self, task: Task, one: Awaited) -> None:
        task.served = one.answered
        if one.end is End.SERVED:
            task.finish("in_sync", one.answered)
        elif one.answered is not None and newer(one.answered, task.serial):
            task.finish("older", one.answered, f"The nameserver answers serial {one.answered}, newer than ours.")
        elif one.end is End.SILENT:  # the file stays: it may yet be loaded, and serials only go forward
            task.fail("named does not answer; the new file is in place for when it does.")
        else:
            self._undo(task, one.reason)

    def _undo(self, task: Task, reason: str | None) -> None:
        """Refused: the disk goes back to what is served, so that a restart is harmless."""
        task.fail(f"named refused the zone: {reason or 'it does not answer the new serial'}.")
        if task.added:
            self._control.remove(task.domain)
            self._files.remove(task.domain)
        elif self._files.put_back(task.domain):
            self._control.reload(task.domain)

    def _close(self, tasks: list[Task]) -> None:
        done = [task for task in tasks if task.state == "in_sync"]
        for task in done:
            self._files.forget_last(task.domain)
        self._zones.added(task.domain.text for task in done if task.domain.text not in self._listed)


_WORDS = {"failure": "named could not store it; its zone database or disk may be full"}
