"""A nameserver that hangs (SIGSTOP): the other one and the API do not notice, and it catches up by itself."""

import time
from collections.abc import Iterator

import pytest

from tests.acceptance.answers import assert_becomes_served, serial
from tests.stack import Stack, eventually, running


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for this module: what was frozen has caught up at the end of its test."""
    with running(tmp_path_factory.mktemp("frozen") / "data") as stack:
        yield stack


def standing(stack: Stack, zone: dict[str, object], name: str) -> dict[str, object]:
    """How one nameserver stands with the zone."""
    [found] = [each for each in stack.status(zone)["nameservers"] if each["name"] == name]
    return dict(found)


def test_a_frozen_nameserver(stack: Stack) -> None:
    zone, other = stack.zone("frozen.example.org", wait=10), stack.zone("other.example.org", wait=10)
    before = serial(stack.dns[1], zone["domain"])
    with stack.frozen("ns2"):
        for number in range(10):
            stack.record(zone, f"r{number}", f"192.0.2.{number}")
            wanted = stack.status(zone)["serial"]
            eventually(lambda wanted=wanted: serial(stack.dns[0], zone["domain"]) == wanted, 5)  # type: ignore[misc]
            eventually(lambda: standing(stack, zone, "ns1")["state"] == "in_sync", 5)
        assert stack.status(zone)["state"] == "pending"

        said = eventually(lambda: unreachable(stack, zone))
        assert said.endswith(".")
        assert "Traceback" not in said
        assert standing(stack, zone, "ns2")["serial"] == before

        # Known to be down: a waiting request is told so, and does not hold its place for the whole time.
        began = time.monotonic()
        made = stack.call("POST", f"dns-zones/{other['uuid']}/records/", RECORD, wait=30)
        assert made.status_code == 201
        assert made.headers["X-Publication"] == "pending"
        assert time.monotonic() - began < 20
        eventually(lambda: serial(stack.dns[0], other["domain"]) == int(made.headers["X-Zone-Serial"]))

        listed = stack.cli("nameserver", "list").stdout
        assert [line.split()[1] for line in listed.splitlines()[1:]] == ["in_sync", "unreachable"]

    assert_becomes_served(stack, zone, other, seconds=60)
    eventually(lambda: stack.status(zone)["state"] == stack.status(other)["state"] == "in_sync")
    stack.record(zone, "after", "192.0.2.200", wait=10)


def test_zones_that_come_and_go_while_it_is_frozen(stack: Stack) -> None:
    gone, stays = stack.zone("gone.example.org", wait=10), stack.zone("stays.example.org", wait=10)
    with stack.frozen("ns1"):
        stack.done("DELETE", f"dns-zones/{gone['uuid']}/")
        new = stack.zone("new.example.org")
        stack.done("DELETE", f"dns-zones/{stays['uuid']}/")
        again = stack.zone("stays.example.org")
        stack.record(again, "www", "192.0.2.1")
        eventually(lambda: serial(stack.dns[1], "gone.example.org") is None)
        eventually(lambda: serial(stack.dns[1], "new.example.org"))
        eventually(lambda: unreachable(stack, again, "ns1"))
    assert_becomes_served(stack, new, again, seconds=60)
    eventually(lambda: serial(stack.dns[0], "gone.example.org") is None, 60)


def test_both_frozen(stack: Stack) -> None:
    zone = stack.zone("both.example.org", wait=10)
    with stack.frozen("ns1"), stack.frozen("ns2"):
        for number in range(5):
            stack.record(zone, f"r{number}", f"192.0.2.{number}")
        made = stack.call("POST", f"dns-zones/{zone['uuid']}/records/", RECORD, wait=1)
        assert (made.status_code, made.headers["X-Publication"]) == (201, "pending")
    assert_becomes_served(stack, zone, seconds=60)


RECORD = {"record_type": "A", "name": "waits", "value": "192.0.2.250"}


def unreachable(stack: Stack, zone: dict[str, object], name: str = "ns2") -> str:
    """The sentence that status/ has for a nameserver that cannot be reached; empty while it does not say so."""
    found = standing(stack, zone, name)
    return str(found["error"]) if found["state"] == "unreachable" else ""
