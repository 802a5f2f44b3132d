"""The agent's installing of zone files, with a named that says yes and does nothing."""

import hashlib
from pathlib import Path

import pytest

from nameserver.agent import waiting
from nameserver.agent.ask import Answers
from nameserver.agent.batch import Task
from nameserver.agent.control import Control, Reload
from nameserver.agent.files import ZoneFiles
from nameserver.agent.installing import Installer
from nameserver.agent.names import Domain, parse
from nameserver.agent.refusals import Refusals
from nameserver.agent.zonelist import ZoneList

_CONTENT = b"; a.example serial 8\n"


class Deaf(Control):
    """A named that takes every command; `removed` are the zones it was told to remove."""

    def __init__(self, reloads: Reload = Reload.QUEUED, stores: bool = True) -> None:
        self._reloads, self._stores = reloads, stores
        self.removed: list[str] = []

    def add(self, domain: Domain) -> str | None:
        """See Control."""

    def knows(self, domain: Domain) -> bool:
        """See Control."""
        return self._stores

    def remove(self, domain: Domain) -> str | None:
        """See Control."""
        self.removed.append(domain.text)

    def reload(self, domain: Domain) -> Reload:
        """See Control."""
        return self._reloads


def install(folder: Path, control: Control, served: int | None, monkeypatch: pytest.MonkeyPatch) -> Task:
    """Install serial 8 of a zone of which `served` is answered, before and after."""
    monkeypatch.setattr(waiting, "_LEAST", 0.1)
    monkeypatch.setattr(waiting, "ask", lambda *_: Answers({"a.example": served}))
    digest = hashlib.sha256(_CONTENT).hexdigest()
    task = Task("a.example", parse("a.example"), False, 8, memoryview(_CONTENT), digest, served)
    installer = Installer(("192.0.2.1", 53), control, ZoneFiles(folder), ZoneList(folder), Refusals(folder))
    for _, step in installer.steps([task]):
        step()
    return task


def test_new_zone_that_is_never_answered_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """named took it and does not serve it: the next restart must not bring it up."""
    control = Deaf()
    task = install(tmp_path, control, None, monkeypatch)
    assert (task.state, task.served, control.removed) == ("failed", None, ["a.example"])
    assert list(tmp_path.iterdir()) == []


def test_new_zone_that_named_does_not_store_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be answered now, and be gone after the next restart."""
    control = Deaf(stores=False)
    told: list[bool] = []
    monkeypatch.setattr(control, "add", lambda _: told.append((tmp_path / "a.example.zone").exists()))
    task = install(tmp_path, control, None, monkeypatch)
    assert (task.state, task.served, told, control.removed) == ("failed", None, [True], ["a.example"])
    assert task.error == "named refused the new zone: named could not store it; its zone database or disk may be full."
    assert list(tmp_path.iterdir()) == []


def test_file_that_named_will_not_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However new its time is: "up to date", and the old serial goes on being answered."""
    task = install(tmp_path, Deaf(Reload.UP_TO_DATE), 7, monkeypatch)
    assert (task.state, task.served) == ("failed", 7)
    assert task.error == "named takes the zone's file for one it has loaded already."
