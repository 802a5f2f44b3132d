"""32 clients write to one zone over HTTP while others read and wait: nothing fails, is lost, or comes twice."""

import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from api.models import Change, Publication, Record
from nameserver.serial import newer
from tests.fuzz.server import Client, Server, serving
from tests.installation import NAMESERVERS

if TYPE_CHECKING:
    from tests.postgres import Postgres

pytestmark = pytest.mark.timeout(1200)

_WRITERS, _READERS, _WAITERS = 32, 4, 12
_PATIENCE = 600.0
Json = dict[str, Any]


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A running API with two workers, on one kind of database."""
    url = ""
    if request.param == "postgresql":
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.create("writers")
    with serving(tmp_path, url) as started:
        yield started


class Crowd:
    """Threads, each with a client of its own, let loose together; the first error is raised at the end."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._errors: list[BaseException] = []
        self._threads: list[threading.Thread] = []

    def add(self, action: Callable[[Client], None]) -> None:
        """One more."""
        self._threads.append(threading.Thread(target=self._run, args=(action,), daemon=True))

    def start(self) -> None:
        """All at once."""
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait for all. Raises what the first one raised."""
        end = time.monotonic() + _PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
            assert not thread.is_alive(), "it does not come to an end"
        if self._errors:
            raise self._errors[0]

    def _run(self, action: Callable[[Client], None]) -> None:
        client = Client(self._server)
        try:
            action(client)
        except BaseException as error:  # noqa: BLE001  raised again in the test's own thread
            self._errors.append(error)
        finally:
            client.close()


def _new_zone(server: Server) -> Json:
    client = Client(server)
    answer = client.call("POST", "dns-zones/", {"domain": "example.com"})
    client.close()
    assert answer.status_code == 201, answer.text
    body: Json = answer.json()
    return body


def _done(answer: requests.Response, status: int) -> requests.Response:
    assert answer.status_code == status, answer.text
    return answer


class Writer:
    """Adds, changes and deletes records of its own, and writes TTLs of one that all share."""

    def __init__(self, number: int, zone: Json, rounds: int, shared: str) -> None:
        self.number, self.zone, self.rounds, self.shared = number, zone, rounds, shared
        self.expected: dict[str, str] = {}
        self.writes: list[tuple[int, str]] = []

    def __call__(self, client: Client) -> None:
        """All its writes, one after the other."""
        for round_ in range(self.rounds):
            body = {"record_type": "A", "name": f"w{self.number}", "value": f"10.0.{self.number}.{round_}", "ttl": 60}
            made = self._note(client.call("POST", f"dns-zones/{self.zone['uuid']}/records/", body), 201).json()
            self.expected[made["uuid"]] = made["value"]
            url = f"dns-records/{made['uuid']}/"
            if round_ % 3 == 1:
                value = f"10.1.{self.number}.{round_}"
                self._note(client.call("PATCH", url, {"value": value}), 200)
                self.expected[made["uuid"]] = value
            if round_ % 3 == 2:
                self._note(client.call("DELETE", url), 204)
                del self.expected[made["uuid"]]
            key = {"Idempotency_Key": f"{self.number}-{round_}"}
            body = {"ttl": 1000 + self.number * 1000 + round_}
            first = self._note(client.call("PATCH", f"dns-records/{self.shared}/", body, **key), 200)
            again = _done(client.call("PATCH", f"dns-records/{self.shared}/", body, **key), 200)
            assert again.headers["Idempotency-Replayed"] == "true"
            assert again.headers["X-Change-Id"] == first.headers["X-Change-Id"]

    def _note(self, answer: requests.Response, status: int) -> requests.Response:
        headers = _done(answer, status).headers
        self.writes.append((int(headers["X-Zone-Serial"]), headers["X-Change-Id"]))
        return answer


class Reader:
    """Reads the zone until told to stop; every answer is whole."""

    def __init__(self, zone: Json, stop: threading.Event) -> None:
        self._zone, self._stop = zone, stop
        self.reads, self.seconds, self.slowest = 0, 0.0, 0.0

    def __call__(self, client: Client) -> None:
        """Read after read."""
        began = time.monotonic()
        while not self._stop.is_set():
            start = time.monotonic()
            body = _done(client.call("GET", f"dns-zones/{self._zone['uuid']}/"), 200).json()
            self.slowest = max(self.slowest, time.monotonic() - start)
            assert body["record_count"] == len(body["records"])
            assert len({record["uuid"] for record in body["records"]}) == len(body["records"])
            ttls = {record["ttl"] for record in body["records"] if record["name"] == "shared"}
            assert len(ttls) <= 1, "an RRset with two TTLs"
            self.reads += 1
        self.seconds = time.monotonic() - began


def _run(server: Server, zone: Json, rounds: int, waiting: int) -> tuple[list[Writer], list[Reader]]:
    client = Client(server)
    body = [{"record_type": "TXT", "name": "shared", "value": str(number)} for number in range(3)]
    shared = _done(client.call("POST", f"dns-zones/{zone['uuid']}/records/", body), 201).json()
    client.close()
    stop = threading.Event()
    writers = [Writer(number, zone, rounds, shared[number % 3]["uuid"]) for number in range(_WRITERS)]
    readers = [Reader(zone, stop) for _ in range(_READERS)]
    crowd, audience = Crowd(server), Crowd(server)
    for writer in writers:
        crowd.add(writer)
    for reader in readers:
        audience.add(reader)
    for number in range(waiting):
        audience.add(lambda client, number=number: _wait(client, zone, number, stop))
    audience.start()
    crowd.start()
    try:
        crowd.join()
    finally:
        stop.set()
        audience.join()
    return writers, readers


def _wait(client: Client, zone: Json, number: int, stop: threading.Event) -> None:
    """Writes that prefer to wait, one after the other."""
    count = 0
    while not stop.is_set():
        body = {
            "record_type": "A",
            "name": f"waiting{number}",
            "value": f"10.{2 + count // 250}.{number}.{count % 250}",
        }
        answer = client.call("POST", f"dns-zones/{zone['uuid']}/records/", body, Prefer="wait=2")
        _done(answer, 201)
        assert answer.headers["Preference-Applied"] == "wait"
        assert answer.headers["X-Publication"] == "pending"
        _done(client.call("DELETE", f"dns-records/{answer.json()['uuid']}/"), 204)
        count += 1


def _check(server: Server, zone: Json, writers: list[Writer]) -> None:
    """Every write acknowledged is there once, and the serials and changes tell the same story."""
    expected = {uuid: value for writer in writers for uuid, value in writer.expected.items()}
    stored = {
        uuid: value for uuid, name, value in server.database.stored(Record, "uuid", "name", "value") if name[0] == "w"
    }
    assert stored == expected
    writes = [write for writer in writers for write in writer.writes]
    assert len({serial for serial, _ in writes}) == len({change for _, change in writes}) == len(writes)
    kept = server.database.stored(Change, "uuid", "serial", "added", "removed")
    by_change = {uuid: serial for uuid, serial, _, _ in kept}
    assert {(by_change[change], change) for _, change in writes} == set(writes)
    assert all(newer(later[1], earlier[1]) for earlier, later in pairwise(kept)), "serials do not rise with the changes"
    _replay(server, kept)
    last = kept[-1][1]
    assert [wanted for (wanted,) in server.database.stored(Publication, "wanted")] == [last] * len(NAMESERVERS)
    assert "Traceback" not in server.log(), server.log()[-4000:]


def _replay(server: Server, kept: list[Any]) -> None:
    """The changes, done again in order from an empty zone, give what is stored: none is lost, none counted twice."""
    records: dict[str, Any] = {}
    for _, _, added, removed in kept:
        for row in removed:
            assert records.pop(row["uuid"]) == row
        for row in added:
            assert row["uuid"] not in records
            records[row["uuid"]] = row
    columns = ("uuid", "type", "name", "value", "ttl", "priority")
    keys = ("uuid", "record_type", "name", "value", "ttl", "priority")
    stored = [dict(zip(keys, row, strict=True)) for row in server.database.stored(Record, *columns)]
    assert sorted(records.values(), key=str) == sorted(stored, key=str)


def _tell(readers: list[Reader], writers: list[Writer]) -> None:
    rate = sum(reader.reads / reader.seconds for reader in readers)
    slowest = max(reader.slowest for reader in readers)
    writes = sum(len(writer.writes) for writer in writers)
    print(f"{rate:.0f} reads/s beside {writes / readers[0].seconds:.0f} writes/s; slowest read {slowest:.2f} s")


@pytest.mark.parametrize("rounds", [4, pytest.param(40, marks=pytest.mark.long)])
def test_32_writers_and_readers(server: Server, rounds: int) -> None:
    zone = _new_zone(server)
    writers, readers = _run(server, zone, rounds, waiting=0)
    _check(server, zone, writers)
    assert all(reader.reads for reader in readers)
    _tell(readers, writers)


@pytest.mark.parametrize("rounds", [1, pytest.param(30, marks=pytest.mark.long)])
@pytest.mark.parametrize("down", [False, True], ids=["nobody-publishes", "a-nameserver-is-down"])
def test_readers_while_12_wait(server: Server, rounds: int, down: bool) -> None:
    if down:
        server.database.contact("ns2", "It cannot be reached.")
    zone = _new_zone(server)
    writers, readers = _run(server, zone, rounds, waiting=_WAITERS)
    _check(server, zone, writers)
    assert all(reader.reads for reader in readers)
    _tell(readers, writers)
