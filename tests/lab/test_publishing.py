"""The control plane's agent over SSH: zones go live on both hosts and outlive what happens to named."""

from pathlib import Path

import pytest

from nameserver.errors import ConfigurationRefused
from nameserver.plan import State
from nameserver.render import Renderer
from nameserver.target import Target
from tests.lab.hosts import Host, Lab, eventually, finished
from tests.nameservers import TEMPLATES, publication, removal

pytestmark = pytest.mark.timeout(600)

DATA = "/var/lib/bind/zonewright"


def publish(host: Host, *domains: str, serial: int = 1) -> None:
    """Publish small zones."""
    with host.transport() as transport:
        answer = transport.publish([publication(domain, serial) for domain in domains], 1)
    assert [(outcome.state, outcome.error) for outcome in answer.outcomes] == [(State.IN_SYNC, None)] * len(domains)


def serves(host: Host, domain: str, serial: int = 1, seconds: float = 20.0) -> None:
    """It answers the zone before long."""
    assert eventually(lambda: host.serial(domain) == serial, seconds)


def test_agent_says_hello(lab: Lab) -> None:
    for host in lab.nameservers:
        with host.transport() as transport:
            greeting = transport.hello()
        assert greeting.running
        assert greeting.named.startswith("BIND 9.")
        assert greeting.configuration is not None


def test_zone_is_answered_by_both_on_every_way(lab: Lab) -> None:
    for host in lab.nameservers:
        publish(host, "ways.example")
        ways = [(tcp, ipv6) for tcp in (False, True) for ipv6 in (False, True)]
        assert [host.serial("ways.example", tcp, ipv6) for tcp, ipv6 in ways] == [1] * 4


def test_zone_is_removed(ns1: Host) -> None:
    publish(ns1, "gone.example")
    with ns1.transport() as transport:
        assert transport.publish([removal("gone.example", 2)], 1).outcomes[0].state is State.IN_SYNC
    assert ns1.serial("gone.example") is None


def rendered() -> bytes:
    """A named.conf as the control plane makes it, answering on every address."""
    where = {"directory": DATA, "key_file": "/etc/zonewright/rndc.key", "exempt": ("10.53.0.1", "fd53::1")}
    return Renderer(TEMPLATES).named_conf(Target("ns2", ("ssh",), ("192.0.2.53",), 53, listen=("any",), **where))


def test_first_named_conf_is_replaced_by_the_control_planes(ns2: Host) -> None:
    publish(ns2, "configured.example")
    with ns2.transport() as transport:
        first = transport.hello().configuration
        transport.configure(rendered(), 1)
        assert transport.hello().configuration != first
    assert [ns2.serial("configured.example", ipv6=ipv6) for ipv6 in (False, True)] == [1, 1]
    ns2.service("named", "restart")
    serves(ns2, "configured.example")


@pytest.mark.parametrize(("old", "new"), [(b"recursion no;", b"recursion nay;"), (b"allow-new-zones yes;", b"")])
def test_bad_named_conf_is_refused(ns2: Host, old: bytes, new: bytes) -> None:
    publish(ns2, "kept.example")
    with ns2.transport() as transport:
        before = transport.hello().configuration
        with pytest.raises(ConfigurationRefused):
            transport.configure(rendered().replace(old, new), 1)
        assert transport.hello().configuration == before
    serves(ns2, "kept.example", seconds=5)


# ---- what happens to named ----


def test_killed_named_is_started_again(ns1: Host) -> None:
    publish(ns1, "killed.example")
    before = ns1.named()
    ns1.fault("kill", "named")
    serves(ns1, "killed.example")
    assert ns1.named() not in ("", before)


def test_damaged_zone_database_is_repaired_at_the_start(ns1: Host) -> None:
    publish(ns1, "damaged.example", "whole.example")
    ns1.service("named", "stop")
    ns1.exec("dd", "if=/dev/urandom", f"of={DATA}/_default.nzd", "bs=4096", "count=2", "conv=notrunc", "status=none")
    ns1.service("named", "start")
    serves(ns1, "damaged.example")
    assert ns1.serial("whole.example") == 1
    assert "broken" in ns1.exec("ls", DATA)


def test_list_is_kept_by_an_agent_whose_named_was_started_again(ns1: Host) -> None:
    """The start's repair writes the list as another account; the agent must be able to write on."""
    with ns1.transport() as transport:
        transport.publish([publication("before.example", 1)], 1)
        ns1.service("named", "restart")
        serves(ns1, "before.example")
        transport.publish([publication("after.example", 1)], 1)
    assert "+after.example\n" in ns1.exec("cat", f"{DATA}/state/zones.list")


def test_emptied_host_is_filled_again(ns2: Host) -> None:
    publish(ns2, "wiped.example")
    ns2.exec("sh", "-c", "rm -rf /var/lib/bind/*")
    ns2.service("named", "restart")
    eventually(lambda: finished(ns2.ssh_argv()).returncode == 0)
    assert ns2.serial("wiped.example") is None
    with ns2.transport() as transport:
        assert transport.inventory() == {}
    publish(ns2, "wiped.example", serial=2)
    serves(ns2, "wiped.example", 2)
    ns2.service("named", "restart")
    serves(ns2, "wiped.example", 2)


def test_named_conf_that_bind_does_not_understand_is_put_aside(ns2: Host) -> None:
    publish(ns2, "upgraded.example")
    ns2.exec("sh", "-c", f"echo 'option-of-another-release yes;' >>{DATA}/named.conf")
    ns2.service("named", "restart")
    serves(ns2, "upgraded.example")
    assert "named.conf.refused" in ns2.exec("ls", DATA)


def test_named_writes_nothing_that_strangers_read(ns1: Host) -> None:
    publish(ns1, "modes.example")
    modes = dict(
        line.split()
        for line in ns1.exec("stat", "-c", "%n %a", f"{DATA}/named.log", f"{DATA}/_default.nzd").splitlines()
    )
    assert {Path(name).name: mode for name, mode in modes.items()} == {"named.log": "640", "_default.nzd": "600"}


@pytest.mark.long
def test_new_host_in_place_of_the_old_one_is_filled(lab: Lab, ns2: Host) -> None:
    publish(ns2, "reset.example")
    lab.run("reset", "ns2")
    assert ns2.serial("reset.example") is None
    publish(ns2, "reset.example", serial=2)
    serves(ns2, "reset.example", 2)


@pytest.mark.long
def test_five_thousand_zones_outlive_a_damaged_database(ns2: Host) -> None:
    domains = [f"z{number}.many.example" for number in range(5000)]
    for start in range(0, len(domains), 200):
        publish(ns2, *domains[start : start + 200])
    ns2.service("named", "stop")
    ns2.exec("truncate", "-s", "4096", f"{DATA}/_default.nzd")
    ns2.service("named", "start")
    serves(ns2, domains[-1], seconds=60)
    with ns2.transport() as transport:
        assert eventually(lambda: set(domains) <= set(transport.inventory()))
        for start in range(0, len(domains), 200):
            transport.publish([removal(domain, 2) for domain in domains[start : start + 200]], 1)
