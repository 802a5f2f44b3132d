"""Thousands of damaged requests: no 5xx, nothing changed that wasn't addressed, every zone still one that named takes.

The long run has a new seed each time; FUZZ_SEED=… repeats one, and FUZZ_REQUESTS=… sets how many.
"""

import io
import json
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from werkzeug.test import run_wsgi_app

from api.database import db
from api.models import Change
from api.waiting import Waiters
from nameserver.check import Checker
from nameserver.errors import InvalidInput
from nameserver.publish import Contact
from nameserver.render import Renderer
from nameserver.serial import newer
from nameserver.zone import Severity
from tests.fuzz.generated import Generator, Request
from tests.fuzz.world import Snapshot, World, bind_installed, world
from tests.installation import ALICE, BOB

if TYPE_CHECKING:
    from tests.postgres import Postgres

pytestmark = [
    pytest.mark.skipif(not bind_installed(), reason="BIND is not installed"),
    pytest.mark.timeout(3600),
]

Json = dict[str, Any]

_CODES = {
    400: {"validation_error"},
    401: {"invalid_token"},
    403: {"permission_denied"},
    404: {"not_found"},
    405: {"method_not_allowed"},
    409: {"conflict"},
    412: {"precondition_failed"},
    413: {"payload_too_large"},
    415: {"unsupported_media_type"},
}
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BETWEEN_PUBLICATIONS = 500
_MOST_RECORDS = 400


@pytest.fixture(params=["sqlite", "postgresql"])
def fuzzed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """The application on one kind of database, with a named behind it."""
    url = ""
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.create("fuzzed")
    with world(tmp_path, url) as made:
        yield made


@pytest.mark.parametrize("requests", [1000, pytest.param(20_000, marks=pytest.mark.long)])
def test_damaged_requests(fuzzed: World, requests: int) -> None:
    long = requests > 2000
    seed = int(os.environ.get("FUZZ_SEED", random.randrange(2**32) if long else 1))
    run = Run(fuzzed, seed)
    for number in range(int(os.environ.get("FUZZ_REQUESTS", requests))):
        run.step(number)
    run.publish()
    assert run.statuses[201] > requests / 50
    print(f"FUZZ_SEED={seed}", dict(sorted(run.statuses.items())))


class Run:
    """One run of generated requests, each looked at from all sides."""

    def __init__(self, made: World, seed: int) -> None:
        self.world, self.seed = made, seed
        self.statuses: dict[int, int] = dict.fromkeys((200, 201, 204, 400, 404), 0)
        self._generator = Generator(seed, made.secrets)
        self._before = made.snapshot()
        for account in (ALICE, BOB):
            for number in range(2):
                client = made.client(account)
                assert client.post("/api/v1/dns-zones/", json={"domain": f"{account[0]}{number}.example.com"})
        self._down()

    def _down(self) -> None:
        """With the nameserver said to be down, a request that prefers to wait is not held."""
        from api.changes import observations

        self.world.app.extensions["zonewright_waiters"] = Waiters(12)
        with self.world.app.app_context():
            observations.report(Contact("ns1", "It is down."))
        self._before = self.world.snapshot()

    def step(self, number: int) -> None:
        """One request."""
        before = self._before
        request = self._generator.request(number, *self._present(before))
        status, headers, body = self._send(request)
        after = self._before = self.world.snapshot()
        self.statuses[status] = self.statuses.get(status, 0) + 1
        try:
            _assert_form(request, status, headers, body)
            self._assert_only_addressed(request, status, headers, before, after)
        except AssertionError as error:
            error.add_note(f"FUZZ_SEED={self.seed}, request {number}: {_shown(request)}")
            error.add_note(f"answered {status} {headers} {body[:2000]!r}")
            raise
        if number % _BETWEEN_PUBLICATIONS == _BETWEEN_PUBLICATIONS - 1:
            self.publish()
            self._make_room()

    def publish(self) -> None:
        """Every zone is taken by the checker and by named; nothing is held."""
        with self.world.app.app_context():
            from api.store.control import zones_in_batches

            for zone in zones_in_batches():
                self._assert_sound(zone)
            db.session.remove()
        self.world.publish()
        assert self.world.not_in_sync() == [], f"FUZZ_SEED={self.seed}"
        for domain, *_ in self.world.snapshot().zones.values():
            assert self.world.loaded(domain) == self.world.stored(domain), f"FUZZ_SEED={self.seed}"
        self._down()

    def _assert_sound(self, zone: Any) -> None:
        try:
            file = Renderer(self.world.settings.templates).zone_file(zone, self.world.settings.authority)
        except InvalidInput as error:
            raise AssertionError(f"FUZZ_SEED={self.seed}: {zone.domain} cannot be rendered: {error}") from error
        problems = Checker().check_zone(zone.domain, file)
        errors = [problem.detail for problem in problems if problem.severity is Severity.ERROR]
        assert not errors, f"FUZZ_SEED={self.seed}: {zone.domain}: {errors}"

    def _make_room(self) -> None:
        """Zones that are full keep others from being tried."""
        client = self.world.client()
        for uuid, (domain, *_) in self._before.zones.items():
            full = sum(1 for row in self._before.records.values() if row[0] == uuid) > 60
            if full or len(domain) > 60:
                client.delete(f"/api/v1/dns-zones/{uuid}/")
        if len(self._before.zones) < 6:
            client.post("/api/v1/dns-zones/", json={"domain": f"r{self._before.changes}.example.com"})
        self._before = self.world.snapshot()

    def _present(self, present: Snapshot) -> tuple[list[Json], list[Json]]:
        owners = {uuid: (ALICE, BOB)[row[2] - 1] for uuid, row in present.zones.items()}
        zones = [{"uuid": uuid, "domain": row[0], "account": owners[uuid]} for uuid, row in present.zones.items()]
        return zones, [{"uuid": uuid, "account": owners[row[0]]} for uuid, row in present.records.items()]

    def _send(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        environ = request.environ() | {
            "wsgi.input": io.BytesIO(request.body),
            "wsgi.errors": io.StringIO(),
            "wsgi.version": (1, 0),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        chunks, status, headers = run_wsgi_app(self.world.app.wsgi_app, environ, buffered=True)
        return int(status.split()[0]), {name.lower(): value for name, value in headers}, b"".join(chunks)

    def _assert_only_addressed(
        self, request: Request, status: int, headers: dict[str, str], before: Snapshot, after: Snapshot
    ) -> None:
        if status >= 300 or request.method in ("GET", "HEAD", "OPTIONS", "TRACE") or "x-dry-run" in headers:
            assert after == before, (before, after)
            return
        if "idempotency-replayed" in headers or "x-change-id" not in headers:
            assert after == before, (before, after)
            return
        self._assert_changes_tell_all(headers["x-change-id"].split(", "), before, after)
        _assert_named(request, before, after)
        _assert_serials(before, after)

    def _assert_changes_tell_all(self, uuids: list[str], before: Snapshot, after: Snapshot) -> None:
        """What the changes of this write say is all that differs."""
        with self.world.app.app_context():
            found = list(db.session.scalars(select(Change).where(Change.uuid.in_(uuids))))
        assert len(found) == len(uuids) == after.changes - before.changes
        zones = {change.zone_uuid for change in found}
        removed = {_key(row): change.zone_uuid for change in found for row in change.removed}
        added = {_key(row): change.zone_uuid for change in found for row in change.added}
        gone = {(uuid, *row) for uuid, row in before.records.items() if after.records.get(uuid) != row}
        come = {(uuid, *row) for uuid, row in after.records.items() if before.records.get(uuid) != row}
        same = removed.keys() & added.keys()
        assert {(key[0], zone, *key[1:]) for key, zone in removed.items() if key not in same} == gone
        assert {(key[0], zone, *key[1:]) for key, zone in added.items() if key not in same} == come
        touched = {
            uuid for uuid in before.zones.keys() | after.zones.keys() if before.zones.get(uuid) != after.zones.get(uuid)
        }
        assert touched == zones


def _key(row: Json) -> tuple[Any, ...]:
    return row["uuid"], row["name"], row["record_type"], row["ttl"], row["priority"], row["value"]


def _assert_form(request: Request, status: int, headers: dict[str, str], body: bytes) -> None:
    """Never ours to blame; errors have their three keys, all answers their id."""
    assert status < 500, body
    assert _UUID.fullmatch(headers["x-request-id"])
    if status < 400 or request.method == "HEAD":
        return
    if headers["content-type"].startswith("text/html"):  # a browser's question for a page that there is not
        assert status in (400, 404, 405)
        assert not request.path.startswith("/api/")
        return
    assert headers["content-type"] == "application/json"
    error = json.loads(body)
    assert list(error) == ["detail", "error_code", "field"]
    assert isinstance(error["detail"], str)
    assert error["detail"]
    assert error["field"] is None or isinstance(error["field"], str)
    assert error["error_code"] in _CODES.get(status, {"validation_error"}), error
    assert not re.search(r"Traceback|\.py\b|site-packages|sqlalchemy|psycopg|/work/|/tmp/", error["detail"]), error


def _assert_named(request: Request, before: Snapshot, after: Snapshot) -> None:
    """Only what the request names is changed, and TTLs of the same RRset."""
    text = (request.path + " " + request.body.decode("utf-8", "replace")).lower()
    account = request.account
    assert account is not None
    written = {
        uuid
        for uuid in before.records.keys() | after.records.keys()
        if before.records.get(uuid) != after.records.get(uuid)
    }
    addressed = {
        uuid for uuid in written if uuid not in before.records or uuid in text or _zone_goes(uuid, before, after)
    }
    rrsets = {tuple(after.records[uuid][:3]) for uuid in addressed if uuid in after.records}
    for uuid in written - addressed:
        was, is_ = before.records[uuid], after.records.get(uuid)
        assert is_ is not None, f"{was} is gone"
        assert was[:3] + was[4:] == is_[:3] + is_[4:], f"{was} became {is_}"
        assert tuple(is_[:3]) in rrsets, f"{was} became {is_}"
    owners = {
        row[2] for uuid, row in (before.zones | after.zones).items() if before.zones.get(uuid) != after.zones.get(uuid)
    }
    assert len(owners) == 1


def _zone_goes(record: str, before: Snapshot, after: Snapshot) -> bool:
    return before.records[record][0] not in after.zones


def _assert_serials(before: Snapshot, after: Snapshot) -> None:
    for uuid, (_, serial, _owner) in after.zones.items():
        if uuid in before.zones and before.zones[uuid][1] != serial:
            assert newer(serial, before.zones[uuid][1])


def _shown(request: Request) -> str:
    shown = {key: value for key, value in request.headers.items() if key != "AUTHORIZATION"}
    return f"{request.method} {request.path[:300]!r} ?{request.query[:200]!r} {shown} {request.body[:3000]!r}"
