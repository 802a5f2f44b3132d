"""The agent and the control plane killed right before each of their effects, one after the other.

Whatever the moment: what was served stays served or becomes what is wanted, no serial goes back, and the next try
brings both nameservers to what the database wants.
"""

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from api.app import create_app
from api.changes import accounts, nameservers, records, zones
from api.changes.actor import Actor
from api.changes.intent import Intent
from api.control import ControlPlane
from api.schema import upgrade
from api.settings import Settings
from nameserver.errors import Unreachable
from nameserver.plan import Item, State
from nameserver.transport.pipe import PipeTransport
from tests.nameservers import RunningNamed, installed, publication, removal, running

pytestmark = [pytest.mark.skipif(not installed(), reason="BIND is not installed"), pytest.mark.timeout(1200)]

ROOT = Path(__file__).resolve().parents[2]
# A short run tries one step in so many, a long one tries each.
SPARSE = 9
EACH = pytest.param(1, marks=pytest.mark.long)
MOST = 400


def deadly(argv: tuple[str, ...], step: int) -> list[str]:
    """The argv of a Python module, killed before its effect number `step`."""
    at = argv.index("-m")
    return [*argv[:at], "-m", "tests.killed", str(step), *argv[at + 1 :]]


# ---- the agent ----


@dataclass
class Life:
    """One zone on one nameserver: what it should be, and that its serial never went back."""

    named: RunningNamed
    domain: str
    serial: int = 10
    there: bool = False

    def item(self, action: str) -> Item:
        """The next step of its life."""
        self.serial += 1
        if action == "delete":
            return removal(self.domain, self.serial)
        return publication(self.domain, self.serial)

    def settle(self, item: Item) -> None:
        """A plain agent makes it so."""
        with self.named.transport() as transport:
            [outcome] = transport.publish([item], 1).outcomes
        assert outcome.state is State.IN_SYNC, outcome
        self.there = bool(item.content)
        assert self.named.serial(self.domain) == (item.serial if self.there else None)


def survives(life: Life, item: Item, step: int) -> bool:
    """Publish with an agent that dies at the step; False when it lived to the end."""
    before = life.named.serial(life.domain)
    transport = PipeTransport(deadly(life.named.embedded.target.agent, step))
    try:
        transport.publish([item], 1)
        return False
    except Unreachable:
        pass
    finally:
        transport.close()
    assert life.named.serial(life.domain) in (before, item.serial if item.content else None)
    assert life.named.serial("bystander.example") == 7
    return True


@pytest.mark.parametrize("stride", [SPARSE, EACH])
@pytest.mark.parametrize("action", ["create", "edit", "delete"])
def test_agent(shared: RunningNamed, action: str, stride: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    life = Life(shared, f"{action}{stride}.example")
    with shared.transport() as transport:
        transport.publish([publication("bystander.example", 7)], 1)
    for step in range(1, MOST, stride):
        if action == "create" and life.there:
            life.settle(life.item("delete"))
        elif action != "create" and not life.there:
            life.settle(life.item("create"))
        item = life.item(action)
        died = survives(life, item, step)
        life.settle(item)
        if not died:
            assert step > stride, "nothing was counted"
            break
    else:
        pytest.fail("it never lived to the end")
    shared.restart()  # what is on disk is what is answered
    assert shared.serial(life.domain) == (life.serial if life.there else None)
    assert shared.serial("bystander.example") == 7


# ---- the control plane ----


@pytest.fixture(scope="module")
def nameds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RunningNamed]]:
    """Two nameservers."""
    folder = tmp_path_factory.mktemp("two")
    with ExitStack() as stack:
        yield [stack.enter_context(running(folder / name)) for name in ("ns1", "ns2")]


class Plane:
    """A data folder with two nameservers: written and worked on in this process, killed in one of its own."""

    def __init__(self, data: Path, nameds: list[RunningNamed]) -> None:
        self._settings = Settings(data=data)
        self._app = create_app(self._settings)
        upgrade(self._app)
        with self._app.app_context():
            account = accounts.create("a@example.org")
            self._intent = Intent(Actor(account.id, account.uuid, account.email, "test"))
            for number, named in enumerate(nameds, 1):
                nameservers.put(replace(named.embedded.target, name=f"ns{number}"))

    def create(self, domain: str) -> None:
        """A new zone."""
        with self._app.app_context():
            zones.create(self._settings, self._intent, domain, lambda _: None)

    def edit(self, domain: str) -> None:
        """A record more."""
        body = {"record_type": "A", "name": "www", "value": "192.0.2.1"}
        with self._app.app_context():
            records.create(self._settings, self._intent, domain, [(body, {})], lambda _: None)

    def delete(self, domain: str) -> None:
        """The zone goes."""
        with self._app.app_context():
            zones.delete(self._intent, domain)

    def publish(self) -> None:
        """Everything that is due, by a control plane that is not killed."""
        control = ControlPlane(self._app, self._settings, take_over=True)
        control.run_once()
        control.close()

    def publish_killed(self, step: int) -> bool:
        """The same by one that is killed at the step; False when it lived to the end."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("ZONEWRIGHT_", "COV_"))}
        environment = kept | {"ZONEWRIGHT_DATA": str(self._settings.data), "PYTHONPATH": str(ROOT)}
        argv = deadly((sys.executable, "-m", "api", "publish"), step)
        done = subprocess.run(argv, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
        assert done.returncode in (0, -signal.SIGKILL), done.stdout + done.stderr
        return done.returncode != 0


@pytest.fixture(scope="module")
def plane(nameds: list[RunningNamed], tmp_path_factory: pytest.TempPathFactory) -> Plane:
    """Furnished: an account, both nameservers, and a zone that nobody touches."""
    made = Plane(tmp_path_factory.mktemp("plane"), nameds)
    made.create("bystander.example")
    made.publish()
    return made


@pytest.mark.parametrize("stride", [SPARSE, EACH])
def test_control_plane(plane: Plane, nameds: list[RunningNamed], stride: int) -> None:
    """In each pass one zone is created, one edited and one deleted; the pass is killed, the next one ends the work."""
    left: dict[str, int | None] = {"bystander.example": nameds[0].serial("bystander.example")}
    for step in itertools.count(1, stride):
        assert step < MOST, "it never lived to the end"
        created, edited, deleted = (f"{what}-{stride}-{step}.example" for what in ("created", "edited", "deleted"))
        plane.create(edited)
        plane.create(deleted)
        plane.publish()
        before = {domain: nameds[0].serial(domain) for domain in (edited, deleted)}
        plane.create(created)
        plane.edit(edited)
        plane.delete(deleted)
        died = plane.publish_killed(step)
        for named in nameds:
            assert named.serial(edited) in (before[edited], (before[edited] or 0) + 1)
            assert named.serial(deleted) in (before[deleted], None)
        plane.publish()
        left |= {created: nameds[0].serial(created), edited: (before[edited] or 0) + 1, deleted: None}
        assert left[created] is not None
        for named in nameds:
            assert {domain: named.serial(domain) for domain in left} == left
        if not died:
            assert step > stride, "nothing was counted"
            break
    for named in nameds:
        named.restart()
        assert {domain: named.serial(domain) for domain in left} == left
