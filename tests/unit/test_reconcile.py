"""The reconciler's decisions, with nameservers in memory."""

import hashlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from nameserver.check import Checker
from nameserver.plan import Action, State
from nameserver.publish import Configured, Contact, Observation, Published
from nameserver.reconcile import Assignment, Checks, Desired, Held, Reconciler
from nameserver.records import Record
from nameserver.render import Renderer
from nameserver.sweep import Comparison, Inventory
from nameserver.target import Target
from nameserver.transport.memory import MemoryNameserver, MemoryTransport
from nameserver.zone import Authority, Zone

TEMPLATES = Path(__file__).parents[2] / "bind-templates"
AUTHORITY = Authority(("ns1.dns.test", "ns2.dns.test"), "hostmaster.dns.test")


def target(name: str) -> Target:
    return Target(name, ("true",), ("127.0.0.1",), 5300, "/nowhere")


def zone(domain: str, serial: int = 2026010100, value: str = "192.0.2.1") -> Zone:
    return Zone("u", domain, serial, (Record("r", "www", "A", 300, value),))


@dataclass
class World:
    """A desired state, two nameservers, and what was reported of them."""

    zones: dict[str, Zone] = field(default_factory=dict)
    removals: dict[str, int] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)
    due: dict[str, list[str]] = field(default_factory=lambda: {"ns1": [], "ns2": []})
    nameservers: dict[str, MemoryNameserver] = field(
        default_factory=lambda: {"ns1": MemoryNameserver(), "ns2": MemoryNameserver()}
    )
    seen: list[Observation | Held] = field(default_factory=list)
    attends: bool = True

    def __post_init__(self) -> None:
        self.reconciler = Reconciler(
            gather=self.gather,
            report=self.seen.append,
            connect=lambda target: MemoryTransport(self.nameservers[target.name]),
            wake=lambda: None,
            renderer=Renderer(TEMPLATES),
            checker=Checker(),
            authority=AUTHORITY,
            comparison=Comparison(lambda *_: {}, lambda _: {}, Renderer(TEMPLATES), AUTHORITY, 1.0),
            sweep_seconds=3600,
            attends=self.attends,
        )

    def gather(self, names: Sequence[str]) -> Desired:
        due = {name: self.due[name] for name in names}
        return Desired(self.zones, self.removals, due, self.held)

    def run(self, *names: str) -> None:
        assignments = [Assignment(name, target(name), 1) for name in names or ("ns1", "ns2")]
        self.reconciler.run_pass(assignments)
        self.reconciler.wait()

    def want(self, *zones: Zone) -> None:
        self.zones = {zone.domain: zone for zone in zones}
        self.due = {name: [zone.domain for zone in zones] for name in self.nameservers}

    def of(self, kind: type) -> list:
        return [each for each in self.seen if isinstance(each, kind)]


class Clock:
    """The module `time`, with a clock that only the test moves."""

    perf_counter = staticmethod(time.perf_counter)

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def world():
    made = World()
    yield made
    made.reconciler.close()


def test_zones_that_are_due_reach_every_nameserver(world):
    world.want(zone("a.test.example"), zone("b.test.example"))
    world.run()
    for nameserver in world.nameservers.values():
        assert {domain: serial for domain, (serial, _) in nameserver.zones.items()} == {
            "a.test.example": 2026010100,
            "b.test.example": 2026010100,
        }
    states = {
        (each.nameserver, outcome.domain, outcome.state) for each in world.of(Published) for outcome in each.outcomes
    }
    assert len(states) == 4
    assert {state for _, _, state in states} == {State.IN_SYNC}


def test_both_nameservers_get_the_same_bytes(world):
    world.want(zone("a.test.example"))
    world.run()
    assert world.nameservers["ns1"].zones == world.nameservers["ns2"].zones


def test_what_is_due_on_one_nameserver_goes_only_there(world):
    world.want(zone("a.test.example"))
    world.due["ns1"] = []
    world.run()
    assert not world.nameservers["ns1"].zones
    assert world.nameservers["ns2"].zones


def test_many_zones_are_one_batch(world):
    world.want(*(zone(f"z{number}.example") for number in range(20)))
    world.run()
    assert [len(batch) for batch in world.nameservers["ns1"].published] == [20]


def test_a_zone_that_does_not_load_is_held_and_the_others_go_out(world):
    cname = Record("c", "www", "CNAME", 300, "x.example")
    bad = Zone("u", "bad.example", 1, (Record("r", "www", "A", 300, "192.0.2.1"), cname))
    world.want(zone("good.example"), bad)
    world.run()
    [held] = world.of(Held)
    assert (held.domain, held.serial) == ("bad.example", 1)
    assert "CNAME" in held.problems[0].detail
    assert set(world.nameservers["ns1"].zones) == {"good.example"}


def test_a_single_zone_that_does_not_load_is_held(world):
    bad = Zone("u", "bad.example", 1, (Record("r", "@", "NS", 300, "ns9.bad.example"),))  # no address in the zone
    world.want(bad)
    world.run()
    assert [held.domain for held in world.of(Held)] == ["bad.example"]
    assert not world.nameservers["ns1"].zones


def test_a_stored_value_that_is_none_holds_its_zone_only(world):
    world.want(zone("good.example"), zone("bad.example", value="not an address"))
    world.run()
    assert [held.domain for held in world.of(Held)] == ["bad.example"]
    assert set(world.nameservers["ns2"].zones) == {"good.example"}


def test_a_vanished_zone_stays_served_and_is_held(world):
    world.nameservers["ns1"].zones["a.test.example"] = (5, b"")
    world.held = [Held("a.test.example", 5, [])]
    world.due = {"ns1": ["a.test.example"], "ns2": ["a.test.example"]}
    world.run()
    assert "a.test.example" in world.nameservers["ns1"].zones
    assert [held.domain for held in world.of(Held)] == ["a.test.example"]


def test_a_zone_leaves_by_its_tombstone(world):
    world.nameservers["ns1"].zones["a.test.example"] = (5, b"")
    world.removals = {"a.test.example": 5}
    world.due = {"ns1": ["a.test.example"], "ns2": ["a.test.example"]}
    world.run()
    assert not world.nameservers["ns1"].zones
    assert [item.action for each in world.of(Published) for item in each.items] == [Action.REMOVE, Action.REMOVE]


def test_an_unreachable_nameserver_delays_no_other(world):
    world.nameservers["ns1"].unreachable = True
    world.want(zone("a.test.example"))
    world.run()
    assert world.nameservers["ns2"].zones
    assert [(each.nameserver, each.error) for each in world.of(Contact) if each.error] == [
        ("ns1", "The nameserver cannot be reached.")
    ]


def test_an_unreachable_nameserver_is_left_alone_for_a_while(world):
    world.nameservers["ns1"].unreachable = True
    world.want(zone("a.test.example"))
    world.run()
    world.nameservers["ns1"].unreachable = False
    world.run()
    assert not world.nameservers["ns1"].zones  # it backs off


def test_a_nameserver_that_hangs_delays_no_other(world):
    """A pass waits for nobody: it is over while one nameserver still says nothing."""
    let_go = threading.Event()
    hanging = MemoryTransport(world.nameservers["ns1"])
    hanging.hello = lambda: let_go.wait(20) and MemoryTransport.hello(hanging)
    ways = {"ns1": hanging, "ns2": MemoryTransport(world.nameservers["ns2"])}
    world.reconciler.connect = lambda target: ways[target.name]
    world.want(zone("a.test.example"))
    world.reconciler.run_pass([Assignment(name, target(name), 1) for name in ("ns1", "ns2")])
    world.reconciler._publishers["ns2"][1].wait(20)
    assert world.nameservers["ns2"].zones
    assert not world.nameservers["ns1"].zones
    let_go.set()
    world.reconciler.wait()
    assert world.nameservers["ns1"].zones


def test_after_a_silence_a_nameserver_is_greeted(world, monkeypatch):
    """Nobody writes: it is asked all the same whether it is alive, every ten seconds and not in every pass."""
    clock = Clock()
    monkeypatch.setattr("nameserver.publish.time", clock)
    while len(world.of(Inventory)) < 2 or world.nameservers["ns1"].configuration is None:
        world.run()
    for _ in range(3):
        world.run()  # what the sweep has left to do
    world.nameservers["ns1"].running = False
    world.seen.clear()
    clock.now += 9.9
    world.run()
    assert world.of(Contact) == []
    clock.now += 0.1
    world.run()
    assert {each.nameserver: bool(each.error) for each in world.of(Contact)} == {"ns1": True, "ns2": False}


def test_named_that_does_not_run_is_unreachable(world):
    world.nameservers["ns1"].running = False
    world.want(zone("a.test.example"))
    world.run()
    assert any(each.nameserver == "ns1" and "named" in (each.error or "") for each in world.of(Contact))


def test_a_taken_over_nameserver_is_not_reported_as_unreachable(world):
    world.nameservers["ns1"].fence = 2
    world.want(zone("a.test.example"))
    world.run("ns1")
    assert not [each for each in world.of(Contact) if each.error]
    assert not world.nameservers["ns1"].zones


def test_a_new_configuration_goes_to_the_last_nameserver_first(world):
    world.run()
    assert world.nameservers["ns1"].configuration is None
    wanted = Renderer(TEMPLATES).named_conf(target("ns2"))
    assert hashlib.sha256(world.nameservers["ns2"].configuration).digest() == hashlib.sha256(wanted).digest()
    world.run()
    assert world.nameservers["ns1"].configuration == Renderer(TEMPLATES).named_conf(target("ns1"))


def test_a_refused_configuration_never_reaches_the_other_nameserver(world):
    world.nameservers["ns2"].refuses = "unknown option"
    world.want(zone("a.test.example"))
    for _ in range(3):
        world.run()
    assert world.nameservers["ns1"].configuration is None
    assert [each.error for each in world.of(Configured)] == ["unknown option"]
    assert world.nameservers["ns1"].zones
    assert world.nameservers["ns2"].zones


def test_each_nameserver_is_swept_at_the_start_and_not_in_every_pass(world):
    world.nameservers["ns1"].zones["stray.example"] = (7, b"")
    for _ in range(3):
        world.run()
    assert {each.nameserver: each.zones for each in world.of(Inventory)} == {"ns1": {"stray.example": 7}, "ns2": {}}
    assert len(world.of(Inventory)) == 2


def test_a_zone_a_nameserver_refuses_is_reported_with_its_reason(world):
    world.nameservers["ns1"].failing = {"bad.example": "disk full"}
    world.want(zone("bad.example"), zone("good.example"))
    world.run()
    outcomes = {(each.nameserver, outcome.domain): outcome for each in world.of(Published) for outcome in each.outcomes}
    assert outcomes["ns1", "bad.example"].state is State.FAILED
    assert outcomes["ns1", "bad.example"].error == "disk full"
    assert outcomes["ns1", "good.example"].state is State.IN_SYNC
    assert outcomes["ns2", "bad.example"].state is State.IN_SYNC


def test_a_nameserver_with_a_newer_serial_keeps_it(world):
    world.nameservers["ns1"].zones["a.test.example"] = (2026010199, b"newer")
    world.want(zone("a.test.example"))
    world.run()
    assert world.nameservers["ns1"].zones["a.test.example"] == (2026010199, b"newer")
    [outcome] = [outcome for each in world.of(Published) if each.nameserver == "ns1" for outcome in each.outcomes]
    assert (outcome.state, outcome.serial) == (State.OLDER, 2026010199)


def test_a_nameserver_that_was_started_again_is_swept_at_once(world, monkeypatch):
    monkeypatch.setattr("nameserver.publish._HEARTBEAT", 0.0)
    world.run()
    world.run()
    assert len(world.of(Inventory)) == 2
    world.nameservers["ns2"].started = "later"
    world.run()
    assert [each.nameserver for each in world.of(Inventory)].count("ns2") == 2
    assert len(world.of(Inventory)) == 3


@pytest.mark.parametrize(
    "record",
    [
        Record("r", "l" * 64, "A", 300, "192.0.2.1"),
        Record("r", "a..b", "A", 300, "192.0.2.1"),
        Record("r", "", "A", 300, "192.0.2.1"),
        Record("r", "www", "NONSENSE", 300, "x"),
        Record("r", "www", "", 300, "x"),
        Record("r", "www", "A", 300, "192.0.2.1\nevil A 192.0.2.66"),
        Record("r", "www\nevil", "A", 300, "192.0.2.1"),
        Record("r", "www", "MX", 300, "mail.example.net", None),
        Record("r", "www", "MX", 300, "mail.example.net", 70000),
        Record("r", "www", "A", None, "192.0.2.1"),  # type: ignore[arg-type]
        Record("r", "www", "A", -1, "192.0.2.1"),
        Record("r", "www", "A", 300, None),  # type: ignore[arg-type]
        Record("r", "www", "TXT", 300, "\ud800"),
        Record("r", None, "A", 300, "192.0.2.1"),  # type: ignore[arg-type]
        Record("r", "www", "CNAME", 300, "l" * 64 + ".example"),
    ],
    ids=lambda record: f"{record.name!r:.12} {record.type} {record.ttl} {record.value!r:.20} {record.priority}",
)
def test_whatever_is_stored_harms_its_own_zone_only(world, record):
    world.want(zone("good.example"), Zone("u", "bad.example", 1, (record,)))
    world.run()
    assert set(world.nameservers["ns1"].zones) == {"good.example"}
    assert [held.domain for held in world.of(Held)] == ["bad.example"]


@pytest.mark.parametrize("domain", ["l" * 64 + ".example", "a..example", ""])
def test_a_stored_domain_that_is_none_harms_no_other_zone(world, domain):
    world.want(zone("good.example"), zone(domain))
    world.run()
    assert set(world.nameservers["ns1"].zones) == {"good.example"}
    assert [held.domain for held in world.of(Held)] == [domain]


def test_one_that_does_not_attend_only_publishes():
    world = World(attends=False)
    world.run()
    world.want(zone("a.test.example"))
    world.run()
    world.reconciler.close()
    assert [type(each) for each in world.seen if not isinstance(each, Checks)] == [Published, Published]
    for nameserver in world.nameservers.values():
        assert set(nameserver.zones) == {"a.test.example"}
        assert nameserver.configuration is None


def test_one_that_does_not_attend_fails_the_zones_it_cannot_bring():
    """It is not for it to say that the nameserver is away: the other way may be whole."""
    world = World(attends=False)
    world.nameservers["ns1"].unreachable = True
    world.want(zone("a.test.example"))
    world.run()
    world.reconciler.close()
    outcomes = {each.nameserver: each.outcomes[0] for each in world.of(Published)}
    assert (outcomes["ns1"].state, outcomes["ns2"].state) == (State.FAILED, State.IN_SYNC)
    assert outcomes["ns1"].error == "The nameserver cannot be reached."
    assert world.of(Contact) == []


def test_a_nameserver_that_is_away_is_not_among_the_reachable(world):
    assignments = [Assignment(name, target(name), 1) for name in ("ns1", "ns2")]
    assert world.reconciler.reachable(assignments) == []  # nothing is known of them
    world.nameservers["ns1"].unreachable = True
    world.run()
    assert [each.name for each in world.reconciler.reachable(assignments)] == ["ns2"]
