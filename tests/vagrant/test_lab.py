"""`vagrant up`, as it leaves the machines: real boots, systemd, AppArmor. In the order of a day in the lab."""

import uuid

import pytest

from tests.stack import eventually
from tests.vagrant.machines import ADDRESSES, Machines

pytestmark = pytest.mark.timeout(900)

DOMAIN = f"{uuid.uuid4().hex[:8]}.example.net"  # the machines may have been tried before
NAME = f"www.{DOMAIN}"
_LONGEST = 600.0  # an emulated machine under load


@pytest.fixture(scope="module")
def record(machines: Machines) -> str:
    """The path of a record in a new zone, both made through the forwarded port."""
    zone = machines.call("POST", "dns-zones/", {"domain": DOMAIN}).json()
    body = {"record_type": "A", "name": "www", "value": "192.0.2.1"}
    answer = machines.call("POST", f"dns-zones/{zone['uuid']}/records/", body)
    assert answer.headers["X-Publication"] == "in_sync"
    return f"dns-records/{answer.json()['uuid']}/"


def everywhere(machines: Machines, value: str) -> bool:
    """Do both nameservers answer it, over UDP and TCP?"""
    return all(values == [value] for values in machines.answers(NAME).values())


def boot(machines: Machines, machine: str) -> str:
    """The id of its present boot; empty while nobody can log in."""
    return machines.run(machine, "cat", "/proc/sys/kernel/random/boot_id", check=False)


def reboot(machines: Machines, machine: str) -> None:
    """Restart a machine and wait until it is there again."""
    before = boot(machines, machine)
    machines.run(machine, "sudo", "systemctl", "reboot", check=False)
    eventually(lambda: boot(machines, machine) not in ("", before), _LONGEST)


def test_both_machines_answer_over_udp_and_tcp(machines: Machines, record: str) -> None:
    assert everywhere(machines, "192.0.2.1"), machines.answers(NAME)


def test_a_change_reaches_both(machines: Machines, record: str) -> None:
    answer = machines.call("PATCH", record, {"value": "192.0.2.2"})
    assert answer.headers["X-Publication"] == "in_sync"
    assert everywhere(machines, "192.0.2.2"), machines.answers(NAME)


def test_host_keys_are_pinned_as_they_are(machines: Machines) -> None:
    pinned = machines.run("control", "sudo", "cat", "/var/lib/zonewright/ssh/known_hosts").splitlines()
    cut = "cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub"
    there = [f"zonewright-{name} {machines.run(name, cut)}" for name in ADDRESSES]
    assert sorted(pinned) == sorted(there)


def test_a_restarted_nameserver_answers_and_takes_changes(machines: Machines, record: str) -> None:
    machines.call("PATCH", record, {"value": "192.0.2.3"})
    reboot(machines, "ns2")
    eventually(lambda: everywhere(machines, "192.0.2.3"), _LONGEST)
    machines.call("PATCH", record, {"value": "192.0.2.4"})
    eventually(lambda: everywhere(machines, "192.0.2.4"), _LONGEST)


def test_a_restarted_control_host_goes_on(machines: Machines, record: str) -> None:
    """The forwarded port leads through a connection that the restart ends, so the command line is asked."""
    reboot(machines, "control")
    set_record = f"sudo zonewright record set {DOMAIN} www A 192.0.2.5 --wait 60"
    eventually(lambda: "fails" not in machines.run("control", f"{set_record} || echo fails"), _LONGEST)
    eventually(lambda: everywhere(machines, "192.0.2.5"), _LONGEST)
    services = machines.run("control", "systemctl", "is-active", "zonewright-api", "zonewright-control")
    assert services.split() == ["active", "active"]


@pytest.mark.parametrize("machine", ["control", *ADDRESSES])
def test_no_unit_failed(machines: Machines, machine: str) -> None:
    assert machines.run(machine, "systemctl", "list-units", "--failed", "--plain", "--no-legend") == ""


@pytest.mark.parametrize("machine", ADDRESSES)
def test_apparmor_confines_named_and_has_refused_it_nothing(machines: Machines, machine: str) -> None:
    """After a change and, on ns2, a restart."""
    profiles = machines.run(machine, "sudo", "cat", "/sys/kernel/security/apparmor/profiles").splitlines()
    assert "named (enforce)" in profiles
    confined = machines.run(machine, "sudo cat /proc/$(pidof named)/attr/current")
    assert confined == "named (enforce)"
    log = machines.run(machine, "sudo", "journalctl", "--quiet", "--no-pager", "--dmesg", "--boot", "all")
    log += machines.run(machine, "sudo", "dmesg")
    assert [line for line in log.splitlines() if "DENIED" in line and "named" in line] == []
