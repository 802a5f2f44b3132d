"""Errors: the same three keys for everything, the first fault in field order, and nothing from inside."""

import io
import json
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.test import TestResponse

from api.changes import journal
from api.models import Change, Publication
from api.routes import ROUTES, Route
from api.store import zones as stored_zones
from tests.contract.forms import (
    CHANGES,
    IMPORT,
    LOCKS,
    RECORDS,
    UNKNOWN,
    ZONES,
    added,
    is_uuid,
    locked,
    problem,
    record_url,
    zone_url,
)

if TYPE_CHECKING:
    from tests.installation import Installation

Json = Mapping[str, Any]
MIB = 1048576
GOOD = {"record_type": "A", "name": "www", "value": "192.0.2.1"}
MAIL = {"record_type": "MX", "name": "@", "value": "mail.example.net", "priority": 10}


def key_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def good(**more: Any) -> dict[str, Any]:
    return GOOD | more


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name != key}


# ---- URLs and methods ----


UNKNOWN_URLS = [
    "/nothing/",
    "/api/",
    "/api/v1/",
    "/api/v1/dns-zone/",
    "//api/v1/dns-zones/",
    f"/api/v1/dns-zones/{UNKNOWN}/nothing/",
    f"/api/v1/dns-zones/{UNKNOWN}/records/{UNKNOWN}/",
    "/api/v1/dns-change/",
    "/api/v2/dns-zones/",
    "/statics/x",
    "/%2e%2e/etc/passwd",
    "/%00",
    "/<script>",
    "/" + "a" * 10_000,
]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_unknown_url(alice: FlaskClient, method: str) -> None:
    """With a token or without."""
    nobody = alice.application.test_client()
    for path in UNKNOWN_URLS:
        answers = [client.open(path, method=method) for client in (alice, nobody)]
        assert {problem(answer, 404) for answer in answers} == {"There is nothing at this URL."}


def test_empty_uuid_lists_nothing(alice: FlaskClient) -> None:
    """What a program sends whose variable is empty is no list of everything."""
    for path in (f"{ZONES}/", f"{RECORDS}/", f"{ZONES}/records/"):
        problem(alice.get(path), 404)
    assert alice.post(f"{ZONES}/", json={"domain": "example.com"}).status_code in (404, 405)


METHODS = {
    ZONES: "GET, HEAD, POST",
    zone_url({"uuid": UNKNOWN}): "DELETE, GET, HEAD",
    zone_url({"uuid": UNKNOWN}, "records/"): "GET, HEAD, POST",
    zone_url({"uuid": UNKNOWN}, "status/"): "GET, HEAD",
    zone_url({"uuid": UNKNOWN}, "export/"): "GET, HEAD",
    IMPORT: "DELETE, GET, HEAD, POST",
    zone_url({"uuid": UNKNOWN}, "check/"): "GET, HEAD, POST",
    "/api/v1/dns-batches/": "POST",
    "/api/v1/openapi.json": "GET, HEAD",
    "/docs/": "GET, HEAD",
    RECORDS: "GET, HEAD",
    f"{RECORDS}{UNKNOWN}/": "DELETE, GET, HEAD, PATCH, PUT",
    zone_url({"uuid": UNKNOWN}, "changes/"): "GET, HEAD",
    zone_url({"uuid": UNKNOWN}, "diff/"): "GET, HEAD",
    zone_url({"uuid": UNKNOWN}, "rollback/"): "POST",
    zone_url({"uuid": UNKNOWN}, "undelete/"): "POST",
    zone_url({"uuid": UNKNOWN}, "locks/"): "GET, HEAD, POST",
    f"{LOCKS}{UNKNOWN}/": "DELETE, GET, HEAD",
    CHANGES: "GET, HEAD",
    f"{CHANGES}{UNKNOWN}/": "GET, HEAD",
    f"{CHANGES}{UNKNOWN}/revert/": "POST",
    f"{CHANGES}{UNKNOWN}/confirm/": "POST",
    "/api/v1/dns-proposals/": "GET, HEAD",
    f"/api/v1/dns-proposals/{UNKNOWN}/": "GET, HEAD",
    f"/api/v1/dns-proposals/{UNKNOWN}/approve/": "POST",
    f"/api/v1/dns-proposals/{UNKNOWN}/reject/": "POST",
    "/healthz": "GET, HEAD",
    "/metrics": "GET, HEAD",
}


def test_wrong_method(alice: FlaskClient) -> None:
    """The header Allow names the right ones (RFC 9110, section 15.5.6)."""
    every = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "NONSENSE"}
    for path, allowed in METHODS.items():
        for method in every - set(allowed.split(", ")):
            answer = alice.open(path, method=method)
            problem(answer, 405)
            assert answer.headers["Allow"] == allowed


def test_methods_are_those_of_all_routes() -> None:
    paths = {route.path.replace("<uuid>", UNKNOWN) for route in ROUTES}
    assert set(METHODS) == paths


# ---- bodies ----

NESTED = b"[" * 200_000
BROKEN = {
    "empty": b"",
    "white space": b" \n",
    "half": b'{"domain": "example.net"',
    "single quotes": b"{'domain': 'example.net'}",
    "final comma": b'{"domain": "example.net",}',
    "two": b'{"domain": "example.net"}{}',
    "deep array": NESTED,
    "deep object": b'{"a":' * 200_000,
    "deep value": b'{"domain":' + NESTED + b"]" * 200_000 + b"}",
    "huge integer": b'{"domain": ' + b"1" * 5000 + b"}",
    "infinity": b'{"domain": 1e400}',
    "NaN": b'{"domain": NaN}',
    "high surrogate": b'{"domain": "\\ud800"}',
    "low surrogate": b'{"domain": "\\udc00.com"}',
    "surrogate in a key": b'{"\\ud800": 1}',
    "no UTF-8": b'{"domain": "\xff"}',
    "surrogate in UTF-8": b'{"domain": "\xed\xa0\x80"}',
    "raw NUL": b'{"domain": "\0"}',
    "raw newline": b'{"domain": "a\n"}',
    "UTF-16": '{"domain": "example.net"}'.encode("utf-16"),
}
WRITES = ["zones", "records", "put", "patch"]


def write(client: FlaskClient, zone: Json, target: str, **request: Any) -> Any:
    """Send a write of one of the four kinds that have a body."""
    if target == "zones":
        return client.post(ZONES, **request)
    if target == "records":
        return client.post(zone_url(zone, "records/"), **request)
    found = client.get(zone_url(zone, "records/")).get_json()
    record = found[0] if found else added(client, zone, "old A 192.0.2.200", ttl=77)
    return client.open(record_url(record), method=target.upper(), **request)


@pytest.mark.parametrize("target", WRITES)
def test_broken_json(alice: FlaskClient, zone: dict[str, Any], target: str) -> None:
    """The answer stays short however long the body is."""
    for body in BROKEN.values():
        answer = write(alice, zone, target, data=body, content_type="application/json")
        assert len(problem(answer, says="JSON")) < 300
    assert len(alice.get(ZONES).get_json()) == 1


@pytest.mark.parametrize("target", WRITES)
def test_body_that_is_no_object(alice: FlaskClient, zone: dict[str, Any], target: str) -> None:
    arrays: list[Any] = [[], [5], [GOOD, "text"]] if target == "records" else [[], [GOOD]]
    for body in (*arrays, "text", 5, 1.5, True, None):
        problem(write(alice, zone, target, data=json.dumps(body), content_type="application/json"), says="object")


@pytest.mark.parametrize("target", WRITES)
def test_media_type(alice: FlaskClient, zone: dict[str, Any], target: str) -> None:
    body = json.dumps({"domain": "example.net"} if target == "zones" else GOOD)
    for kind in (None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json", "json"):
        problem(write(alice, zone, target, data=body, content_type=kind), 415, says="application/json")
    answer = write(alice, zone, target, data=body, content_type="Application/JSON; charset=utf-8")
    assert answer.status_code in (200, 201), answer.text


@pytest.mark.parametrize("target", WRITES)
def test_body_over_a_mebibyte(alice: FlaskClient, zone: dict[str, Any], target: str) -> None:
    """Announced by Content-Length, and without one, as chunked requests are."""
    padded = b'{"x": "' + b"a" * (MIB - 9) + b'"}'
    assert len(padded) == MIB
    problem(write(alice, zone, target, data=padded, content_type="application/json"), field=first_field(target))
    problem(write(alice, zone, target, data=padded + b" ", content_type="application/json"), 413)
    chunked = {"content_type": "application/json", "environ_overrides": {"wsgi.input_terminated": True}}
    problem(write(alice, zone, target, input_stream=io.BytesIO(padded + b" "), **chunked), 413)


def first_field(target: str) -> str:
    """The field that a body without any known one is faulted for."""
    return {"zones": "domain", "records": "record_type", "put": "record_type", "patch": "x"}[target]


def test_body_of_ten_mebibytes_is_not_read(alice: FlaskClient, zone: dict[str, Any]) -> None:
    class Unread(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise AssertionError("it was read")

    length = {"CONTENT_LENGTH": str(10 * MIB)}
    stream = {"input_stream": Unread(), "content_type": "application/json", "environ_overrides": length}
    problem(alice.post(zone_url(zone, "records/"), **stream), 413)


# ---- fields ----

# A record's body, and the field that is named: the first one at fault, whether in shape or in meaning.
FAULTS: list[tuple[dict[str, Any], str]] = [
    ({}, "record_type"),
    (without("record_type"), "record_type"),
    (without("name"), "name"),
    (without("value"), "value"),
    # shape
    (good(record_type=None), "record_type"),
    (good(record_type=1), "record_type"),
    (good(record_type=["A"]), "record_type"),
    (good(name=None), "name"),
    (good(name=7), "name"),
    (good(value={}), "value"),
    (good(value=True), "value"),
    (good(value="192.0.2.1\0"), "value"),
    (good(name="a\0"), "name"),
    (good(record_type="A\0"), "record_type"),
    *((good(ttl=ttl), "ttl") for ttl in (True, False, None, 3600.0, "3600", -1, 2**31, 2**63, 1e3, [], {})),
    *((MAIL | {"priority": value}, "priority") for value in (True, False, 10.0, "10", -1, 65536, 2**64, [])),
    (good(tll=300), "tll"),
    (good(TTL=300), "TTL"),
    ({**GOOD, "": 1}, ""),
    ({**GOOD, "record_count": 1}, "record_count"),
    # meaning
    (good(record_type="a b"), "record_type"),
    (good(record_type="SOA"), "record_type"),
    (good(record_type="ANY"), "record_type"),
    (good(record_type=""), "record_type"),
    (good(name=""), "name"),
    (good(name="a b"), "name"),
    (good(name="www.example.net."), "name"),
    (good(value=""), "value"),
    (good(value="192.0.2.256"), "value"),
    (good(value="192.0.2.1\n"), "value"),
    (good(priority=10), "priority"),
    ({**GOOD, "record_type": "MX", "value": "mail"}, "value"),
    # both at once: field order decides
    ({"record_type": "X", "tll": 1}, "record_type"),
    ({"record_type": "X", "name": 5}, "record_type"),
    ({"record_type": 5, "name": "a b"}, "record_type"),
    ({"record_type": "A", "name": "a b", "value": 5}, "name"),
    ({"record_type": "A", "name": 5, "value": "x"}, "name"),
    ({"record_type": "A", "name": "a b"}, "name"),
    ({"record_type": "A", "value": "x"}, "name"),
    (good(value="x", ttl="x"), "value"),
    (good(value="x", priority=5), "value"),
    (good(value=5, ttl=-1), "value"),
    (good(ttl=-1, priority=5), "ttl"),
    (good(ttl=True, priority=True), "ttl"),
    (good(ttl=-1, tll=1), "ttl"),
    (good(priority=5, tll=1), "priority"),
    (good(priority="x", tll=1), "priority"),
    ({"tll": 1, **MAIL, "priority": 70000}, "priority"),
    ({"tll": 1, **MAIL, "priority": None}, "priority"),
    ({"tll": 1, "value": "x", "name": "www", "record_type": "A"}, "value"),
    ({"zzz": 1, "aaa": 2, **GOOD}, "zzz"),
]


def check_faults(cases: list[tuple[dict[str, Any], str]], send: Callable[..., TestResponse]) -> None:
    """Each body is refused for its field. Flask's own `json=` would sort the keys."""
    named = []
    for body, _ in cases:
        answer = send(data=json.dumps(body), content_type="application/json")
        named.append((body, answer.get_json().get("field"), answer.status_code))
        problem(answer, field=named[-1][1])
    assert named == [(body, field, 400) for body, field in cases]


def test_first_fault_of_a_record(alice: FlaskClient, zone: dict[str, Any]) -> None:
    present = added(alice, zone, "@ A 192.0.2.1")
    check_faults(FAULTS, partial(alice.post, zone_url(zone, "records/")))
    check_faults(FAULTS, partial(alice.put, record_url(present)))
    assert alice.get(zone_url(zone, "records/")).get_json() == [present]


PATCH_FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"record_type": None}, "record_type"),
    ({"name": None}, "name"),
    ({"value": None}, "value"),
    ({"ttl": None}, "ttl"),
    ({"ttl": True}, "ttl"),
    ({"ttl": "60", "name": "a b"}, "name"),
    ({"tll": 60}, "tll"),
    ({"tll": 60, "ttl": -1}, "ttl"),
    ({"tll": 60, "value": "x"}, "value"),
    ({"priority": 10}, "priority"),
    ({"priority": "10"}, "priority"),
    ({"record_type": "AAAA"}, "value"),
    ({"record_type": "MX", "value": "mail.example.net"}, "priority"),
    ({"record_type": "SOA", "value": 5}, "record_type"),
]


def test_first_fault_of_a_patch(alice: FlaskClient, zone: dict[str, Any]) -> None:
    present = added(alice, zone, "@ A 192.0.2.1")
    check_faults(PATCH_FAULTS, partial(alice.patch, record_url(present)))
    assert alice.get(zone_url(zone, "records/")).get_json() == [present]


ZONE_FAULTS: list[tuple[dict[str, Any], str]] = [
    ({}, "domain"),
    ({"domain": None}, "domain"),
    ({"domain": 5}, "domain"),
    ({"domain": ["example.net"]}, "domain"),
    ({"domain": "example.net\0"}, "domain"),
    ({"domain": ""}, "domain"),
    ({"domain": "com"}, "domain"),
    ({"domain": "com", "name": "x"}, "domain"),
    ({"name": "x", "domain": 5}, "domain"),
    ({"name": "example.net"}, "domain"),
    ({"domain": "example.net", "name": "x"}, "name"),
    ({"domain": "example.net", "records": []}, "records"),
    ({"domain": "example.net", "record_count": 0}, "record_count"),
]


def test_first_fault_of_a_zone(alice: FlaskClient, zone: dict[str, Any]) -> None:
    check_faults(ZONE_FAULTS, partial(alice.post, ZONES))
    assert len(alice.get(ZONES).get_json()) == 1


def test_unknown_key_is_named(alice: FlaskClient, zone: dict[str, Any]) -> None:
    problem(alice.post(zone_url(zone, "records/"), json=good(tll=300)), field="tll", says="`tll`")
    problem(alice.post(ZONES, json={"domain": "example.net", "nme": "x"}), field="nme", says="`nme`")


@pytest.mark.parametrize("value", ["x", None, {"a": 1}, UNKNOWN], ids=json.dumps)
def test_read_only_keys_are_ignored(alice: FlaskClient, zone: dict[str, Any], value: Any) -> None:
    extra = dict.fromkeys(("uuid", "created_at", "zone"), value)
    other = alice.post(ZONES, json={"domain": "example.net"} | extra).get_json()
    assert is_uuid(other["uuid"])
    assert other["created_at"] >= zone["created_at"]
    record = alice.post(zone_url(zone, "records/"), json=GOOD | extra).get_json()
    assert is_uuid(record["uuid"])
    for answer in (
        alice.put(record_url(record), json=GOOD | extra | {"ttl": 60}),
        alice.patch(record_url(record), json={"ttl": 60} | extra),
        alice.get(record_url(record)),
    ):
        assert answer.get_json() == record | {"ttl": 60, "zone": zone["uuid"]}


# ---- queries ----


@pytest.mark.parametrize("route", [route for route in ROUTES if route.permission], ids=key_of)
def test_unknown_query_parameter(alice: FlaskClient, zone: dict[str, Any], route: Route) -> None:
    """A typo must not list everything, nor delete something."""
    record = added(alice, zone, "@ A 192.0.2.1")
    change = alice.patch(record_url(record), json={"ttl": 60}).headers["X-Change-Id"]
    proposal = alice.delete(f"{record_url(record)}?propose=true").get_json()["id"]
    uuids = {"dns-zones": zone["uuid"], "dns-records": record["uuid"], "dns-changes": change}
    uuids["dns-proposals"] = proposal
    uuids["dns-locks"] = locked(alice, zone, "reserved", name="reserved")["uuid"]
    uuid = next((uuids[noun] for noun in uuids if noun in route.path), "")
    body = {"domain": "example.net"} if route.path == ZONES else GOOD | {"name": "new"}
    request = {"json": body} if route.method in ("POST", "PUT", "PATCH") else {}
    path = route.path.replace("<uuid>", uuid)
    for name in ("typo", "domian", "Limit", "", "\0", "uuid", "created_at"):
        query = {name: "1"} | ({"from": "1"} if "diff" in path else {})
        problem(alice.open(path, method=route.method, query_string=query, **request), field=name)
    assert alice.get(zone_url(zone)).get_json()["records"] == [record | {"ttl": 60}]
    assert len(alice.get(ZONES).get_json()) == 1


def test_parameter_of_another_endpoint_is_unknown(alice: FlaskClient, zone: dict[str, Any]) -> None:
    problem(alice.get(f"{ZONES}?record_type=A"), field="record_type")
    problem(alice.get(f"{RECORDS}?domain=example.com"), field="domain")
    problem(alice.get(zone_url(zone, "records/?record_type=A")), field="record_type")
    problem(alice.get(zone_url(zone, "?limit=1")), field="limit")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (f"{ZONES}?domain=example.com&domain=example.net", "domain"),
        (f"{ZONES}?limit=1&limit=2", "limit"),
        (f"{RECORDS}?record_type=A&record_type=MX", "record_type"),
        (f"{RECORDS}?zone={UNKNOWN}&zone={UNKNOWN}", "zone"),
    ],
)
def test_repeated_query_parameter(alice: FlaskClient, path: str, field: str) -> None:
    """Which one is meant can't be known."""
    problem(alice.get(path), field=field)


OUT_OF_BOUNDS = [
    ("limit", ["0", "5001", "1000000000", "-1", "1.0", "1e3", "", "x", " 1", "1" * 5000, "\u0661", "true"]),
    ("page", ["0", "-1", "x", "", "1.5", "1" * 5000]),
    ("page_size", ["0", "5001", "-1", "x", "", "1000000000"]),
    ("cursor", ["", "x", "0", "aWQ6", "aWQ6LTE", "aWQ6MQ==", "aWQ6MDE", "\0", "\u00e4", "id:1", "a" * 5000]),
]


@pytest.mark.parametrize("path", [ZONES, RECORDS, "records/"])
def test_paging_out_of_bounds(alice: FlaskClient, zone: dict[str, Any], path: str) -> None:
    url = zone_url(zone, path) if path == "records/" else path
    for name, values in OUT_OF_BOUNDS:
        for value in values:
            problem(alice.get(url, query_string={name: value}), field=name)


def test_unknown_type_to_filter_by(alice: FlaskClient) -> None:
    for value in ("nonsense", "", "A,MX", "SOA"):
        problem(alice.get(RECORDS, query_string={"record_type": value}), field="record_type")


# ---- what goes wrong on our side ----


def _fail(error: Exception) -> Any:
    def failing(*_: Any, **__: Any) -> Any:
        raise error

    return failing


def test_unhandled_exception(
    alice: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller learns nothing from inside; the log has it all, under the request's name."""
    monkeypatch.setattr(stored_zones, "list_zones", _fail(RuntimeError("inside /srv/secret.db")))
    with caplog.at_level(logging.ERROR):
        answer = alice.get(ZONES)
    problem(answer, 500)
    assert "secret" not in answer.text
    assert "secret.db" in caplog.text
    assert answer.headers["X-Request-Id"] in caplog.text


@pytest.mark.parametrize("error", [OperationalError("SELECT 1", {}, Exception("/srv/x.db is locked")), PoolTimeout()])
def test_database_out_of_reach(alice: FlaskClient, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(stored_zones, "list_zones", _fail(error))
    answer = alice.get(ZONES)
    problem(answer, 503)
    assert "srv" not in answer.text
    assert "SELECT" not in answer.text


def test_failed_write_leaves_nothing(
    installation: "Installation", alice: FlaskClient, zone: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the record, not the serial, not the change, not the wish."""

    def state() -> Any:
        status = alice.get(zone_url(zone, "status/")).get_json()
        return status, installation.stored(Change, "uuid"), installation.stored(Publication, "domain", "wanted")

    before = state()
    record = GOOD | {"name": "@"}
    with monkeypatch.context() as patch:
        patch.setattr(journal, "want", _fail(RuntimeError("in the middle")))
        problem(alice.post(zone_url(zone, "records/"), json=record), 500)
        problem(alice.delete(zone_url(zone)), 500)
        problem(alice.post(ZONES, json={"domain": "example.net"}), 500)
    assert alice.get(zone_url(zone)).get_json() == zone
    assert state() == before
    assert alice.get(f"{ZONES}?domain=example.net").get_json() == []
    assert alice.post(zone_url(zone, "records/"), json=record).status_code == 201


# ---- every answer ----


def test_every_answer_has_a_name_of_its_own(alice: FlaskClient, zone: dict[str, Any]) -> None:
    requests = [
        alice.get(ZONES),
        alice.get(zone_url(zone)),
        alice.post(zone_url(zone, "records/"), json=GOOD),
        alice.post(zone_url(zone, "records/"), data=b"["),
        alice.get("/nowhere"),
        alice.put(ZONES),
        alice.application.test_client().get(ZONES),
        alice.get("/healthz"),
        alice.delete(zone_url(zone)),
    ]
    names = {answer.headers["X-Request-Id"] for answer in requests}
    assert len(names) == len(requests)
    assert all(map(is_uuid, names))


def test_answers_are_not_stored_nor_sniffed(alice: FlaskClient, zone: dict[str, Any]) -> None:
    for answer in (alice.get(ZONES), alice.get(zone_url(zone, "nowhere/")), alice.delete(zone_url(zone))):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in answer.headers
