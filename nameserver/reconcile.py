"""The reconciler: makes what the nameservers answer match the desired state, in small passes.

A pass gathers what is due, decides, and hands each nameserver its part; what comes of it is reported and
read again by the next pass. Stopping at any instant and starting again is harmless.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nameserver.check import Checker
from nameserver.gate import Checked, Gate
from nameserver.plan import Action, Item
from nameserver.publish import Observation, Publisher
from nameserver.render import Renderer
from nameserver.sweep import Comparison, Inventory
from nameserver.target import Target
from nameserver.transport.base import Transport
from nameserver.zone import Authority, Problem, Severity, Zone, reason, verdict

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Assignment:
    """A nameserver this control plane holds the lease of, with its fencing number."""

    name: str
    target: Target
    fence: int


@dataclass(frozen=True, slots=True)
class Held:
    """A zone that is not published, on purpose: its problems say why."""

    domain: str
    serial: int
    problems: Sequence[Problem]


@dataclass(frozen=True, slots=True)
class Desired:
    """What is due: the zones to publish, the tombstones' serials, and which domains are due where.

    `held` are zones that are due and must not be published, since something is gone without a change.
    """

    zones: Mapping[str, Zone]
    removals: Mapping[str, int]
    due: Mapping[str, Sequence[str]]
    held: Sequence[Held] = ()


@dataclass(frozen=True, slots=True)
class Checks:
    """What was checked in one pass, before anything of it was published."""

    zones: Sequence[Checked]


Gather = Callable[[Sequence[str]], Desired]
Report = Callable[[Observation | Held | Checks], None]
Connect = Callable[[Target], Transport]


@dataclass
class Reconciler:
    """Gathers with one callable, reports with the other; `wake` asks for another pass from any thread.

    One that does not `attend` to the nameservers only publishes, beside one that does.
    """

    gather: Gather
    report: Report
    connect: Connect
    wake: Callable[[], None]
    renderer: Renderer
    checker: Checker
    authority: Authority
    comparison: Comparison
    sweep_seconds: float
    attends: bool = True
    _publishers: dict[str, tuple[Target, Publisher]] = field(default_factory=dict)
    _swept: dict[str, float] = field(default_factory=dict)

    def run_pass(self, assignments: Sequence[Assignment]) -> int:
        """One pass: everything due goes to each idle nameserver as one job; answers how many items that were.

        Does not wait for the jobs.
        """
        self._assign(assignments)
        idle = [each for each in assignments if self._publishers[each.name][1].idle]
        if not idle:
            return 0
        desired = self.gather([each.name for each in idle])
        checked = list(Gate(self.renderer, self.checker, self.authority).check(list(desired.zones.values())))
        items = {item.domain: item for item in self._items(desired, checked)}
        handed_out = 0
        for each in idle:
            wanted = [items[domain] for domain in desired.due.get(each.name, ()) if domain in items]
            publisher = self._publishers[each.name][1]
            publisher.start(wanted, each.fence, self._may_configure(each.name, assignments), self._sweep_due(each.name))
            handed_out += len(wanted)
        if checked:  # told while they publish, so that no publication waits for it
            self.report(Checks(checked))
        # Starting a program stops this process's threads for a moment: not while they publish.
        if self.attends and not handed_out:
            self.checker.prepare()
        return handed_out

    def reachable(self, assignments: Sequence[Assignment]) -> list[Assignment]:
        """Those whose nameserver is not known to be away."""
        known = {name: publisher for name, (_, publisher) in self._publishers.items()}
        return [each for each in assignments if each.name in known and not known[each.name].away]

    def wait(self, seconds: float | None = None) -> None:
        """Wait for all running jobs. Raises TimeoutError."""
        for _, publisher in self._publishers.values():
            publisher.wait(seconds)

    def close(self) -> None:
        """Let go of every nameserver."""
        for _, publisher in self._publishers.values():
            publisher.close()
        self._publishers.clear()
        self.checker.close()

    def _assign(self, assignments: Sequence[Assignment]) -> None:
        wanted = {each.name: each.target for each in assignments}
        for name, (target, publisher) in list(self._publishers.items()):
            if wanted.get(name) != target:
                publisher.close()
                del self._publishers[name]
        for name, target in wanted.items():
            if name not in self._publishers:
                self._publishers[name] = (target, self._publisher(target))
                self._swept.pop(name, None)

    def _publisher(self, target: Target) -> Publisher:
        named_conf = self.renderer.named_conf(target)
        way = self.connect(target)
        return Publisher(target.name, way, named_conf, self.comparison, self._observed, self.wake, self.attends)

    def _observed(self, observation: Observation) -> None:
        if isinstance(observation, Inventory):
            self._swept[observation.nameserver] = time.monotonic()
        self.report(observation)

    def _sweep_due(self, name: str) -> bool:
        return time.monotonic() >= self._swept.get(name, float("-inf")) + self.sweep_seconds

    def _may_configure(self, name: str, assignments: Sequence[Assignment]) -> bool:
        """A new named.conf goes to the last nameserver first; the next one gets it when that one has it."""
        names = [each.name for each in assignments]
        after = names[names.index(name) + 1 :]
        return all(self._publishers[other][1].configured for other in after)

    def _items(self, desired: Desired, checked: Iterable[Checked]) -> Iterable[Item]:
        for held in desired.held:
            self._hold(held.domain, held.serial, held.problems)
        for domain, serial in desired.removals.items():
            yield Item(domain, Action.REMOVE, serial)
        for zone, file, problems in ((each.zone, each.file, each.problems) for each in checked):
            if file is None or verdict(problems) == "error":
                errors = [problem for problem in problems if problem.severity is Severity.ERROR]
                self._hold(zone.domain, zone.serial, errors)
            else:
                yield Item(zone.domain, Action.PUBLISH, zone.serial, file.content)

    def _hold(self, domain: str, serial: int, problems: Sequence[Problem]) -> None:
        log.warning("%s is held: %s", domain, reason(problems), extra={"zone": domain, "serial": serial})
        self.report(Held(domain, serial, problems))
