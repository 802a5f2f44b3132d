"""Two whole loops on the same nameservers, plans held back and let go in any order: no serial ever falls."""

import random
import re
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from nameserver.check import Checker
from nameserver.plan import Item, State
from nameserver.publish import Contact, Observation, Published
from nameserver.reconcile import Assignment, Desired, Held, Reconciler
from nameserver.records import Record
from nameserver.render import Renderer
from nameserver.serial import newer
from nameserver.sweep import Comparison
from nameserver.target import Target
from nameserver.transport.base import Published as Answer
from nameserver.transport.pipe import PipeTransport
from nameserver.zone import Authority, Zone
from tests.nameservers import TEMPLATES, RunningNamed

AUTHORITY = Authority(("ns1.dns.test", "ns2.dns.test"), "hostmaster.dns.test")
DOMAINS = ("one.example.net", "two.example.net", "three.example.net")
NAMES = ("ns1", "ns2")
LAST_BUT_FEW = 2**32 - 20  # the serials wrap on the way (RFC 1982)
_PATIENCE = 30.0
# named tells of every zone it loads: the one witness that misses nothing.
_TELLING = {"category zoneload { problems; };": "category zoneload { file; problems; };"}


@pytest.fixture
def nameds(tmp_path: Path) -> Iterator[list[RunningNamed]]:
    """Two nameservers."""
    with ExitStack() as closing:
        made = [RunningNamed(tmp_path / name, name, _TELLING) for name in NAMES]
        for named in made:
            closing.callback(named.kill)
            named.start()
        yield made


class Wish:
    """What both loops read: each zone's serial, and content that goes with it."""

    def __init__(self) -> None:
        self.serials = dict.fromkeys(DOMAINS, LAST_BUT_FEW)

    def move(self, domain: str) -> None:
        """A user's change."""
        self.serials[domain] = (self.serials[domain] + 1) % 2**32

    def gather(self, names: Sequence[str]) -> Desired:
        """Everything is due everywhere, as it is at this moment."""
        zones = {domain: _zone(domain, serial) for domain, serial in self.serials.items()}
        return Desired(zones, {}, dict.fromkeys(names, DOMAINS))


def _zone(domain: str, serial: int) -> Zone:
    value = f"10.{serial >> 16 & 255}.{serial >> 8 & 255}.{serial & 255}"
    return Zone("u", domain, serial, (Record("r", "www", "A", 300, value),))


class Gate(PipeTransport):
    """A way to an agent on which a publication waits until it is let go."""

    def __init__(self, target: Target, gate: threading.Semaphore, waiting: threading.Semaphore) -> None:
        super().__init__(target.agent)
        self._gate, self._waiting = gate, waiting

    def publish(self, items: Sequence[Item], fence: int) -> Answer:
        """See Transport."""
        self._waiting.release()
        assert self._gate.acquire(timeout=_PATIENCE)
        return super().publish(items, fence)


class Loop:
    """A whole reconciler whose plans are made by `plan` and arrive with `arrive`."""

    def __init__(self, wish: Wish, nameds: list[RunningNamed], templates: Path) -> None:
        self.seen: list[Observation | Held] = []
        self.planned = False
        self.fence = 1
        self._gate, self._waiting = threading.Semaphore(0), threading.Semaphore(0)
        self._targets = [named.embedded.target for named in nameds]
        self._reconciler = Reconciler(
            gather=wish.gather,
            report=self.seen.append,
            connect=lambda target: Gate(target, self._gate, self._waiting),
            wake=lambda: None,
            renderer=Renderer(templates),
            checker=Checker(),
            authority=AUTHORITY,
            comparison=Comparison(lambda *_: {}, lambda _: {}, Renderer(templates), AUTHORITY, 1.0),
            sweep_seconds=3600,
        )

    def plan(self) -> None:
        """Gather, render, check; both publications stand at the gate afterwards."""
        assignments = [Assignment(target.name, target, self.fence) for target in self._targets]
        assert self._reconciler.run_pass(assignments) == len(DOMAINS) * len(self._targets)
        for _ in self._targets:
            assert self._waiting.acquire(timeout=_PATIENCE)
        self.planned = True

    def arrive(self) -> None:
        """Let the plan go, and wait for its end."""
        for _ in self._targets:
            self._gate.release()
        self._reconciler.wait(_PATIENCE)
        self.planned = False

    def close(self) -> None:
        """The end."""
        if self.planned:
            self.arrive()
        self._reconciler.close()

    def outcomes(self) -> list[State]:
        """Of every zone published."""
        return [outcome.state for each in self.seen if isinstance(each, Published) for outcome in each.outcomes]

    def fenced(self) -> bool:
        """Was it told, at the last arrival, that another one has taken over?"""
        return not any(isinstance(each, Published) for each in self.seen)


@pytest.fixture
def loops(
    nameds: list[RunningNamed], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[tuple[Wish, list[Loop]]]:
    """Two loops over one wish, which try again at once after a refusal."""
    monkeypatch.setattr("nameserver.publish._FIRST_PAUSE", 0.0)
    templates = shutil.copytree(TEMPLATES, tmp_path / "templates")
    telling = (templates / "named.conf.j2").read_text().replace(*next(iter(_TELLING.items())))
    (templates / "named.conf.j2").write_text(telling)
    wish = Wish()
    made = [Loop(wish, nameds, templates) for _ in range(2)]
    yield wish, made
    for loop in made:
        loop.close()


def loaded(named: RunningNamed) -> dict[str, list[int]]:
    """Every serial that named has ever loaded of each zone, in order, from its own log."""
    found: dict[str, list[int]] = {domain: [] for domain in DOMAINS}
    for domain, serial in re.findall(r"zone (\S+)/IN: loaded serial (\d+)", named.log()):
        found[domain].append(int(serial))
    return found


def interleave(wish: Wish, loops: list[Loop], publications: int, chance: random.Random, leases: bool) -> None:
    """Plans are made and arrive in an order drawn by lot; the wish moves on in between."""
    arrived = 0
    while arrived < publications:
        loop = chance.choice(loops)
        if loop.planned:
            loop.arrive()
            arrived += len(NAMES)
            if arrived % 100 < len(NAMES):
                print(f"{arrived} of {publications} publications", flush=True)
            continue
        for domain in chance.sample(DOMAINS, chance.randrange(1, 3)):
            wish.move(domain)
        if leases:  # the one that plans has taken over
            loop.fence = 1 + max(each.fence for each in loops)
        loop.plan()


@pytest.mark.parametrize("leases", [False, True], ids=["serials-alone", "with-leases"])
@pytest.mark.parametrize(
    "publications", [50, pytest.param(1000, marks=[pytest.mark.long, pytest.mark.timeout(900)])], ids=str
)
def test_no_serial_falls(
    nameds: list[RunningNamed], loops: tuple[Wish, list[Loop]], publications: int, leases: bool
) -> None:
    """With equal fencing numbers the agent's own comparison holds alone; with leases the late one is not let in."""
    wish, both = loops
    interleave(wish, both, publications, random.Random(publications), leases)
    for loop in both:
        if loop.planned:
            loop.arrive()
    both[0].fence = 1 + max(loop.fence for loop in both)
    both[0].plan()
    both[0].arrive()
    for named in nameds:
        assert {domain: named.serial(domain) for domain in DOMAINS} == wish.serials
        for domain, serials in loaded(named).items():
            assert all(newer(later, earlier) for earlier, later in pairwise(serials)), f"{domain}: {serials}"
            assert len(serials) > publications // 10
            assert (
                named.zone_file(domain)
                == Renderer(TEMPLATES).zone_file(_zone(domain, wish.serials[domain]), AUTHORITY).content
            )
    refused = [state for loop in both for state in loop.outcomes() if state is State.OLDER]
    assert leases or len(refused) > publications // 10, "no plan came too late: this shows nothing"
    assert not [each for loop in both for each in loop.seen if isinstance(each, Held | Contact) and _wrong(each)]


def _wrong(each: Any) -> bool:
    return isinstance(each, Held) or each.error is not None


def test_late_plan_is_refused(nameds: list[RunningNamed], loops: tuple[Wish, list[Loop]]) -> None:
    """Planned first, arrives last: by its serial when nobody has taken over, by its number when somebody has."""
    wish, (late, other) = loops
    for fence, outcome in ((1, [State.OLDER] * 6), (2, [])):
        late.seen.clear()
        late.plan()
        for domain in DOMAINS:
            wish.move(domain)
        other.fence = fence
        other.plan()
        other.arrive()
        late.arrive()
        assert late.outcomes() == outcome
        assert [named.serial(domain) for named in nameds for domain in DOMAINS] == [*wish.serials.values()] * 2
