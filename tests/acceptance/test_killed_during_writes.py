"""The control plane killed again and again while clients write: the end is the database's, and no serial falls."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.answers import ask_all, assert_becomes_served, serials
from tests.stack import Stack, eventually, running
from tests.watching import watched

WRITES = 200
ZONES = 5
KILLS = 4  # `up` gives up at a child's sixth death within a minute, and one more comes from the second test


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for the tests here that are not long."""
    with running(tmp_path_factory.mktemp("killed") / "data") as stack:
        yield stack


class Writer:
    """Writes at random: records come, change and go; now and then a zone goes and comes back."""

    def __init__(self, stack: Stack, seed: int) -> None:
        self._stack, self._random = stack, random.Random(seed)
        self.zones: dict[str, dict[str, Any]] = {}
        self._records: dict[str, list[tuple[str, str]]] = {}
        self.gone: set[str] = set()
        self._number = 0
        for number in range(ZONES):
            self._create(f"killed{number}-{seed}.example.org")

    def write(self) -> None:
        """One accepted write."""
        domain = self._random.choice(sorted(self.zones))
        records = self._records[domain]
        chance = self._random.random()
        if chance < 0.04:
            self._stack.done("DELETE", f"dns-zones/{self.zones[domain]['uuid']}/")
            self.gone |= {f"{name}.{domain}" for _, name in records}
            self._create(domain)
        elif records and chance < 0.25:
            uuid, name = records.pop(self._random.randrange(len(records)))
            self._stack.done("DELETE", f"dns-records/{uuid}/")
            self.gone.add(f"{name}.{domain}")
        elif records and chance < 0.6:
            uuid, _ = self._random.choice(records)
            self._stack.done("PATCH", f"dns-records/{uuid}/", {"value": self._value()})
        else:
            self._number += 1
            made = self._stack.record(self.zones[domain], f"r{self._number}", self._value())
            records.append((made["uuid"], made["name"]))

    def _create(self, domain: str) -> None:
        self.zones[domain] = self._stack.zone(domain)
        self._records[domain] = []

    def _value(self) -> str:
        return f"10.{self._random.randrange(256)}.{self._random.randrange(256)}.{self._random.randrange(256)}"


def killed_at(seed: int, kills: int) -> set[int]:
    """After which of the writes the kills come."""
    return set(random.Random(seed).sample(range(5, WRITES), kills))


def assert_database_is_served(stack: Stack, writer: Writer) -> None:
    """Every record of the database is answered, and no other that ever was one."""
    assert_becomes_served(stack, *writer.zones.values())
    present = {
        f"{record['name']}.{zone['domain']}"
        for zone in writer.zones.values()
        for record in stack.done("GET", f"dns-zones/{zone['uuid']}/records/").json()
    }
    assert {answer.rcode for owner in writer.gone - present for answer in ask_all(stack, owner, "A")} <= {"NXDOMAIN"}
    for domain, zone in writer.zones.items():
        assert serials(stack, domain) == [stack.status(zone)["serial"]] * 2


def test_control_plane_killed_during_writes(shared: Stack) -> None:
    writer = Writer(shared, seed=1)
    with watched(shared.dns, sorted(writer.zones)) as falls:
        moments = killed_at(1, KILLS)
        for number in range(WRITES):
            writer.write()
            if number in moments:
                shared.shoot("control")  # the writes go on meanwhile
        assert_database_is_served(shared, writer)
    assert falls == []


def quick_changes(stack: Stack, rounds: int, changes: int) -> None:
    """Change one record as fast as the API lets us, never waiting; the last change is served in the end."""
    zone = stack.zone("quick.example.org")
    record = stack.record(zone, "www", "10.0.0.0")
    for round_ in range(rounds):
        for number in range(changes):
            value = f"10.{round_}.{number >> 8}.{number & 255}"
            stack.done("PATCH", f"dns-records/{record['uuid']}/", {"value": value, "ttl": 60 + number})
        eventually(lambda: set(serials(stack, zone["domain"])) == {stack.status(zone)["serial"]})
        [served] = {answer.rdata for answer in ask_all(stack, f"www.{zone['domain']}", "A")}
        assert served == {bytes(map(int, value.split("."))).hex()}


def test_500_quick_changes_of_one_record(shared: Stack) -> None:
    quick_changes(shared, rounds=1, changes=500)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_500_quick_changes_of_one_record_for_long(stack: Stack) -> None:
    with watched(stack.dns, ["quick.example.org"]) as falls:
        quick_changes(stack, rounds=20, changes=500)
    assert falls == []
