"""How many zones an account and how many records a zone may have."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.contract.forms import ZONES, add, added, created, problem, record_url, records_of, zone_url
from tests.contract.test_batches import batch, create, create_zone, delete, done
from tests.contract.test_dry_run import everything
from tests.installation import BOB, together

if TYPE_CHECKING:
    from tests.installation import Installation

Json = dict[str, Any]


@pytest.fixture
def narrow(install: Callable[..., "Installation"]) -> "Installation":
    """Three zones an account, five records a zone."""
    return install(zones_per_account=3, records_per_zone=5)


def test_zones_of_an_account(narrow: "Installation") -> None:
    """A deleted one makes room; another account has its own."""
    alice, bob = narrow.client(), narrow.client(BOB)
    zones = [created(alice, f"z{number}.example.net") for number in range(3)]
    before = everything(narrow)
    for path in (ZONES, f"{ZONES}?dry_run=true"):
        problem(alice.post(path, json={"domain": "z3.example.net"}), field="domain", says="may have 3 zones")
    problem(batch(alice, create_zone("z3.example.net")), field="operations.0.domain", says="may have 3 zones")
    assert everything(narrow) == before
    created(bob, "example.org")
    alice.delete(zone_url(zones[0]))
    created(alice, "z3.example.net")
    problem(alice.post(ZONES, json={"domain": "z4.example.net"}), field="domain")


def test_zones_of_an_account_in_a_batch(narrow: "Installation") -> None:
    alice = narrow.client()
    four = [create_zone(f"z{number}.example.net") for number in range(4)]
    problem(batch(alice, *four), field="operations.3.domain", says="may have 3 zones")
    assert alice.get(ZONES).get_json() == []
    done(batch(alice, *four[:3]))
    [first, *_] = alice.get(ZONES).get_json()
    done(batch(alice, {"action": "delete_zone", "zone": first["uuid"]}, four[3]))


def test_taken_domain_is_told_before_the_quota(narrow: "Installation") -> None:
    alice = narrow.client()
    for number in range(3):
        created(alice, f"z{number}.example.net")
    problem(alice.post(ZONES, json={"domain": "z0.example.net"}), field="domain", says="exists")


def test_records_of_a_zone(narrow: "Installation") -> None:
    """Changing one takes no room; deleting one makes room."""
    alice = narrow.client()
    zone, other = created(alice, "example.com"), created(alice, "example.net")
    records = [added(alice, zone, f"h{number} A 192.0.2.1") for number in range(5)]
    before = everything(narrow)
    for query in ("", "?dry_run=true"):
        body = {"record_type": "A", "name": "h5", "value": "192.0.2.1"}
        answer = alice.post(f"{zone_url(zone, 'records/')}{query}", json=body)
        problem(answer, field="name", says="may have 5 records")
    problem(add(alice, zone, "h5 A x"), field="value")
    assert everything(narrow) == before
    assert alice.patch(record_url(records[0]), json={"name": "moved"}).status_code == 200
    added(alice, other, "h5 A 192.0.2.1")
    alice.delete(record_url(records[0]))
    added(alice, zone, "h5 A 192.0.2.1")


@pytest.mark.parametrize("held", [False, True])
def test_records_of_a_zone_in_one_request(narrow: "Installation", monkeypatch: pytest.MonkeyPatch, held: bool) -> None:
    """Counted with those of the request itself, whichever way the zone's records are looked at."""
    monkeypatch.setattr("api.changes.records.MANY", -1 if held else 1000)
    alice = narrow.client()
    zone = created(alice, "example.com")
    old = [added(alice, zone, f"old{number} A 192.0.2.1") for number in range(2)]
    bodies = [{"record_type": "A", "name": f"h{number}", "value": "192.0.2.1"} for number in range(4)]
    answer = alice.post(zone_url(zone, "records/"), json=bodies)
    problem(answer, field="3.name", says="may have 5 records")
    news = [create("example.com", f"h{number} A 192.0.2.1") for number in range(5)]
    problem(batch(alice, *news), field="operations.3.name", says="may have 5 records")
    problem(batch(alice, *news[:4], delete(old[0])), field="operations.3.name", says="may have 5 records")
    problem(batch(alice, delete(old[0]), *news), field="operations.5.name", says="may have 5 records")
    assert records_of(alice, zone) == old
    done(batch(alice, delete(old[0]), *news[:4]))
    assert len(records_of(alice, zone)) == 5


def test_new_zone_in_a_batch_has_room_of_its_own(narrow: "Installation") -> None:
    alice = narrow.client()
    six = [create("example.com", f"h{number} A 192.0.2.1") for number in range(6)]
    problem(batch(alice, create_zone("example.com"), *six), field="operations.6.name", says="may have 5 records")
    done(batch(alice, create_zone("example.com"), *six[:5]))


def test_last_places_are_given_once(narrow: "Installation") -> None:
    """Many at once do not come through together."""
    alice = narrow.client()
    zone = created(alice, "example.com")

    def record(number: int) -> TestResponse:
        return add(narrow.client(), zone, f"h{number} A 192.0.2.1")

    def another(number: int) -> TestResponse:
        return narrow.client().post(ZONES, json={"domain": f"z{number}.example.net"})

    found = [answer.status_code for answer in together([partial(record, number) for number in range(10)])]
    assert (found.count(201), found.count(400)) == (5, 5)
    found = [answer.status_code for answer in together([partial(another, number) for number in range(8)])]
    assert (found.count(201), found.count(400)) == (2, 6)
    assert len(alice.get(ZONES).get_json()) == 3
    assert len(records_of(alice, zone)) == 5


def test_default_is_generous(alice: FlaskClient, installation: "Installation") -> None:
    assert (installation.settings.zones_per_account, installation.settings.records_per_zone) == (100_000, 100_000)
