"""A third nameserver, added over SSH to a running stack: tried, filled, paused, resumed, forgotten."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nameserver.transport.ssh import fingerprint
from tests import sshd as sshds
from tests.acceptance.answers import serial
from tests.nameservers import RunningNamed
from tests.stack import ADDRESS, Stack, eventually

pytestmark = pytest.mark.skipif(not sshds.installed(), reason="sshd is not installed")

Add = Callable[..., "list[str]"]


@pytest.fixture
def named(tmp_path: Path) -> Iterator[RunningNamed]:
    server = RunningNamed(tmp_path / "ns3", "ns3")
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture
def server(stack: Stack, named: RunningNamed, tmp_path: Path) -> Iterator[sshds.Sshd]:
    """An sshd that lets in the key of `nameserver key`."""
    key = stack.cli("nameserver", "key").stdout
    assert key.startswith("ssh-ed25519 ")
    agent = named.embedded.target.agent
    with sshds.sshd(tmp_path / "sshd", agent) as running:
        running.let_in(key, agent)
        yield running


@pytest.fixture
def add(server: sshds.Sshd, named: RunningNamed) -> Add:
    """The arguments of `nameserver add`."""

    def arguments(host_key: str | None = None, port: int | None = None) -> list[str]:
        url = f"ssh://{server.login.user}@{ADDRESS}:{server.port}"
        places = ["--directory", str(named.directory), "--key-file", named.embedded.target.key_file]
        ports = ["--port", str(port or named.port), "--listen", ADDRESS]
        pinned = ["--host-key", host_key or fingerprint(server.host_key)]
        return ["nameserver", "add", "ns3", url, *places, *ports, *pinned]

    return arguments


def test_a_third_nameserver(stack: Stack, named: RunningNamed, add: Add) -> None:
    zones = [stack.zone(f"zone{number}.example.net", wait=10) for number in range(5)]
    # The agent's rndc and statistics ports are the machine's own there; here three named share one machine.
    added = stack.cli(*add(), "--rndc-port", str(named.embedded.target.rndc_port), "--statistics-port",
                      str(named.embedded.target.statistics_port), "--wait", "30")  # fmt: skip
    assert added.returncode == 0, added.stdout + added.stderr
    assert "ns3 has every zone." in added.stdout
    for zone in zones:
        assert serial(named.port, zone["domain"]) == serial(stack.dns[0], zone["domain"])
    record = stack.done("POST", f"dns-zones/{zones[0]['uuid']}/records/", _A, wait=10)
    looked = stack.cli("doctor").stdout
    assert " ns3 agent: Agent " in looked
    assert "FAIL" not in looked
    assert serial(named.port, zones[0]["domain"]) == int(record.headers["X-Zone-Serial"])
    assert [each["name"] for each in stack.status(zones[0])["nameservers"]] == ["ns1", "ns2", "ns3"]

    assert stack.cli("nameserver", "pause", "ns3").returncode == 0
    before = serial(named.port, zones[1]["domain"])
    eventually(lambda: stack.status(zones[1])["nameservers"][2]["state"] in ("paused", "in_sync"))
    stack.done("POST", f"dns-zones/{zones[1]['uuid']}/records/", _A, wait=10)
    assert serial(named.port, zones[1]["domain"]) == before
    assert stack.status(zones[1])["nameservers"][2]["state"] == "paused"
    assert stack.cli("nameserver", "resume", "ns3").returncode == 0
    eventually(lambda: serial(named.port, zones[1]["domain"]) == serial(stack.dns[0], zones[1]["domain"]))

    assert stack.cli("nameserver", "remove", "ns3", "--yes").returncode == 0
    stack.done("DELETE", f"dns-zones/{zones[2]['uuid']}/", wait=10)
    assert serial(named.port, zones[2]["domain"]) is not None


def test_the_key_is_rotated(stack: Stack, named: RunningNamed, server: sshds.Sshd, add: Add) -> None:
    """The next key takes over once every nameserver lets it in, and not before; then the old one may go."""
    rndc, statistics = named.embedded.target.rndc_port, named.embedded.target.statistics_port
    added = stack.cli(*add(), "--rndc-port", str(rndc), "--statistics-port", str(statistics))
    assert added.returncode == 0, added.stdout + added.stderr
    old = stack.cli("nameserver", "key").stdout.splitlines()
    both = stack.cli("nameserver", "key", "--rotate").stdout.splitlines()
    assert both[:1] == old
    early = stack.cli("nameserver", "key", "--rotate")
    assert early.stdout.splitlines() == both == stack.cli("nameserver", "key").stdout.splitlines()
    assert "ns3: The login was refused" in early.stderr
    server.let_in(both[1], named.embedded.target.agent)
    assert stack.cli("nameserver", "key", "--rotate").stdout.splitlines() == both[1:]
    server.let_only_in(both[1], named.embedded.target.agent)
    stack.kill("control")
    zone = stack.zone("rotated.example.net", wait=20)
    assert serial(named.port, zone["domain"]) == serial(stack.dns[0], zone["domain"])


def test_another_host_key_adds_nothing(stack: Stack, add: Add) -> None:
    done = stack.cli(*add(host_key="SHA256:" + "A" * 43))
    assert done.returncode == 1
    assert "fingerprint" in done.stderr
    assert "ns3" not in stack.cli("nameserver", "list").stdout


def test_a_dead_port_adds_nothing(stack: Stack, add: Add) -> None:
    done = stack.cli(*add(port=9))
    assert done.returncode == 1
    assert "FAILED" in done.stdout
    assert "over UDP: Nothing answers there" in done.stdout
    assert "ok     login and agent" in done.stdout
    assert "ns3" not in stack.cli("nameserver", "list").stdout


_A = {"record_type": "A", "name": "@", "value": "192.0.2.3"}
