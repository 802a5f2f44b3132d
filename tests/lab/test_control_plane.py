"""The whole way on the lab's hosts: API and control plane on control, ns1 and ns2 over SSH."""

import time
from collections.abc import Iterator

import pytest

from tests.lab.control import Control, running
from tests.lab.hosts import Host, Lab, eventually, finished

pytestmark = pytest.mark.timeout(900)


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


def _edit_while_down(control: Control, ns1: Host, ns2: Host, zones: int, changes: int, prefix: str) -> None:
    made = control.zones(zones, prefix)
    eventually(lambda: control.in_sync(made, ns1) and control.in_sync(made, ns2), 60.0)
    ns1.fault("link-down")
    for number in range(changes):
        body = {"record_type": "A", "name": f"h{number}", "value": "192.0.2.1"}
        control.call("POST", f"dns-zones/{made[number % zones]['uuid']}/records/", body)
    eventually(lambda: control.in_sync(made, ns2), 60.0)
    eventually(lambda: control.state(made[0], "ns1")["state"] == "unreachable", 60.0)
    assert control.state(made[0], "ns1")["error"]
    assert control.state(made[0], "ns2")["state"] == "in_sync"
    ns1.heal()
    eventually(lambda: control.in_sync(made, ns1), 60.0)
    eventually(lambda: control.state(made[0], "ns1")["state"] == "in_sync", 30.0)


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
