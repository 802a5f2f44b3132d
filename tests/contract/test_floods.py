"""Floods: a token and an address may send so many requests a minute; what is over it is a 429 with Retry-After."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api import auth
from api.app import create_app
from tests.contract.forms import ZONES, created, problem, zone_url
from tests.installation import ALICE, BOB, together

if TYPE_CHECKING:
    from tests.installation import Installation

MOST = 5
NOBODY = {"Authorization": "Bearer vps_nobody"}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The minute stands still; a test may move it."""
    moment = [600.25]
    monkeypatch.setattr("api.rates.monotonic", lambda: moment[0])
    return moment


@pytest.fixture
def narrow(install: Callable[..., "Installation"]) -> Callable[..., "Installation"]:
    """Five requests a minute each, or other settings."""

    def start(**settings: Any) -> "Installation":
        return install(**{"requests_per_minute": MOST, "requests_per_minute_address": MOST, **settings})

    return start


def limited(answer: TestResponse, seconds: int = 60) -> None:
    """It is a 429 in the contract's form that says when to come again."""
    problem(answer, 429, says=f"try again in {seconds} s")
    assert answer.headers["Retry-After"] == str(seconds)


def statuses(client: FlaskClient, path: str, number: int, **request: Any) -> list[int]:
    return [client.get(path, **request).status_code for _ in range(number)]


def test_token_over_its_limit(narrow: Callable[..., "Installation"], clock: list[float]) -> None:
    """Whatever it asks for, until the minute is over; another token is not touched."""
    installation = narrow()
    alice, bob = installation.client(), installation.client(BOB)
    assert statuses(alice, ZONES, MOST) == [200] * MOST
    clock[0] += 20
    limited(alice.get(ZONES), 40)
    limited(alice.post(ZONES, json={"domain": "example.com"}), 40)
    limited(alice.get("/nothing/"), 40)
    assert bob.get(ZONES).get_json() == []
    clock[0] += 39.5
    limited(alice.get(ZONES), 1)
    clock[0] += 1
    assert alice.get(ZONES).get_json() == []


def test_address_over_its_limit(narrow: Callable[..., "Installation"], clock: list[float]) -> None:
    """Without a token, with a wrong one, and at URLs that are none: counted together, refused alike."""
    client = narrow().app.test_client()
    assert statuses(client, ZONES, 2) == [401] * 2
    assert statuses(client, ZONES, 2, headers=NOBODY) == [401] * 2
    assert statuses(client, "/nothing/", 1) == [404]
    for path in (ZONES, "/nothing/", "/docs/", "/api/v1/openapi.json"):
        limited(client.get(path))
        limited(client.get(path, headers=NOBODY))
    clock[0] += 60
    assert client.get("/docs/").status_code == 200


def test_addresses_are_counted_each_for_itself(narrow: Callable[..., "Installation"]) -> None:
    """Of IPv6 by the 64 bits that one sender has."""
    client = narrow().app.test_client()

    def ask(address: str) -> int:
        return client.get(ZONES, environ_overrides={"REMOTE_ADDR": address}).status_code

    assert [ask("192.0.2.1") for _ in range(MOST + 1)] == [401] * MOST + [429]
    assert ask("192.0.2.2") == 401
    assert ask("::ffff:192.0.2.1") == 429
    assert [ask(f"2001:db8::{number}") for number in range(MOST + 1)] == [401] * MOST + [429]
    assert ask("2001:db8:0:1::") == 401
    assert [ask("") for _ in range(MOST + 1)] == [401] * MOST + [429]


def test_database_is_not_asked_over_the_limit(
    narrow: Callable[..., "Installation"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor with a token that was valid: a flood costs no look-ups."""
    installation = narrow()
    alice, nobody = installation.client(), installation.app.test_client()
    statuses(alice, ZONES, MOST)
    statuses(nobody, ZONES, MOST, headers=NOBODY)
    monkeypatch.setattr(auth, "db", None)
    limited(alice.get(ZONES))
    limited(nobody.get(ZONES, headers=NOBODY))
    assert installation.client(BOB).get(ZONES).status_code == 429  # never seen yet: one who guesses is no other


def test_guesses_shut_out_no_known_token_at_the_address(narrow: Callable[..., "Installation"]) -> None:
    installation = narrow()
    alice, nobody = installation.client(), installation.app.test_client()
    assert alice.get(ZONES).status_code == 200
    statuses(nobody, ZONES, MOST, headers=NOBODY)
    limited(nobody.get(ZONES, headers=NOBODY))
    assert statuses(alice, ZONES, MOST - 1) == [200] * (MOST - 1)


def test_revoked_token_is_a_stranger(narrow: Callable[..., "Installation"]) -> None:
    from api.changes import tokens

    installation = narrow(requests_per_minute=100)
    token, secret = installation.token()
    client = installation.client(secret=secret)
    assert client.get(ZONES).status_code == 200
    with installation.app.app_context():
        tokens.revoke(token.uuid)
    assert statuses(client, ZONES, MOST + 1) == [401] * MOST + [429]


def test_refused_writes_are_counted_as_well(narrow: Callable[..., "Installation"]) -> None:
    """A token that lacks the permission, or sends nonsense, does not go free."""
    installation = narrow()
    weak = installation.client_with("dns:list")
    for _ in range(MOST):
        problem(weak.post(ZONES, json={"domain": "example.com"}), 403)
    limited(weak.get(ZONES))


def test_monitors_are_never_refused(narrow: Callable[..., "Installation"]) -> None:
    """Nor are they counted, nor are a page's preflights."""
    installation = narrow(cors_origins=("https://panel.example",))
    alice, nobody = installation.client(), installation.app.test_client()
    preflight = {"Origin": "https://panel.example", "Access-Control-Request-Method": "POST"}
    for client in (alice, nobody):
        for path in ("/healthz", "/metrics"):
            assert statuses(client, path, MOST + 1) == [200] * (MOST + 1)
        assert {client.options(ZONES, headers=preflight).status_code for _ in range(MOST + 1)} == {204}
    assert statuses(alice, ZONES, MOST) == [200] * MOST
    statuses(nobody, ZONES, MOST)
    for client in (alice, nobody):
        limited(client.get(ZONES))
        assert statuses(client, "/healthz", 1) == statuses(client, "/metrics", 1) == [200]


def test_pages_can_read_that_they_are_refused(narrow: Callable[..., "Installation"]) -> None:
    client = narrow(cors_origins=("https://panel.example",), requests_per_minute_address=1).app.test_client()
    client.get(ZONES)
    answer = client.get(ZONES, headers={"Origin": "https://panel.example"})
    limited(answer)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://panel.example"
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]


def test_zero_is_no_limit(narrow: Callable[..., "Installation"]) -> None:
    installation = narrow(requests_per_minute=0, requests_per_minute_address=0)
    assert statuses(installation.client(), ZONES, 50) == [200] * 50
    assert statuses(installation.app.test_client(), ZONES, 50) == [401] * 50


@pytest.mark.parametrize(("processes", "share"), [(1, 5), (2, 3), (5, 1), (16, 1)])
def test_each_process_takes_its_share(narrow: Callable[..., "Installation"], processes: int, share: int) -> None:
    """Rounded up: a limit never becomes none, nor nothing."""
    installation = narrow()
    client = create_app(installation.settings, processes).test_client()
    headers = {"Authorization": f"Bearer {installation.secrets[ALICE]}"}
    assert statuses(client, ZONES, share + 1, headers=headers) == [200] * share + [429]


def test_many_at_once_are_counted_one_by_one(narrow: Callable[..., "Installation"]) -> None:
    installation = narrow()
    zone = created(installation.client(), "example.com")
    ask = partial(lambda: installation.client().get(zone_url(zone)).status_code)
    found = together([ask] * 20)
    assert (found.count(200), found.count(429)) == (MOST - 1, 20 - MOST + 1)


def test_defaults_are_met_by_no_honest_client(installation: "Installation") -> None:
    """A load of 10,000 zones takes 20,000 requests, on one connection to one of two processes."""
    assert installation.settings.requests_per_minute // 2 > 20_000
    assert installation.settings.requests_per_minute_address >= 600


# ---- who called, behind proxies ----

PROXY, CLIENT = "10.0.0.1", "198.51.100.7"
HOPS = [
    (PROXY, None, PROXY),
    (PROXY, "", PROXY),
    (PROXY, CLIENT, CLIENT),
    (PROXY, f"203.0.113.9, {CLIENT}", CLIENT),
    (PROXY, f"203.0.113.9,{CLIENT}, 10.0.0.2 ", CLIENT),
    (PROXY, "10.0.0.3, 10.0.0.2", "10.0.0.3"),
    (PROXY, "unknown", PROXY),
    (PROXY, f"{CLIENT}, nonsense", PROXY),
    (PROXY, f"{CLIENT}:4711", PROXY),
    (PROXY, "2001:db8::7", "2001:db8::7"),
    (f"::ffff:{PROXY}", CLIENT, CLIENT),
    (CLIENT, "203.0.113.9", CLIENT),
    ("", CLIENT, ""),
]


@pytest.mark.parametrize(("peer", "forwarded", "client"), HOPS, ids=str)
def test_nearest_address_that_is_no_proxys(
    install: Callable[..., "Installation"], peer: str, forwarded: str | None, client: str
) -> None:
    """The address that a change tells; what the client wrote into the header himself is not believed."""
    alice = install(trusted_proxies=("10.0.0.0/8",)).client()
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    request = {"headers": headers, "environ_overrides": {"REMOTE_ADDR": peer}}
    write = alice.post(ZONES, json={"domain": "example.com"}, **request)
    change = alice.get(f"/api/v1/dns-changes/{write.headers['X-Change-Id']}/").get_json()
    assert change["actor"]["address"] == client


def test_nobody_is_trusted_by_default(alice: FlaskClient) -> None:
    request = {"headers": {"X-Forwarded-For": CLIENT}, "environ_overrides": {"REMOTE_ADDR": "127.0.0.1"}}
    write = alice.post(ZONES, json={"domain": "example.com"}, **request)
    change = alice.get(f"/api/v1/dns-changes/{write.headers['X-Change-Id']}/").get_json()
    assert change["actor"]["address"] == "127.0.0.1"


def test_limits_and_metrics_go_by_the_client(narrow: Callable[..., "Installation"]) -> None:
    client = narrow(trusted_proxies=("127.0.0.0/8",)).app.test_client()
    one, other = ({"X-Forwarded-For": f"198.51.100.{number}"} for number in (1, 2))
    assert statuses(client, ZONES, MOST + 1, headers=one) == [401] * MOST + [429]
    assert client.get(ZONES, headers=other).status_code == 401
    assert client.get("/metrics", headers=one).status_code == 403
    assert client.get("/metrics").status_code == 200
