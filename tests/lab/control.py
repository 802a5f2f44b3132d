"""API and control plane on the lab's control host, with both nameservers over SSH."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.lab.hosts import Host, Lab, eventually
from tests.stack import ROOT

ACCOUNT = "lab@example.org"
PORT = 8053
_BATCH = 500


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
        for command in (["control"], ["api", "--listen", f"127.0.0.1:{PORT}", "--workers", "1"]):
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
        url = f"http://127.0.0.1:{PORT}/api/v1/{path}"

        def send() -> requests.Response:
            with requests.Session() as session:
                session.trust_env = False
                return session.request(method, url, json=body, headers=headers, timeout=60)

        answer = self._lab.inside(send)
        assert answer.ok, answer.text
        return answer

    def zones(self, count: int, prefix: str) -> list[dict[str, Any]]:
        """New zones with a record each, in few requests."""
        domains = [f"{prefix}{number}.example.net" for number in range(count)]
        return [zone for start in range(0, count, _BATCH) for zone in self._made(domains[start : start + _BATCH])]

    def _made(self, domains: list[str]) -> list[dict[str, Any]]:
        record = {"action": "create", "record_type": "A", "name": "www", "value": "192.0.2.1"}
        operations = [{"action": "create_zone", "domain": domain} for domain in domains]
        operations += [{**record, "zone": domain} for domain in domains]
        results: list[dict[str, Any]] = self.call("POST", "dns-batches/", {"operations": operations}).json()["results"]
        return results[: len(domains)]

    def log(self, name: str) -> str:
        """The log of `control` or `api`."""
        return (self._data / f"{name}.log").read_text(errors="replace")

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
            return self._lab.inside(lambda: requests.get(f"http://127.0.0.1:{PORT}/healthz", timeout=5)).ok
        except requests.RequestException:
            return False

    def _argv(self, command: list[str]) -> list[str]:
        return self._lab.control_argv(sys.executable, "-m", "api", *command)

    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("ZONEWRIGHT_", "COV_"))}
        return kept | {"ZONEWRIGHT_DATA": str(self._data), "PYTHONPATH": str(ROOT), "no_proxy": "*"}


@contextmanager
def running(lab: Lab, data: Path) -> Iterator[Control]:
    """API and control plane with the lab's nameservers added; stopped when the block is left."""
    control = Control(lab, data)
    try:
        control.start()
        for host in lab.nameservers:
            assert f"{host.name} has every zone" in control.add(host)
        yield control
    finally:
        control.stop()
        for host in lab.nameservers:  # the lab is another's now, whose fencing numbers are lower
            host.exec("rm", "-f", "/var/lib/bind/zonewright/state/fence")
