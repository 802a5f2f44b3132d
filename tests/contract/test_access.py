"""Who may do what: every route of the table with every kind of token."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.changes import tokens
from api.routes import ANY, ROUTES, Route
from tests.contract.forms import (
    CHANGES,
    FILE,
    RECORDS,
    UNKNOWN,
    ZONES,
    add,
    comparable,
    created,
    locked,
    problem,
    record_url,
    records_of,
    zone_url,
)
from tests.installation import ALL, BOB

if TYPE_CHECKING:
    from tests.installation import Installation

# Written down a second time, from the contract: a slip in the table of routes does not repeat here.
PERMISSIONS = {
    "GET /api/v1/dns-zones/": "dns:list",
    "POST /api/v1/dns-zones/": "dns:create",
    "GET /api/v1/dns-zones/<uuid>/": "dns:list",
    "DELETE /api/v1/dns-zones/<uuid>/": "dns:delete",
    "POST /api/v1/dns-zones/import/": "dns:create",
    "GET /api/v1/dns-zones/<uuid>/export/": "dns:list",
    "GET /api/v1/dns-zones/<uuid>/status/": "dns:list",
    "GET /api/v1/dns-zones/<uuid>/records/": "dns:list",
    "POST /api/v1/dns-zones/<uuid>/records/": "dns:create",
    "GET /api/v1/dns-records/": "dns:list",
    "GET /api/v1/dns-records/<uuid>/": "dns:list",
    "PUT /api/v1/dns-records/<uuid>/": "dns:update",
    "PATCH /api/v1/dns-records/<uuid>/": "dns:update",
    "DELETE /api/v1/dns-records/<uuid>/": "dns:delete",
    "GET /api/v1/dns-zones/<uuid>/changes/": "dns:list",
    "GET /api/v1/dns-zones/<uuid>/diff/": "dns:list",
    "POST /api/v1/dns-zones/<uuid>/rollback/": "dns:update",
    "POST /api/v1/dns-zones/<uuid>/undelete/": "dns:create",
    "GET /api/v1/dns-zones/<uuid>/locks/": "dns:list",
    "POST /api/v1/dns-zones/<uuid>/locks/": "dns:update",
    "GET /api/v1/dns-locks/<uuid>/": "dns:list",
    "DELETE /api/v1/dns-locks/<uuid>/": "dns:update",
    "GET /api/v1/dns-changes/": "dns:list",
    "GET /api/v1/dns-changes/<uuid>/": "dns:list",
    "POST /api/v1/dns-changes/<uuid>/revert/": "dns:update",
    "POST /api/v1/dns-changes/<uuid>/confirm/": "dns:update",
    "GET /api/v1/dns-proposals/": "dns:list",
    "GET /api/v1/dns-proposals/<uuid>/": "dns:list",
    "POST /api/v1/dns-proposals/<uuid>/approve/": ANY,
    "POST /api/v1/dns-proposals/<uuid>/reject/": ANY,
    "GET /api/v1/dns-zones/<uuid>/check/": "dns:list",
    "POST /api/v1/dns-zones/<uuid>/check/": "dns:list",
    "POST /api/v1/dns-batches/": ANY,
    "GET /api/v1/openapi.json": None,
    "GET /docs/": None,
    "GET /healthz": None,
    "GET /metrics": None,
}
GUARDED = [route for route in ROUTES if route.permission is not None]
WITH_UUID = [route for route in GUARDED if "<uuid>" in route.path]
BODIES = {
    "POST /api/v1/dns-zones/": {"domain": "example.net"},
    "POST /api/v1/dns-zones/<uuid>/records/": {"record_type": "A", "name": "new", "value": "192.0.2.9"},
    "PUT /api/v1/dns-records/<uuid>/": {"record_type": "A", "name": "@", "value": "192.0.2.9"},
    "PATCH /api/v1/dns-records/<uuid>/": {"ttl": 60},
    "POST /api/v1/dns-batches/": {"operations": [{"action": "create_zone", "domain": "example.net"}]},
    "POST /api/v1/dns-zones/<uuid>/rollback/": {"serial": 1},
    "POST /api/v1/dns-zones/<uuid>/locks/": {"reason": "billing"},
}
QUERIES = {"GET /api/v1/dns-zones/<uuid>/diff/": {"from": "1"}}
# Let in, and then refused for another reason: there is no such serial, the zone is not deleted, and so on.
REFUSED = {
    "GET /api/v1/dns-zones/<uuid>/diff/": 400,
    "POST /api/v1/dns-zones/<uuid>/rollback/": 400,
    "POST /api/v1/dns-zones/<uuid>/undelete/": 409,
    "POST /api/v1/dns-changes/<uuid>/confirm/": 409,
}
# What is no JSON.
PLAIN = {"POST /api/v1/dns-zones/import/": {"data": FILE, "content_type": "text/dns", "query_string": "domain=a.test"}}
SECRET = "vps_" + "x" * 43

Ids = dict[str, str]


def key_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def send(client: FlaskClient, route: Route, ids: Ids, **more: Any) -> TestResponse:
    """The route's request, valid unless said otherwise."""
    noun = next((noun for noun in ids if noun in route.path), "")
    if BODIES.get(key_of(route)) and not more:
        more = {"json": BODIES[key_of(route)]}
    if PLAIN.get(key_of(route)) and not more:
        more = PLAIN[key_of(route)]
    query = {"query_string": QUERIES.get(key_of(route), {})}
    return client.open(route.path.replace("<uuid>", ids.get(noun, "")), method=route.method, **(query | more))


@pytest.fixture
def ids(alice: FlaskClient, zone: dict[str, Any]) -> Ids:
    """A zone, a record, a change and a lock (on what is not there) of Alice's."""
    answer = add(alice, zone, "@ A 192.0.2.1")
    record = answer.get_json()["uuid"]
    proposal = alice.delete(f"{record_url(answer.get_json())}?propose=true").get_json()["id"]
    return {
        "dns-zones": zone["uuid"],
        "dns-records": record,
        "dns-changes": answer.headers["X-Change-Id"],
        "dns-locks": locked(alice, zone, "reserved", name="reserved")["uuid"],
        "dns-proposals": proposal,
    }


NOBODY = dict.fromkeys(("dns-zones", "dns-records", "dns-changes", "dns-locks", "dns-proposals"), UNKNOWN)


# ---- the table ----


def test_table_of_routes_has_the_contracts_permissions() -> None:
    assert {key_of(route): route.permission for route in ROUTES} == PERMISSIONS
    assert len(ROUTES) == len(PERMISSIONS)


def test_every_rule_comes_from_the_table(app: Flask) -> None:
    """A route that somebody adds past the table has no permission, and fails here."""
    found = [rule for rule in app.url_map.iter_rules() if not rule.endpoint.startswith("dashboard.")]  # has its own
    rules = [(method, rule.rule) for rule in found for method in (rule.methods or set()) - {"HEAD"}]
    served = sorted(f"{method} {path.removesuffix('/')}" for method, path in rules)
    assert served == sorted(key.removesuffix("/") for key in PERMISSIONS)


@pytest.mark.parametrize("route", GUARDED, ids=key_of)
def test_right_token_is_let_in(installation: "Installation", ids: Ids, route: Route) -> None:
    """With that one permission alone."""
    assert route.permission
    of_any = "dns:delete" if "proposals" in route.path else "dns:create"
    permission = of_any if route.permission == ANY else route.permission
    expected = [REFUSED[key_of(route)]] if key_of(route) in REFUSED else [200, 201, 204]
    assert send(installation.client_with(permission), route, ids).status_code in expected


# ---- 401 ----


def _expired(installation: "Installation") -> str:
    return "Bearer " + installation.token(lifetime=timedelta(seconds=-1))[1]


def _revoked(installation: "Installation") -> str:
    token, secret = installation.token()
    with installation.app.app_context():
        tokens.revoke(token.uuid)
    return f"Bearer {secret}"


CREDENTIALS: dict[str, Callable[["Installation"], str | None]] = {
    "none": lambda _: None,
    "empty": lambda _: "",
    "no scheme": lambda installation: installation.secrets[BOB],
    "scheme alone": lambda _: "Bearer",
    "another scheme": lambda installation: f"Basic {installation.secrets[BOB]}",
    "not vps_": lambda _: "Bearer " + SECRET.removeprefix("vps_"),
    "vps_ in capitals": lambda installation: "Bearer VPS_" + installation.secrets[BOB].removeprefix("vps_"),
    "vps_ alone": lambda _: "Bearer vps_",
    "no ascii": lambda _: "Bearer vps_\xe4",
    "two": lambda installation: f"Bearer {SECRET}, Bearer {installation.secrets[BOB]}",
    "unknown": lambda _: f"Bearer {SECRET}",
    "longer": lambda installation: f"Bearer {installation.secrets[BOB]}x",
    "shorter": lambda installation: f"Bearer {installation.secrets[BOB][:-1]}",
    "expired": _expired,
    "revoked": _revoked,
}


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_wrong_token_is_refused_everywhere(installation: "Installation", ids: Ids, kind: str) -> None:
    """401 goes before everything: the body and the query are not looked at, nor whether the thing exists."""
    credential = CREDENTIALS[kind](installation)
    client = installation.app.test_client()
    if credential is not None:
        client.environ_base["HTTP_AUTHORIZATION"] = credential
    answers = [
        send(client, route, those, **more)
        for route in GUARDED
        for those in (ids, NOBODY)
        for more in ({}, {"data": b"[", "query_string": {"typo": "1"}})
    ]
    for answer in answers:
        problem(answer, 401)
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert len(_kinds(answers)) == 1


def _kinds(answers: list[TestResponse]) -> set[bytes]:
    return {answer.data for answer in answers}


def test_scheme_is_any_case(installation: "Installation") -> None:
    for scheme in ("bearer", "BEARER"):
        headers = {"Authorization": f"{scheme} {installation.secrets[BOB]}"}
        assert installation.app.test_client().get(ZONES, headers=headers).status_code == 200


def test_token_in_the_query_is_none(installation: "Installation") -> None:
    problem(installation.app.test_client().get(f"{ZONES}?access_token={installation.secrets[BOB]}"), 401)


# ---- 403 ----


@pytest.mark.parametrize("route", GUARDED, ids=key_of)
def test_missing_permission_goes_before_any_look_up(installation: "Installation", ids: Ids, route: Route) -> None:
    assert route.permission
    lacking = {"dns:create", "dns:update", "dns:delete"} if route.permission == ANY else {route.permission}
    client = installation.client_with(*(each for each in ALL if each not in lacking))
    answers = [
        send(client, route, those, **more)
        for those in (ids, NOBODY)
        for more in ({}, {"data": b"[", "query_string": {"typo": "1"}})
    ]
    for answer in answers:
        problem(answer, 403, says=min(lacking))
        assert "WWW-Authenticate" not in answer.headers
    assert len(_kinds(answers)) == 1


def test_refused_writes_change_nothing(installation: "Installation", alice: FlaskClient, ids: Ids) -> None:
    before = alice.get(f"{ZONES}{ids['dns-zones']}/").get_json()
    weak, nobody = installation.client_with("dns:list"), installation.client(secret=SECRET)
    for route in GUARDED:
        if route.method != "GET":
            if route.permission != "dns:list":  # a check made now writes its report and no zone data
                assert send(weak, route, ids).status_code == 403
            assert send(nobody, route, ids).status_code == 401
            if "<uuid>" in route.path:
                assert send(installation.client(BOB), route, ids).status_code == 404
    assert alice.get(f"{ZONES}{ids['dns-zones']}/").get_json() == before
    assert len(alice.get(ZONES).get_json()) == 1


# ---- 404 ----


@pytest.mark.parametrize("route", WITH_UUID, ids=key_of)
def test_foreign_and_unknown_look_the_same(bob: FlaskClient, ids: Ids, route: Route) -> None:
    """Byte for byte, whatever the request has in it besides."""
    for more in ({}, {"data": b"[", "content_type": "application/json"}, {"data": b"x", "content_type": "text/plain"}):
        foreign, unknown = send(bob, route, ids, **more), send(bob, route, NOBODY, **more)
        problem(foreign, 404)
        assert comparable(foreign) == comparable(unknown)
    query = {"query_string": {"typo": "1"}}
    assert comparable(send(bob, route, ids, **query)) == comparable(send(bob, route, NOBODY, **query))


@pytest.mark.parametrize("route", WITH_UUID, ids=key_of)
def test_waiting_tells_no_more_about_a_foreign_one(bob: FlaskClient, ids: Ids, route: Route) -> None:
    headers = {"headers": {"Prefer": "wait=5"}, "json": BODIES.get(key_of(route))}
    foreign, unknown = send(bob, route, ids, **headers), send(bob, route, NOBODY, **headers)
    problem(foreign, 404)
    assert comparable(foreign) == comparable(unknown)


def test_taken_domain_reads_the_same_whoever_has_it(alice: FlaskClient, bob: FlaskClient) -> None:
    created(alice, "example.com")
    answers = [client.post(ZONES, json={"domain": "example.com"}) for client in (alice, bob)]
    problem(answers[0], field="domain", says="exists")
    assert comparable(answers[0]) == comparable(answers[1])


def test_foreign_record_cannot_be_pulled_into_a_zone(alice: FlaskClient, bob: FlaskClient, ids: Ids) -> None:
    """`zone` in a body is read-only: it neither moves a record nor reaches into another account."""
    own = created(bob, "example.net")
    record = add(bob, own, "@ A 192.0.2.1").get_json()
    body = {"record_type": "A", "name": "@", "value": "192.0.2.7", "zone": ids["dns-zones"]}
    assert bob.put(record_url(record), json=body).get_json()["zone"] == own["uuid"]
    assert bob.post(zone_url(own, "records/"), json=body | {"value": "192.0.2.8"}).status_code == 201
    assert len(records_of(bob, own)) == 2
    assert len(alice.get(RECORDS).get_json()) == 1


def test_change_is_its_accounts_own(alice: FlaskClient, bob: FlaskClient, ids: Ids) -> None:
    url = f"{CHANGES}{ids['dns-changes']}/"
    assert alice.get(url).status_code == 200
    alice.delete(f"{ZONES}{ids['dns-zones']}/")
    assert alice.get(url).status_code == 200
    created(bob, "example.com")
    problem(bob.get(url), 404)
