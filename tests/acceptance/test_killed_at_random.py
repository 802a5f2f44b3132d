"""Any process killed at any moment while 8 clients write: what was acknowledged is served by both, once."""

import os
import random
import signal
import socket
import sqlite3
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
import requests

from tests.acceptance.answers import ask_all, assert_becomes_served
from tests.stack import ADDRESS, PROC, Stack, eventually
from tests.watching import watched

CLIENTS = 8
MOST_RECORDS = 25
PARTS = ("api", "control", "ns1", "ns2", "agent")
TARGETS = (*PARTS, "agent", "up")
_DEATHS, _MINUTE = 4, 60.0  # `up` gives up at a child's sixth death within a minute
Json = dict[str, Any]


class Client(threading.Thread):
    """Writes to a zone of its own. A write without an answer may have been done or not: its name is left alone then.

    A patient one sends such a write again, by its Idempotency-Key, until there is an answer.
    """

    def __init__(self, stack: Stack, number: int, patient: bool) -> None:
        super().__init__(daemon=True)
        self.zone = stack.zone(f"client{number}.example.org")
        self.records: dict[str, tuple[str, str]] = {}
        self.unsure: dict[str, set[str | None]] = {}
        self.gone: set[str] = set()
        self.changes: list[str] = []
        self.wrong: list[str] = []
        self.stopping = threading.Event()
        self._stack, self._patient, self._random, self._number = stack, patient, random.Random(number), 0

    def run(self) -> None:
        """Write until told to stop."""
        with requests.Session() as session:
            session.trust_env = False
            while not self.stopping.wait(0.02):
                if self.records and (len(self.records) > MOST_RECORDS or self._random.random() < 0.6):
                    self._change(session, self._random.choice(sorted(self.records)))
                else:
                    self._create(session)

    def _create(self, session: requests.Session) -> None:
        self._number += 1
        name, value = f"r{self._number}", self._value()
        body = {"record_type": "A", "name": name, "value": value}
        answer = self._send(session, "POST", f"dns-zones/{self.zone['uuid']}/records/", body)
        if answer is None:
            self.unsure[name] = {None, value}
        else:
            self.records[answer.json()["uuid"]] = name, value

    def _change(self, session: requests.Session, record: str) -> None:
        name, old = self.records.pop(record)
        new = None if self._random.random() < 0.5 else self._value()
        method, body = ("DELETE", None) if new is None else ("PATCH", {"value": new})
        answer = self._send(session, method, f"dns-records/{record}/", body)
        if answer is None:
            self.unsure[name] = {old, new}
        elif new is None:
            self.gone.add(name)
        else:
            self.records[record] = name, new

    def _send(self, session: requests.Session, method: str, path: str, body: Json | None) -> requests.Response | None:
        """The answer of success, None when nobody knows; whatever else is wrong."""
        headers = {"Authorization": f"Bearer {self._stack.token}", "Idempotency-Key": str(uuid.uuid4())}
        url = f"{self._stack.url}/api/v1/{path}"
        while True:
            self._until_taken()
            with suppress(requests.RequestException):
                answer = session.request(method, url, json=body, headers=headers, timeout=20)
                if answer.ok:
                    self.changes += [answer.headers["X-Change-Id"]] if "X-Change-Id" in answer.headers else []
                    return answer
                if answer.status_code not in (409, 503):
                    self.wrong.append(f"{method} {path}: {answer.status_code} {answer.text}")
                    return None
            if not self._patient:
                return None
            time.sleep(0.2)

    def _until_taken(self) -> None:
        """While nobody listens, nothing can be done by halves."""
        while not self.stopping.is_set():
            with suppress(OSError), socket.create_connection((ADDRESS, self._stack.port), timeout=5):
                return
            time.sleep(0.05)

    def _value(self) -> str:
        return f"10.{self._random.randrange(256)}.{self._random.randrange(256)}.{self._random.randrange(256)}"


class Killer:
    """Kills with SIGKILL what the lot says, no child more often than `up` bears."""

    def __init__(self, stack: Stack, seed: int, targets: Sequence[str]) -> None:
        self._targets = targets
        self.killed: Counter[str] = Counter()
        self._stack, self._random = stack, random.Random(seed)
        self._deaths: dict[str, deque[float]] = {name: deque(maxlen=_DEATHS) for name in TARGETS}

    def kill(self) -> None:
        """One more."""
        target = self._random.choice([name for name in self._targets if self._bears(name)])
        if target == "up":
            self._stack.crash()
            self._stack.start()
            for deaths in self._deaths.values():
                deaths.clear()
        elif target == "agent":
            self._kill_agent()
        else:
            self._deaths[target].append(time.monotonic())
            self._stack.shoot(target)
        self.killed[target] += 1

    def _bears(self, name: str) -> bool:
        deaths = self._deaths[name]
        return name in ("up", "agent") or len(deaths) < _DEATHS or time.monotonic() - deaths[0] > _MINUTE

    def _kill_agent(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(
                eventually(lambda: self._random.choice(self._agents() or [0]), what="no agent runs"), signal.SIGKILL
            )

    def _agents(self) -> list[int]:
        return [pid for pid in self._stack.processes() if b"nameserver.agent" in _command(pid)]


def _command(pid: int) -> bytes:
    with suppress(OSError):
        return (PROC / str(pid) / "cmdline").read_bytes()
    return b""


def written(clients: list[Client]) -> int:
    """How many writes were acknowledged."""
    return sum(len(client.changes) for client in clients)


def progress(stack: Stack, clients: list[Client], seen: int) -> None:
    """So many writes come about, whatever was killed. Raises AssertionError with what stands in the way."""
    try:
        eventually(lambda: written(clients) >= seen, 90)
    except AssertionError:
        running = {name: stack.child(name) for name in ("api", "control", "ns1", "ns2")}
        alive = [client.name for client in clients if client.is_alive()]
        raise AssertionError(f"no writes: {running}, {alive}, {stack.ended()}, {stack.errors()[-2000:]}") from None


def check(stack: Stack, client: Client) -> None:
    """What the API has is what was acknowledged, each once; and both nameservers answer that and nothing else."""
    assert client.wrong == []
    stored = {record["name"]: record["value"] for record in _records(stack, client)}
    assert len(stored) == len(_records(stack, client))
    certain = dict(client.records.values())
    assert {name: stored.get(name) for name in certain} == certain
    assert set(stored) <= certain.keys() | client.unsure.keys()
    assert all(stored.get(name) in values for name, values in client.unsure.items())
    assert_becomes_served(stack, client.zone, seconds=90)
    for name in random.sample(sorted(client.gone), min(20, len(client.gone))):
        assert {answer.rcode for answer in ask_all(stack, f"{name}.{client.zone['domain']}", "A")} == {"NXDOMAIN"}


def _healthy(stack: Stack) -> bool:
    with suppress(requests.RequestException):
        return requests.get(f"{stack.url}/healthz", timeout=5).ok
    return False


def _records(stack: Stack, client: Client) -> list[Json]:
    found: list[Json] = stack.done("GET", f"dns-zones/{client.zone['uuid']}/records/").json()
    return found


def check_database(stack: Stack, clients: list[Client]) -> None:
    """Whole, with every change that was acknowledged, once."""
    with sqlite3.connect(stack.data / "zonewright.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        kept = [uuid for (uuid,) in database.execute("SELECT uuid FROM changes")]
    acknowledged = [change for client in clients for change in client.changes]
    assert len(set(acknowledged)) == len(acknowledged)
    assert set(acknowledged) <= set(kept)


@pytest.mark.parametrize(
    ("kills", "patient"),
    [(8, False), pytest.param(200, True, marks=[pytest.mark.long, pytest.mark.timeout(1800)])],
    ids=["8", "200"],
)
def test_nothing_acknowledged_is_lost(stack: Stack, kills: int, patient: bool) -> None:
    """Of the 200, half of the clients are patient ones: no write of theirs is done twice."""
    clients = [Client(stack, number, patient and number % 2 == 0) for number in range(CLIENTS)]
    killer = Killer(stack, kills, TARGETS if kills > 20 else PARTS)  # `up` itself takes long to come back
    with watched(stack.dns, [str(client.zone["domain"]) for client in clients]) as falls:
        for client in clients:
            client.start()
        for number in range(1, kills + 1):
            seen = written(clients) + random.randrange(5, 40)
            progress(stack, clients, seen)
            killer.kill()
            if number % 10 == 0:
                print(f"{number} of {kills} kills, {written(clients)} writes", flush=True)
        for client in clients:
            client.stopping.set()
        for client in clients:
            client.join(120)
            assert not client.is_alive()
        eventually(lambda: _healthy(stack))
        for client in clients:
            check(stack, client)
    assert falls == []
    check_database(stack, clients)
    unsure = sum(len(client.unsure) for client in clients)
    print(f"{dict(killer.killed)} killed, {written(clients)} writes, {unsure} more without an answer", flush=True)
    assert kills < 20 or killer.killed.keys() == set(TARGETS)
