"""What a sweep calls a difference, with a nameserver in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from nameserver.drift import Drift, Expected, Kind, lines, sentence
from nameserver.errors import Unreachable
from nameserver.records import Record
from nameserver.render import Renderer
from nameserver.sweep import Comparison, Drifted, Inventory, Sweep
from nameserver.transport.memory import MemoryNameserver, MemoryTransport
from nameserver.zone import Authority, Zone

RENDERER = Renderer(Path(__file__).parents[2] / "bind-templates")
AUTHORITY = Authority(("ns1.dns.test", "ns2.dns.test"), "hostmaster.dns.test")


def zone(domain: str, serial: int = 7, addresses: Sequence[str] = ("192.0.2.1",)) -> Zone:
    return Zone("u", domain, serial, tuple(Record(each, "www", "A", 300, each) for each in addresses))


def file_of(wanted: Zone) -> bytes:
    return RENDERER.zone_file(wanted, AUTHORITY).content


@dataclass
class World:
    """Zones that one nameserver has as they should be, until a test changes it; `share` is of their contents."""

    share: float = 0.0
    zones: dict[str, Zone] = field(default_factory=dict)
    known: dict[str, Expected] = field(default_factory=dict)
    there: MemoryNameserver = field(default_factory=MemoryNameserver)
    after: str | None = ""

    def has(self, *zones: Zone) -> None:
        for each in zones:
            rendered = RENDERER.zone_file(each, AUTHORITY)
            self.zones[each.domain] = each
            self.known[each.domain] = Expected(each.serial, rendered.digest, settled=True)
            self.there.zones[each.domain] = each.serial, rendered.content

    def serves(self, other: Zone, on_disk: bool = True) -> None:
        """Somebody changed it there."""
        if not on_disk:
            self.there.files[other.domain] = self.there.zones[other.domain][1]
        self.there.zones[other.domain] = other.serial, file_of(other)

    def expected(self, _name: str, domains: Sequence[str] | None) -> dict[str, Expected]:
        return {domain: self.known[domain] for domain in self.known if domains is None or domain in domains}

    def sweep(self, *only: str) -> list[Drift]:
        wanted = lambda domains: {domain: self.zones[domain] for domain in domains if domain in self.zones}  # noqa: E731
        comparison = Comparison(self.expected, wanted, RENDERER, AUTHORITY, self.share)
        sweep = Sweep("ns1", MemoryTransport(self.there), comparison, frozenset(only) or None, self.after)
        found: list[Drift] = []
        while (seen := sweep.step()) is not None:
            if isinstance(seen, Drifted):
                found.extend(seen.drifts)
        assert sweep.left == 0
        self.after = sweep.after
        return found


@pytest.fixture
def world() -> World:
    made = World()
    made.has(zone("a.example"), zone("b.example"))
    return made


def kinds(found: list[Drift]) -> dict[str, Kind]:
    assert len(found) == len({each.domain for each in found})
    return {each.domain: each.kind for each in found}


def test_what_is_as_it_should_be_is_no_drift(world: World) -> None:
    world.share = 1.0
    assert world.sweep() == []


def test_a_zone_that_is_gone(world: World) -> None:
    del world.there.zones["a.example"]
    assert kinds(world.sweep()) == {"a.example": Kind.MISSING}


def test_another_serial_is_told_with_the_records(world: World) -> None:
    world.serves(zone("a.example", 9, ("192.0.2.66",)))
    [found] = world.sweep()
    assert (found.kind, found.serial, found.expected) == (Kind.SERIAL, 9, world.known["a.example"])
    assert list(lines(found.records)) == ["+ www.a.example. 300 A 192.0.2.66", "- www.a.example. 300 A 192.0.2.1"]
    assert sentence(found) == "It serves serial 9 instead of 7."


def test_a_file_that_is_not_loaded(world: World) -> None:
    world.there.files["a.example"] = b"edited"
    [found] = world.sweep()
    assert (found.kind, found.records) == (Kind.FILE, None)
    assert found.digest not in (None, world.known["a.example"].digest)
    assert "what is served is right" in sentence(found)


def test_a_file_that_was_loaded_is_other_content(world: World) -> None:
    world.serves(zone("b.example", 7, ("192.0.2.1", "192.0.2.66")))
    [found] = world.sweep()
    assert found.kind is Kind.CONTENT
    assert list(lines(found.records)) == ["+ www.b.example. 300 A 192.0.2.66"]


def test_content_whose_file_is_right_is_found_by_its_turn(world: World) -> None:
    world.serves(zone("b.example", 7, ("192.0.2.66",)), on_disk=False)
    assert world.sweep() == []
    world.share = 1.0
    assert kinds(world.sweep()) == {"b.example": Kind.CONTENT}


@pytest.mark.parametrize("zones", [1, 7, 10, 30])
def test_every_content_has_its_turn_once_in_a_round(zones: int) -> None:
    world = World(share=0.1, after=None)
    world.has(*(zone(f"z{number}.example") for number in range(zones)))
    for domain in world.zones:
        world.serves(zone(domain, 7, ("192.0.2.66",)), on_disk=False)
    found = [each.domain for _ in range(10) for each in world.sweep()]
    assert set(found) == set(world.zones)
    if zones >= 10:
        assert sorted(found) == sorted(world.zones)


def test_strays_are_told(world: World) -> None:
    world.there.zones["stray.example"] = 3, b""
    world.there.zones["deleted.example"] = 3, b""
    world.known["deleted.example"] = Expected(None, None, settled=True)
    found = world.sweep()
    assert kinds(found) == {"stray.example": Kind.STRAY, "deleted.example": Kind.STRAY}
    assert {each.domain: each.expected is None for each in found} == {"stray.example": True, "deleted.example": False}


def test_only_the_unknown_is_a_stray_of_the_inventory(world: World) -> None:
    world.there.zones["stray.example"] = 3, b""
    world.there.zones["deleted.example"] = 3, b""
    world.known["deleted.example"] = Expected(None, None, settled=True)
    comparison = Comparison(world.expected, lambda _: {}, RENDERER, AUTHORITY, 0)
    first = Sweep("ns1", MemoryTransport(world.there), comparison).step()
    assert isinstance(first, Inventory)
    assert list(first.strays) == ["stray.example"]


def test_what_is_on_its_way_or_held_is_not_compared(world: World) -> None:
    world.share = 1.0
    for domain in world.known:
        world.known[domain] = replace(world.known[domain], settled=False)
    world.there.zones["a.example"] = 1, b"other"
    del world.there.zones["b.example"]
    assert world.sweep() == []


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_publication_meanwhile_is_no_drift(world: World, monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    """Between the questions the zone was published again: what was found belongs to an earlier time."""
    world.share = share
    asked = MemoryTransport.digests if not share else MemoryTransport.content

    def publishes(transport: MemoryTransport, domains: Sequence[str]) -> object:
        world.has(zone("a.example", 8, ("192.0.2.2",)))
        return asked(transport, domains)

    monkeypatch.setattr(MemoryTransport, asked.__name__, publishes)
    assert world.sweep() == []


def test_the_same_published_once_more_meanwhile_is_no_drift(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import UTC, datetime

    world.there.files["a.example"] = b"edited"
    digests = MemoryTransport.digests

    def mended(transport: MemoryTransport, domains: Sequence[str]) -> object:
        answer = digests(transport, domains)
        world.known["a.example"] = replace(world.known["a.example"], asked_at=datetime.now(UTC))
        return answer

    monkeypatch.setattr(MemoryTransport, "digests", mended)
    assert world.sweep() == []


def test_only_the_zones_asked_for(world: World) -> None:
    world.there.files |= {"a.example": b"edited", "b.example": b"edited"}
    world.there.zones["stray.example"] = 3, b""
    assert kinds(world.sweep("b.example")) == {"b.example": Kind.FILE}


def test_an_unreachable_nameserver_is_no_drift(world: World) -> None:
    world.there.unreachable = True
    with pytest.raises(Unreachable):
        world.sweep()


def test_a_zone_that_vanished_from_the_database_is_not_called_other_content(world: World) -> None:
    world.share = 1.0
    world.serves(zone("a.example", 7, ("192.0.2.66",)), on_disk=False)
    del world.zones["a.example"]
    assert world.sweep() == []


def test_of_many_records_the_first_20_are_told_and_the_rest_counted(world: World) -> None:
    world.serves(zone("a.example", 7, [f"192.0.2.{number}" for number in range(1, 60)]))
    [found] = world.sweep()
    told = list(lines(found.records))
    assert len(told) == 21
    assert told[-1] == "+ and 38 more"


def test_many_files_changed_at_once_are_all_told() -> None:
    world = World()
    world.has(*(zone(f"z{number}.example") for number in range(35)))
    world.there.files = dict.fromkeys(world.zones, b"edited")
    assert kinds(world.sweep()) == dict.fromkeys(world.zones, Kind.FILE)
