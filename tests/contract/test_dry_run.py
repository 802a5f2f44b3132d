"""`?dry_run=true`: every write answers as it would for real, and leaves nothing behind."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from api import database
from api.database import Base, db
from api.routes import ROUTES
from api.schemas.queries import WriteQuery
from tests.contract.forms import (
    FILE,
    UNKNOWN,
    ZONES,
    add,
    added,
    comparable,
    created,
    is_uuid,
    locked,
    problem,
    zone_url,
)

if TYPE_CHECKING:
    from tests.installation import Installation

Json = dict[str, Any]
BATCHES = "/api/v1/dns-batches/"
TELLING = {"X-Change-Id", "X-Zone-Serial", "X-Publication", "Preference-Applied", "Idempotency-Replayed"}
GOOD = {"record_type": "A", "name": "new", "value": "192.0.2.9"}
FIRST = "the zone's first serial"
# Each route that writes: a body that is accepted, and bodies that are refused.
BODIES: dict[str, tuple[Any, list[Any]]] = {
    "POST /api/v1/dns-zones/": ({"domain": "example.org"}, [{"domain": "example.com"}, {"domain": "com"}, {"tll": 1}]),
    "POST /api/v1/dns-zones/import/?domain=example.org": (FILE, [b"", b"nonsense", FILE + b"@ 0 CNAME a.test.\n"]),
    "DELETE /api/v1/dns-zones/<uuid>/": (None, []),
    "POST /api/v1/dns-zones/<uuid>/records/": (
        GOOD,
        [
            GOOD | {"name": "www"},
            GOOD | {"tll": 1},
            [GOOD, GOOD],
            {"record_type": "CNAME", "name": "@", "value": "a.b"},
        ],
    ),
    "PUT /api/v1/dns-records/<uuid>/": (GOOD, [{"name": "x"}, GOOD | {"ttl": -1}, GOOD | {"record_type": "AAAA"}]),
    "PATCH /api/v1/dns-records/<uuid>/": ({"ttl": 60}, [{"ttl": True}, {"value": "x"}, {"tll": 1}]),
    "DELETE /api/v1/dns-records/<uuid>/": (None, []),
    "POST /api/v1/dns-batches/": (
        {
            "operations": [
                {"action": "create_zone", "domain": "example.org"},
                {"action": "create", "zone": "example.org", **GOOD},
                {"action": "create", "zone": "example.com", **GOOD},
            ]
        },
        [
            {"operations": []},
            {"operations": [{"action": "create", "zone": "example.com", **GOOD}] * 2},
            {"operations": [{"action": "delete", "record": UNKNOWN}]},
        ],
    ),
    "POST /api/v1/dns-zones/<uuid>/rollback/": ({"serial": FIRST}, [{"serial": 1}, {}, {"serial": "1"}]),
    "POST /api/v1/dns-zones/<uuid>/undelete/": (None, []),
    "POST /api/v1/dns-changes/<uuid>/revert/": (None, []),
    "POST /api/v1/dns-zones/<uuid>/locks/": (
        {"reason": "billing"},
        [
            {},
            {"reason": " "},
            {"reason": "x" * 501},
            {"reason": "billing", "record": UNKNOWN},
            {"reason": "billing", "record": UNKNOWN, "name": "www"},
            {"reason": "billing", "name": "a..b"},
            {"reason": "billing", "record_type": "SOA"},
        ],
    ),
    "DELETE /api/v1/dns-locks/<uuid>/": (None, []),
}


def everything(installation: "Installation") -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, but for when a token was used last."""
    for thread in threading.enumerate():
        if "_write_last_used" in thread.name:
            thread.join(10)
    with installation.app.app_context():
        return {
            table.name: [
                tuple(row)
                for row in db.session.execute(
                    select(*(each for each in table.c if each.name != "last_used_at")).order_by(*table.primary_key)
                )
            ]
            for table in Base.metadata.sorted_tables
        }


_OF_ITS_OWN = ("change", "changes", "created_at")


def shape(body: Any) -> Any:
    """The keys of a body in their order, and the kinds of its values."""
    if isinstance(body, dict):
        return [(key, shape(value)) for key, value in body.items() if key not in _OF_ITS_OWN]
    return [shape(each) for each in body] if isinstance(body, list) else type(body)


@pytest.fixture
def send(alice: FlaskClient, zone: Json) -> Callable[..., TestResponse]:
    """Send a route's request to Alice's zone or record."""
    first = alice.get(zone_url(zone, "changes/")).get_json()[-1]["serial"]
    record = added(alice, zone, "www A 192.0.2.9")
    change = add(alice, zone, "www A 192.0.2.10").headers["X-Change-Id"]
    gone = created(alice, "gone.example")
    alice.delete(zone_url(gone))
    uuids = {"undelete": gone["uuid"], "dns-records": record["uuid"], "dns-changes": change, "dns-zones": zone["uuid"]}
    uuids["dns-locks"] = locked(alice, zone, "reserved", name="reserved")["uuid"]

    def sender(route: str, body: Any, query: str = "", headers: Json | None = None) -> TestResponse:
        method, path = route.split(" ")
        path = path.replace("<uuid>", next((uuid for word, uuid in uuids.items() if word in path), ""))
        body = {"serial": first} if body == {"serial": FIRST} else body
        path += query.replace("?", "&" if "?" in path else "?")
        if isinstance(body, bytes):
            return alice.open(path, method=method, headers=headers, data=body, content_type="text/dns")
        return alice.open(path, method=method, headers=headers, **({} if body is None else {"json": body}))

    return sender


def test_every_write_can_be_tried() -> None:
    assert {route.partition("?")[0] for route in BODIES} == {
        f"{route.method} {route.path}" for route in ROUTES if issubclass(route.query, WriteQuery)
    }


@pytest.mark.parametrize("route", BODIES)
def test_tried_write_leaves_nothing(
    installation: "Installation",
    send: Callable[..., TestResponse],
    monkeypatch: pytest.MonkeyPatch,
    route: str,
) -> None:
    """Not a row of any table, no ring at the control plane's door; and then the same for real."""
    rings: list[int] = []
    monkeypatch.setattr(database.doorbell, "ring", lambda *_: rings.append(1))
    before, body = everything(installation), BODIES[route][0]
    headers = {"Prefer": "wait=30", "Idempotency-Key": "k", "Origin": "https://a.example"}
    tried = send(route, body, "?dry_run=true", headers)
    assert everything(installation) == before
    assert rings == []
    assert tried.headers["X-Dry-Run"] == "true"
    assert not TELLING & set(tried.headers.keys())
    assert "Link" not in tried.headers
    real = send(route, body)
    assert (real.status_code, shape(real.get_json(silent=True))) == (
        tried.status_code,
        shape(tried.get_json(silent=True)),
    )
    assert real.status_code in (200, 201, 204)
    assert "X-Dry-Run" not in real.headers
    assert rings == [1]
    assert everything(installation) != before


@pytest.mark.parametrize("route", [route for route in BODIES if BODIES[route][1]])
def test_tried_write_has_the_real_errors(
    installation: "Installation", send: Callable[..., TestResponse], route: str
) -> None:
    before = everything(installation)
    for body in BODIES[route][1]:
        tried, real = send(route, body, "?dry_run=true"), send(route, body)
        assert tried.status_code == 400, tried.text
        assert comparable(tried) == comparable(real)
    assert everything(installation) == before


@pytest.mark.parametrize("route", BODIES)
def test_dry_run_is_true_or_false(installation: "Installation", send: Callable[..., TestResponse], route: str) -> None:
    """Whoever means to try must not write, however they spell it."""
    before = everything(installation)
    for value in ("1", "yes", "True", "TRUE", "", "true&dry_run=false"):
        problem(send(route, BODIES[route][0], f"?dry_run={value}"), field="dry_run")
    assert everything(installation) == before
    assert "X-Change-Id" in send(route, BODIES[route][0], "?dry_run=false").headers


def test_made_up_uuid_is_a_uuid_and_is_not_found(alice: FlaskClient, zone: Json) -> None:
    for _ in range(2):
        tried = alice.post(f"{ZONES}{zone['uuid']}/records/?dry_run=true", json=GOOD).get_json()
        assert is_uuid(tried["uuid"])
        problem(alice.get(f"/api/v1/dns-records/{tried['uuid']}/"), 404)
    whole = alice.post(f"{ZONES}?dry_run=true", json={"domain": "example.org"}).get_json()
    problem(alice.get(f"{ZONES}{whole['uuid']}/"), 404)
    created(alice, "example.org")


def test_tried_array(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    before = everything(installation)
    bodies = [GOOD | {"value": f"192.0.2.{number}"} for number in range(30)]
    answer = alice.post(f"{ZONES}{zone['uuid']}/records/?dry_run=true", json=bodies)
    assert (answer.status_code, [each["value"] for each in answer.get_json()]) == (
        201,
        [each["value"] for each in bodies],
    )
    assert everything(installation) == before


def test_tried_write_keeps_its_conditions(alice: FlaskClient, zone: Json) -> None:
    record = added(alice, zone, "www A 192.0.2.9")
    url = f"/api/v1/dns-records/{record['uuid']}/?dry_run=true"
    answer = alice.patch(url, json={"ttl": 60}, headers={"If-Match": '"old"'})
    assert (answer.status_code, answer.get_json()["error_code"]) == (412, "precondition_failed")
    assert alice.patch(url, json={"ttl": 60}, headers={"If-Match": "*"}).status_code == 200


def test_reads_cannot_be_tried(alice: FlaskClient, zone: Json) -> None:
    problem(alice.get(f"{ZONES}{zone['uuid']}/?dry_run=true"), field="dry_run")


def test_foreign_zone_cannot_be_tried(bob: FlaskClient, zone: Json) -> None:
    for more in ({"method": "DELETE"}, {"method": "POST", "json": GOOD, "path": "records/"}):
        path = str(more.pop("path", ""))
        answers = [bob.open(f"{ZONES}{uuid}/{path}?dry_run=true", **more) for uuid in (zone["uuid"], UNKNOWN)]
        problem(answers[0], 404)
        assert comparable(answers[0]) == comparable(answers[1])
