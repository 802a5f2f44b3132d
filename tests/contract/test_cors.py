"""Cross-origin requests: the allowed origins' pages may call the API from a browser, others may not."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.routes import ROUTES
from tests.contract.forms import RECORDS, UNKNOWN, ZONES, created, is_uuid, problem, zone_url

if TYPE_CHECKING:
    from tests.installation import Installation

GOOD, OTHER = "https://app.example", "https://evil.example"
ALLOWED = ("https://app.example", "http://localhost:5173")
# What a page may read: every header of ours that an answer can have beside those any page may.
TOLD = {
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Preference-Applied",
    "Retry-After",
    "X-Change-Id",
    "X-Confirm-By",
    "X-Dry-Run",
    "X-Publication",
    "X-Request-Id",
    "X-Total-Count",
    "X-Zone-Serial",
}
ASKED = {"Authorization", "Content-Type", "Prefer", "If-Match", "If-None-Match", "Idempotency-Key", "X-Change-Reason"}


def items(answer: TestResponse, header: str) -> set[str]:
    """The members of a header that is a list."""
    return {each.strip() for each in answer.headers.get(header, "").split(",") if each.strip()}


def cors(answer: TestResponse) -> set[str]:
    """The headers that tell a browser what a page may."""
    return {key for key, _ in answer.headers if key.startswith("Access-Control-")}


def preflight(client: FlaskClient, path: str, origin: str | None, method: str = "POST") -> TestResponse:
    """What a browser sends before the request itself: no token."""
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization,content-type"}
    return client.open(path, method="OPTIONS", headers=asked | ({"Origin": origin} if origin else {}))


@pytest.fixture
def allowing(install: Callable[..., "Installation"]) -> "Installation":
    return install(cors_origins=ALLOWED)


def test_preflight_goes_before_401(allowing: "Installation") -> None:
    """A browser sends it without the token, to every URL of the table."""
    nobody = allowing.app.test_client()
    for route in ROUTES:
        answer = preflight(nobody, route.path.replace("<uuid>", UNKNOWN), GOOD, route.method)
        assert (answer.status_code, answer.data) == (204, b"")
        assert answer.headers["Access-Control-Allow-Origin"] == GOOD
        assert route.method in items(answer, "Access-Control-Allow-Methods")
        assert items(answer, "Access-Control-Allow-Headers") == ASKED
        assert int(answer.headers["Access-Control-Max-Age"]) > 0
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "Content-Type" not in answer.headers
        assert is_uuid(answer.headers["X-Request-Id"])


@pytest.mark.parametrize("origin", ALLOWED)
def test_allowed_origin_reads_answers(allowing: "Installation", origin: str) -> None:
    """Errors as well: a page must be able to tell what was wrong."""
    client, nobody = allowing.client(), allowing.app.test_client()
    zone = created(client, "example.com")
    headers = {"headers": {"Origin": origin}}
    answers = [
        client.get(ZONES, **headers),
        client.get(zone_url(zone), **headers),
        client.post(ZONES, json={"domain": "com"}, **headers),
        client.post(ZONES, json={"domain": "example.net"}, **headers),
        client.get(zone_url({"uuid": UNKNOWN}), **headers),
        client.get("/nowhere", **headers),
        client.put(ZONES, **headers),
        nobody.get(ZONES, **headers),
        client.delete(zone_url(zone), **headers),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 400, 201, 404, 404, 405, 401, 204]
    for answer in answers:
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert items(answer, "Access-Control-Expose-Headers") == TOLD
        assert "Origin" in items(answer, "Vary")
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_304_is_readable(allowing: "Installation") -> None:
    client = allowing.client()
    url = zone_url(created(client, "example.com"))
    answer = client.get(url, headers={"Origin": GOOD, "If-None-Match": client.get(url).headers["ETag"]})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (304, GOOD)
    assert {"Authorization", "Origin"} <= items(answer, "Vary")


OTHERS = [
    OTHER,
    "null",
    "http://app.example",
    "https://app.example:8443",
    "https://app.example/",
    "https://app.example.evil.example",
    "https://xapp.example",
    "HTTPS://APP.EXAMPLE",
    "https://app.example, https://evil.example",
    "*",
    "",
]


@pytest.mark.parametrize("origin", OTHERS)
def test_other_origin_is_told_nothing(allowing: "Installation", origin: str) -> None:
    """The request itself is answered: it is the browser that keeps the answer from the page."""
    client = allowing.client()
    problem(preflight(client, ZONES, origin), 405)
    for answer in (preflight(client, ZONES, origin), client.get(ZONES, headers={"Origin": origin})):
        assert cors(answer) == set()
        assert "Origin" in items(answer, "Vary")
    assert client.get(ZONES, headers={"Origin": origin}).status_code == 200


def test_request_of_no_page(allowing: "Installation") -> None:
    """A cache must not give its answer to a page: it varies all the same."""
    answer = allowing.client().get(ZONES)
    assert cors(answer) == set()
    assert "Origin" in items(answer, "Vary")
    problem(preflight(allowing.client(), ZONES, None), 405)


def test_options_that_is_no_preflight(allowing: "Installation") -> None:
    problem(allowing.client().open(ZONES, method="OPTIONS", headers={"Origin": GOOD}), 405)


def test_nobody_is_allowed_by_default(alice: FlaskClient) -> None:
    problem(preflight(alice, ZONES, GOOD), 405)
    answer = alice.get(ZONES, headers={"Origin": GOOD})
    assert cors(answer) == set()
    assert "Origin" not in items(answer, "Vary")


def test_star_allows_everybody(install: Callable[..., "Installation"]) -> None:
    """The token is in the page's own hands, not in a cookie that a browser would add."""
    client = install(cors_origins=("*",)).client()
    for origin in (GOOD, OTHER, "null"):
        assert preflight(client, RECORDS, origin).headers["Access-Control-Allow-Origin"] == origin
        answer = client.get(RECORDS, headers={"Origin": origin})
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert "Access-Control-Allow-Credentials" not in answer.headers
    assert cors(client.get(RECORDS)) == set()


def test_every_header_of_an_answer_can_be_read(allowing: "Installation") -> None:
    """Whatever a write, a read or an error tells beside what any page may read (the Fetch standard)."""
    client = allowing.client()
    safe = {"cache-control", "content-language", "content-length", "content-type", "expires", "last-modified"}
    hidden = {"vary", "x-content-type-options", "access-control-allow-origin", "access-control-expose-headers"}
    zone = created(client, "example.com")
    record: dict[str, Any] = {"record_type": "A", "name": "www", "value": "192.0.2.1"}
    origin = {"Origin": GOOD}
    key = origin | {"Idempotency-Key": "k", "Prefer": "wait=0"}
    answers = [
        *(client.post(zone_url(zone, "records/"), json=record, headers=key) for _ in range(2)),
        client.post(f"{zone_url(zone, 'records/')}?dry_run=true", json=record | {"name": "a"}, headers=origin),
        client.get(zone_url(zone), headers=origin),
        client.get(f"{ZONES}?limit=1", headers=origin),
    ]
    seen = {name for answer in answers for name, _ in answer.headers}
    assert {"Idempotency-Replayed", "X-Publication", "X-Dry-Run", "ETag", "X-Total-Count"} <= seen
    assert {name for name in seen if name.lower() not in safe | hidden} <= TOLD
    for answer in answers:
        assert items(answer, "Access-Control-Expose-Headers") == TOLD
