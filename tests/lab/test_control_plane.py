"""The whole way on the lab's hosts: API and control plane on control, ns1 and ns2 over SSH."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.control import Control, running
from tests.lab.hosts import Host, Lab, eventually, finished

pytestmark = pytest.mark.timeout(900)

BAD_LINES = [("delay", "50"), ("loss", "15"), ("rate", "256"), ("kill", "sshd")]


@pytest.fixture(scope="module")
def control(running_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    with running(running_lab, tmp_path_factory.mktemp("control") / "data") as made:
        yield made


def test_a_record_is_answered_by_both_hosts(lab: Lab, control: Control) -> None:
    """Over UDP and TCP, IPv4 and IPv6, as soon as the API says so."""
    zone = control.call("POST", "dns-zones/", {"domain": "first.example.net"}, wait=10).json()
    body = {"record_type": "A", "name": "www", "value": "192.0.2.1"}
    answer = control.call("POST", f"dns-zones/{zone['uuid']}/records/", body, wait=10)
    assert answer.headers["X-Publication"] == "in_sync"
    serial = int(answer.headers["X-Zone-Serial"])
    seen = {
        (host.name, tcp, ipv6): host.serial(zone["domain"], tcp=tcp, ipv6=ipv6)
        for host in lab.nameservers
        for tcp in (False, True)
        for ipv6 in (False, True)
    }
    assert seen == dict.fromkeys(seen, serial)
    control.call("DELETE", f"dns-zones/{zone['uuid']}/", wait=10)
    assert [host.serial(zone["domain"]) for host in lab.nameservers] == [None, None]


def _edit(control: Control, zone: dict[str, Any], name: str) -> None:
    body = {"record_type": "A", "name": name, "value": "192.0.2.1"}
    control.call("POST", f"dns-zones/{zone['uuid']}/records/", body)


def _edit_while_down(control: Control, ns1: Host, ns2: Host, zones: int, changes: int, prefix: str) -> None:
    made = control.zones(zones, prefix)
    eventually(lambda: control.in_sync(made, ns1) and control.in_sync(made, ns2), 60.0)
    ns1.fault("link-down")
    for number in range(changes):
        _edit(control, made[number % zones], f"h{number}")
        assert control.state(made[number % zones], "ns1")["state"] in ("pending", "unreachable")
        eventually(lambda number=number: control.state(made[number % zones], "ns2")["state"] == "in_sync", 20.0)
    assert control.in_sync(made, ns2)
    eventually(lambda: control.state(made[0], "ns1")["state"] == "unreachable", 60.0)
    for standing in (control.state(zone, "ns1") for zone in made):
        assert standing["state"] == "unreachable"
        assert standing["error"]
    ns1.heal()
    eventually(lambda: control.in_sync(made, ns1), 60.0)
    eventually(lambda: all(control.state(zone, "ns1")["state"] == "in_sync" for zone in made), 30.0)


def test_a_cut_link_delays_nobody_else_and_heals_by_itself(control: Control, ns1: Host, ns2: Host) -> None:
    _edit_while_down(control, ns1, ns2, 5, 25, "link")


@pytest.mark.long
def test_500_changes_over_50_zones_while_the_link_is_cut(control: Control, ns1: Host, ns2: Host) -> None:
    _edit_while_down(control, ns1, ns2, 50, 500, "links")


def test_another_host_key_is_told_and_nothing_is_sent(control: Control, ns1: Host, ns2: Host) -> None:
    [zone] = control.zones(1, "key")
    eventually(lambda: control.in_sync([zone], ns1), 60.0)
    before = ns1.serial(zone["domain"])
    ns1.fault("host-key")
    ns1.service("ssh", "restart")
    finished(["pkill", "-f", "--", f"-l zonewright -- {ns1.address} zonewright-agent"])  # the open connection
    control.call("POST", f"dns-zones/{zone['uuid']}/records/", {"record_type": "A", "name": "x", "value": "192.0.2.1"})
    eventually(lambda: "host key" in (control.state(zone, "ns1")["error"] or ""), 60.0)
    assert ns1.serial(zone["domain"]) == before
    eventually(lambda: control.in_sync([zone], ns2), 30.0)
    ns1.heal()
    eventually(lambda: control.in_sync([zone], ns1), 60.0)


# What breaks, and the state and the words that tell of it. How a cut link and another host key are told is above.
TOLD = [
    (("freeze", "named"), "unreachable", "named does not"),
    (("disk-full",), "failed", "No space left"),
    (("read-only",), "failed", "Read-only"),
    pytest.param(("drop", "all"), "unreachable", "", marks=pytest.mark.long),
    pytest.param(("drop", "tcp/22"), "unreachable", "", marks=pytest.mark.long),
    pytest.param(("freeze", "sshd"), "unreachable", "", marks=pytest.mark.long),
]


@pytest.mark.parametrize(("fault", "state", "words"), TOLD, ids=str)
def test_fault_is_told_and_over_by_itself(
    control: Control, ns1: Host, ns2: Host, fault: tuple[str, ...], state: str, words: str
) -> None:
    """The old data stays served, the other nameserver does not wait, and nobody has to do anything."""
    [zone] = control.zones(1, f"told-{'-'.join(fault).replace('/', '-')}")
    eventually(lambda: control.in_sync([zone], ns1), 60.0)
    before = ns1.serial(zone["domain"])
    ns1.fault(*fault)
    _edit(control, zone, "www2")
    eventually(lambda: control.in_sync([zone], ns2), 20.0)

    def told() -> bool:
        standing = control.state(zone, "ns1")
        assert standing["state"] != "in_sync"
        return standing["state"] == state and bool(standing["error"]) and words in standing["error"]

    eventually(told, 60.0)
    if fault not in (("freeze", "named"), ("drop", "all")):  # then it answers nobody here
        assert ns1.serial(zone["domain"]) == before
    ns1.heal()
    eventually(lambda: control.in_sync([zone], ns1), 60.0)
    eventually(lambda: control.state(zone, "ns1")["state"] == "in_sync", 30.0)


@pytest.mark.parametrize(
    "fault", [("kill", "named"), *(pytest.param(each, marks=pytest.mark.long) for each in BAD_LINES)], ids=str
)
def test_changes_arrive_all_the_same(control: Control, ns1: Host, ns2: Host, fault: tuple[str, ...]) -> None:
    """Through a bad line, and although named was killed a moment ago."""
    zones = control.zones(3, f"arrive-{'-'.join(fault)}")
    eventually(lambda: control.in_sync(zones, ns1), 60.0)
    ns1.fault(*fault)
    for zone in zones:
        _edit(control, zone, "www2")
    eventually(lambda: control.in_sync(zones, ns2), 20.0)
    eventually(lambda: control.in_sync(zones, ns1), 120.0)
    ns1.heal()
    eventually(lambda: control.state(zones[0], "ns1")["state"] == "in_sync", 60.0)


def _fill_again(control: Control, host: Host, zones: int, prefix: str) -> float:
    """A host that lost everything is complete again by itself; seconds from its start."""
    made = control.zones(zones, prefix)
    eventually(lambda: all(control.state(each, host.name)["state"] == "in_sync" for each in made[-3:]), 300.0)
    host.service("named", "stop")
    host.exec("sh", "-c", "rm -rf /var/lib/bind/zonewright/*")
    host.service("named", "start")
    began = time.monotonic()
    assert host.serial(made[0]["domain"]) is None
    eventually(lambda: all(host.serial(each["domain"]) for each in made[:2] + made[-2:]), 300.0)
    eventually(lambda: all(host.serial(each["domain"]) for each in made), 300.0)
    return time.monotonic() - began


def test_a_wiped_nameserver_is_filled_again(control: Control, ns2: Host) -> None:
    _fill_again(control, ns2, 20, "wiped")


@pytest.mark.long
def test_5000_zones_are_filled_again(control: Control, ns2: Host) -> None:
    seconds = _fill_again(control, ns2, 5000, "many")
    print(f"5,000 zones were complete again after {seconds:.1f} s")
