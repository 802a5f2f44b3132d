"""The lab of `vagrant up` for tests: its machines, its API through the forwarded port, its answers."""

import os
import subprocess
import uuid
from pathlib import Path
from typing import Any

import dns.exception
import dns.message
import dns.query
import requests

ADDRESSES = {"ns1": "192.168.56.11", "ns2": "192.168.56.12"}
_LONGEST = 300.0


class Machines:
    """control, ns1 and ns2, seen from the host. The tests run in its network already."""

    def __init__(self, script: Path) -> None:
        self._script = script
        port = (Path(os.environ["VAGRANT_DOTFILE_PATH"]) / "api-port").read_text()
        self.api = f"http://127.0.0.1:{port}/api/v1/"
        account = f"{uuid.uuid4().hex[:8]}@example.org"
        self.run("control", "sudo", "zonewright", "account", "create", account)
        create = ("sudo", "zonewright", "token", "create", "--quiet", "--account", account)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {self.run('control', *create)}"

    def end(self) -> None:
        """Let go of the connection."""
        self._session.close()

    def run(self, machine: str, *command: str, check: bool = True) -> str:
        """What a command prints on a machine. Raises AssertionError when it fails."""
        argv = [str(self._script), "ssh", machine, *command]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_LONGEST)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> requests.Response:
        """One request to the API, held until both nameservers answer. Raises AssertionError when it is refused."""
        answer = self._session.request(method, self.api + path, json=body, headers={"Prefer": "wait=30"}, timeout=60)
        assert answer.ok, answer.text
        return answer

    def answers(self, name: str) -> dict[tuple[str, str], list[str]]:
        """The A records of a name, by nameserver and protocol; nothing where none is answered."""
        return {
            (nameserver, protocol): _ask(address, protocol, name)
            for nameserver, address in ADDRESSES.items()
            for protocol in ("UDP", "TCP")
        }


def _ask(address: str, protocol: str, name: str) -> list[str]:
    question = dns.message.make_query(name, "A")
    try:
        answer = (dns.query.tcp if protocol == "TCP" else dns.query.udp)(question, address, timeout=3)
    except (OSError, dns.exception.DNSException):
        return []
    return sorted(str(record) for rrset in answer.answer for record in rrset)
