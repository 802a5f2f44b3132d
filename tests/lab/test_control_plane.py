"""The whole way on the lab's hosts: API and control plane on control, ns1 and ns2 over SSH."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.lab.hosts import NAMESERVERS, Host, Lab, eventually, finished
from tests.stack import ROOT

pytestmark = pytest.mark.timeout(900)

ACCOUNT = "lab@example.org"


class Control:
    """API and control plane on the control host, with the lab's key and both nameservers added."""

    def __init__(self, lab: Lab, data: Path) -> None:
        self._lab, self._data = lab, data
        self._processes: list[subprocess.Popen[bytes]] = []
        data.mkdir()
        (data / "ssh").mkdir(mode=0o700)
        for suffix in ("", ".pub"):
            shutil.copy2(f"{lab.key}{suffix}", data / "ssh" / f"id_ed25519{suffix}")
        self.said(["migrate"])
        self.said(["account", "create", ACCOUNT])
        self.token = self.said(["token", "create", "--account", ACCOUNT, "--quiet"]).strip()

    def start(self) -> None:
        """Start both, and wait for the API."""
        for command in (["control"], ["api", "--listen", "127.0.0.1:8053", "--workers", "1"]):
            with (self._data / f"{command[0]}.log").open("ab") as log:
                process = subprocess.Popen(
                    self._argv(command), env=self._environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
            self._processes.append(process)
        eventually(self._answers, 60.0)

    def add(self, host: Host) -> str:
        """Add a nameserver, its host key as the lab knows it."""
        keys = [line.split() for line in self._lab.known_hosts.read_text().splitlines()]
        [key] = {
            f"{kind} {blob}" for names, kind, blob, *_ in keys if host.name in names.split(",") and "25519" in kind
        }
        addresses = [part for address in host.addresses for part in ("--address", address)]
        url = f"ssh://zonewright@{host.address}"
        return self.said(["nameserver", "add", host.name, url, *addresses, "--host-key", key, "--wait", "60"])

    def stop(self) -> None:
        """Stop both."""
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def said(self, command: list[str]) -> str:
        """What a command prints that must succeed."""
        done = subprocess.run(
            self._argv(command),
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def call(self, method: str, path: str, body: Any = None, wait: int | None = None) -> requests.Response:
        """One request to the API, which must succeed."""
        headers = {"Authorization": f"Bearer {self.token}"} | ({"Prefer": f"wait={wait}"} if wait else {})
        url = f"http://127.0.0.1:8053/api/v1/{path}"

        def send() -> requests.Response:
            with requests.Session() as session:
                session.trust_env = False
                return session.request(method, url, json=body, headers=headers, timeout=60)

        answer = self._lab.inside(send)
        assert answer.ok, answer.text
        return answer

    def zones(self, count: int, prefix: str) -> list[dict[str, Any]]:
        """New zones with a record each, in one request."""
        domains = [f"{prefix}{number}.example.net" for number in range(count)]
        operations = [{"action": "create_zone", "domain": domain} for domain in domains]
        operations += [
            {"action": "create", "zone": domain, "record_type": "A", "name": "www", "value": "192.0.2.1"}
            for domain in domains
        ]
        results: list[dict[str, Any]] = self.call("POST", "dns-batches/", {"operations": operations}).json()["results"]
        return results[:count]

    def state(self, zone: dict[str, Any], name: str) -> dict[str, Any]:
        """Where a zone stands on a nameserver."""
        standings = self.call("GET", f"dns-zones/{zone['uuid']}/status/").json()["nameservers"]
        return next(each for each in standings if each["name"] == name)

    def in_sync(self, zones: list[dict[str, Any]], host: Host) -> bool:
        """Does the host answer each zone's serial?"""
        return all(
            host.serial(zone["domain"]) == self.call("GET", f"dns-zones/{zone['uuid']}/status/").json()["serial"]
            for zone in zones
        )

    def _answers(self) -> bool:
        try:
            return self._lab.inside(lambda: requests.get("http://127.0.0.1:8053/healthz", timeout=5)).ok
        except requests.RequestException:
            return False

    def _argv(self, command: list[str]) -> list[str]:
        return self._lab.control_argv(sys.executable, "-m", "api", *command)

    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("ZONEWRIGHT_", "COV_"))}
        return kept | {"ZONEWRIGHT_DATA": str(self._data), "PYTHONPATH": str(ROOT), "no_proxy": "*"}


@pytest.fixture(scope="module")
def control(running_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    made = Control(running_lab, tmp_path_factory.mktemp("control") / "data")
    made.start()
    try:
        for name in NAMESERVERS:
            assert f"{name} has every zone" in made.add(running_lab.host(name))
        yield made
    finally:
        made.stop()


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
