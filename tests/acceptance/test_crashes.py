"""SIGKILL for each part of a running stack: the rest goes on, and what was killed comes back by itself."""

import threading
from collections.abc import Callable, Iterator
from itertools import count

import pytest
import requests

from tests.acceptance.answers import ask_all, assert_becomes_served, assert_served, differences, serials
from tests.stack import Stack, eventually, running

Zones = list[dict[str, object]]
_numbers = count()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for this module: whatever is killed must have come back before the next test."""
    with running(tmp_path_factory.mktemp("crashes") / "data") as stack:
        yield stack


@pytest.fixture
def zones(stack: Stack) -> Zones:
    """Twelve zones with a record each, served."""
    made: Zones = [stack.zone(f"zone{next(_numbers)}.example.net") for _ in range(12)]
    for number, zone in enumerate(made):
        stack.record(zone, "www", f"192.0.2.{number}")
    assert_becomes_served(stack, *made)
    return made


def all_served(stack: Stack, zones: Zones) -> Callable[[], bool]:
    """Do both answer everything? A nameserver that is away is a no."""

    def look() -> bool:
        if None in [serial for zone in zones for serial in serials(stack, str(zone["domain"]))]:
            return False
        return not any(differences(stack, zone) for zone in zones)

    return look


def test_both_nameservers_killed(stack: Stack, zones: Zones) -> None:
    stack.kill("ns1", "ns2")
    eventually(all_served(stack, zones), what="not all zones are answered again")
    stack.record(zones[0], "again", "198.51.100.1", wait=20)
    assert_served(stack, zones[0])
    assert "ns1 ended and is started again" in stack.errors()


def test_nameservers_killed_right_after_a_write(stack: Stack, zones: Zones) -> None:
    """New zones, changes and deletions of the last moment are there after the restart."""
    for number in range(2):  # from a nameserver's sixth death within a minute on, `up` takes its time
        new = stack.zone(f"new{number}.example.net")
        stack.record(new, "www", "192.0.2.99")
        old = zones.pop()
        stack.done("DELETE", f"dns-zones/{old['uuid']}/")
        stack.record(zones[0], f"late{number}", "192.0.2.98")
        zones.append(new)
        stack.kill("ns1", "ns2") if number else stack.kill("ns2")
        assert_becomes_served(stack, *zones)
        eventually(lambda old=old: serials(stack, str(old["domain"])) == [None, None])  # type: ignore[misc]


def test_everything_else_down_and_the_nameservers_answer_on(stack: Stack, zones: Zones) -> None:
    with stack.frozen("control"), stack.frozen("api"):
        questions = [(f"www.{zone['domain']}", "A") for zone in zones]
        assert {answer.rcode for question in questions for answer in ask_all(stack, *question)} == {"NOERROR"}


def test_control_plane_killed(stack: Stack, zones: Zones) -> None:
    stack.record(zones[0], "before", "192.0.2.100")
    stack.kill("control")
    stack.record(zones[0], "after", "192.0.2.101", wait=20)
    assert_served(stack, zones[0])
    assert "control ended and is started again" in stack.errors()


def test_api_killed(stack: Stack, zones: Zones) -> None:
    """Whatever it had acknowledged is there, and is published."""
    acknowledged: list[str] = []
    stopping = threading.Event()

    def write() -> None:
        number = 0
        while not stopping.is_set():
            number += 1
            body = {"record_type": "A", "name": f"n{number}", "value": "192.0.2.7"}
            headers = {"Authorization": f"Bearer {stack.token}"}
            url = f"{stack.url}/api/v1/dns-zones/{zones[0]['uuid']}/records/"
            try:
                if requests.post(url, json=body, headers=headers, timeout=10).status_code == 201:
                    acknowledged.append(f"n{number}")
            except requests.RequestException:
                stopping.wait(0.05)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        eventually(lambda: len(acknowledged) > 10)
        stack.kill("api")
        seen = len(acknowledged)
        eventually(lambda: len(acknowledged) > seen + 10)
    finally:
        stopping.set()
        writer.join()
    there = {record["name"] for record in stack.done("GET", f"dns-zones/{zones[0]['uuid']}/records/").json()}
    assert set(acknowledged) <= there
    assert_becomes_served(stack, zones[0])


def test_up_killed(stack: Stack, zones: Zones) -> None:
    """No child lives on, so the next start has its ports, and the same data."""
    stack.record(zones[0], "late", "192.0.2.55")
    stack.crash()
    stack.start()
    assert "vps_" not in stack.output()
    assert_becomes_served(stack, *zones)
    stack.record(zones[0], "later", "192.0.2.56", wait=10)
    assert_served(stack, zones[0])


def test_a_child_that_keeps_ending_stops_nothing_else(stack: Stack, zones: Zones) -> None:
    nameservers = [stack.running(name) for name in ("ns1", "ns2")]
    for _ in range(9):
        if "control failed 6 times" in stack.errors():
            break
        stack.kill("control")
    assert "control failed 6 times and is tried again at intervals" in stack.errors()
    assert [stack.child(name) for name in ("ns1", "ns2")] == nameservers
    stack.record(zones[0], "later", "192.0.2.57", wait=30)
    assert_served(stack, zones[0])


def test_an_edited_configuration_and_a_lost_key_heal(stack: Stack, zones: Zones) -> None:
    """By the next start of the nameserver, and the control plane goes on with it."""
    folder = stack.data / "ns2"
    (folder / "named.conf").write_text("options { nonsense yes; };\n")
    (folder / "rndc.key").unlink()
    stack.kill("ns2")
    eventually(all_served(stack, zones), what="ns2 does not answer again")
    stack.record(zones[0], "healed", "192.0.2.58", wait=30)
    assert_served(stack, zones[0])
