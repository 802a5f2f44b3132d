"""check/: the zone's named-checkzone report; what the API accepts is loaded, what is wrong is named."""

import os
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from api.database import writing
from api.models import Record
from tests.contract.forms import UNKNOWN, add, added, is_moment, problem, record_url, records_of, zone_url
from tests.contract.test_batches import bodies
from tests.contract.test_dry_run import everything
from tests.nameservers import installed

if TYPE_CHECKING:
    from tests.installation import Installation

Json = dict[str, Any]
REPORT = ["domain", "serial", "checked_at", "verdict", "problems"]
PROBLEM = ["rule", "severity", "detail", "record"]

pytestmark = pytest.mark.skipif(not installed(), reason="BIND is not installed")


def report(client: FlaskClient, zone: Json) -> Json:
    answer = client.get(zone_url(zone, "check/"))
    assert answer.status_code == 200, answer.text
    found = dict(answer.get_json())
    assert list(found) == REPORT
    assert [list(each) for each in found["problems"]] == [PROBLEM] * len(found["problems"])
    return found


def poison(installation: "Installation", **columns: Any) -> None:
    """Every record of the database becomes what the API would never have accepted."""
    with installation.app.app_context(), writing() as session:
        session.execute(update(Record).values(**columns))


def test_good_zone(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    """Looking at it changes nothing."""
    for line in ("@ A 192.0.2.1", "www CNAME a.example.net", 'txt TXT a"b;c', "*.a AAAA 2001:db8::1"):
        added(alice, zone, line)
    before = everything(installation)
    found = report(alice, zone)
    assert is_moment(found.pop("checked_at"))
    serial = alice.get(zone_url(zone, "status/")).get_json()["serial"]
    assert found == {"domain": "example.com", "serial": serial, "verdict": "ok", "problems": []}
    assert everything(installation) == before


def test_empty_zone(alice: FlaskClient, zone: Json) -> None:
    assert (report(alice, zone)["verdict"], report(alice, zone)["problems"]) == ("ok", [])


@pytest.mark.parametrize("line", ["foo_bar A 192.0.2.1", "foo_bar AAAA 2001:db8::1", "0/25 A 192.0.2.1", "a_b MX ."])
def test_strange_owner_is_a_warning(alice: FlaskClient, zone: Json, line: str) -> None:
    """Accepted and served; the warning names the record."""
    added(alice, zone, "www A 192.0.2.1")
    record = added(alice, zone, line, **({"priority": 0} if "MX" in line else {}))
    found = report(alice, zone)
    assert found["verdict"] == "warning"
    assert {each["severity"] for each in found["problems"]} == {"warning"}
    [named] = [each for each in found["problems"] if each["record"]]
    assert (named["record"], named["rule"]) == (record["uuid"], "owner-not-hostname")
    assert f"{record['name']}.example.com" in named["detail"]
    alice.delete(record_url(record))
    assert report(alice, zone)["verdict"] == "ok"


def test_services_are_no_strange_owners(alice: FlaskClient, zone: Json) -> None:
    for line in ("_dmarc TXT v=DMARC1", "_x._tcp CNAME a.example.net", "* A 192.0.2.1"):
        added(alice, zone, line)
    assert report(alice, zone)["verdict"] == "ok"


POISONED: dict[str, Json] = {
    "address": {"value": "192.0.2.256"},
    "type": {"type": "NOSUCH"},
    "type of another": {"type": "MX", "value": "mail.example.net", "priority": None},
    "priority": {"type": "MX", "value": "mail.example.net", "priority": 70000},
    "empty label": {"name": "a..b"},
    "long label": {"name": "a" * 64},
    "ttl": {"ttl": -1},
    "host": {"type": "CNAME", "value": "a b"},
}


@pytest.mark.parametrize("kind", POISONED)
def test_poisoned_record_is_an_error(installation: "Installation", alice: FlaskClient, zone: Json, kind: str) -> None:
    """What came past the API: a report, and no fault of ours; nothing of the machine is told."""
    record = added(alice, zone, "www A 192.0.2.1")
    poison(installation, **POISONED[kind])
    found = report(alice, zone)
    assert found["verdict"] == "error"
    errors = [each for each in found["problems"] if each["severity"] == "error"]
    assert errors
    if kind != "ttl":  # this one named itself finds
        assert [(each["rule"], each["record"]) for each in errors] == [("rendering", record["uuid"])]
    assert not [word for word in ("/tmp", "/usr", "Traceback", ".py", "stdin") if word in str(found)]


def test_second_cname_is_an_error(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    """Which only named itself sees."""
    for line in ("a A 192.0.2.1", "b CNAME a.example.net"):
        added(alice, zone, line)
    poison(installation, name="a")
    found = report(alice, zone)
    assert found["verdict"] == "error"
    assert "CNAME and other data" in str(found["problems"])


def test_zone_with_one_poisoned_record_names_it(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    for number in range(3):
        added(alice, zone, f"h{number} A 192.0.2.1")
    bad = records_of(alice, zone)[1]
    with installation.app.app_context(), writing() as session:
        session.execute(update(Record).where(Record.uuid == bad["uuid"]).values(value="x"))
    [found] = report(alice, zone)["problems"]
    assert found["record"] == bad["uuid"]


def test_without_the_checker_it_says_so(alice: FlaskClient, zone: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not there at the moment: no fault of the request, and none that a stack trace would help with."""
    monkeypatch.setattr("nameserver.agent.tools._PLACES", (os.devnull,))
    problem(alice.get(zone_url(zone, "check/")), 503)


def test_foreign_and_unknown(alice: FlaskClient, bob: FlaskClient, zone: Json) -> None:
    problem(bob.get(zone_url(zone, "check/")), 404)
    problem(alice.get(zone_url({"uuid": UNKNOWN}, "check/")), 404)


# ---- what is accepted is loaded ----

# What stands, and then a write that would cost the nameserver at the apex its address.
LOSSES: dict[str, tuple[list[str], str]] = {
    "address goes": (["ns A 192.0.2.1", "@ NS ns.example.com"], "- ns A"),
    "wildcard goes": (["* A 192.0.2.1", "@ NS ns.example.com"], "- * A"),
    "text in the wildcard's place": (["* A 192.0.2.1", "@ NS ns.example.com"], "ns TXT x"),
    "alias in the wildcard's place": (["* A 192.0.2.1", "@ NS ns.example.com"], "ns CNAME a.example.net"),
    "name below": (["* A 192.0.2.1", "@ NS ns.example.com"], "x.ns TXT x"),
    "name between": (["* A 192.0.2.1", "@ NS ns.b.example.com"], "b TXT x"),
    "name beside": (["* A 192.0.2.1", "@ NS ns.b.example.com"], "x.b TXT x"),
    "nearer wildcard": (["* A 192.0.2.1", "@ NS ns.b.example.com"], "*.b TXT x"),
    "delegation goes": (["sub NS ns.example.net", "@ NS ns.sub.example.com"], "- sub NS"),
    "address of the apex goes": (["@ A 192.0.2.1", "@ NS example.com"], "- @ A"),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_nameserver_at_the_apex_keeps_its_address(alice: FlaskClient, zone: Json, loss: str) -> None:
    """named would refuse the zone, so the write is refused; once the NS record is gone, it is not."""
    stand, line = LOSSES[loss]
    for each in stand:
        added(alice, zone, each)
    before = records_of(alice, zone)

    def write() -> Any:
        if not line.startswith("- "):
            return add(alice, zone, line)
        name, record_type = line[2:].split()
        [record] = [each for each in before if (each["name"], each["record_type"]) == (name, record_type)]
        return alice.delete(record_url(record))

    assert report(alice, zone)["verdict"] == "ok"
    problem(write(), field="name", says="remove its NS record first")
    assert records_of(alice, zone) == before
    assert report(alice, zone)["verdict"] == "ok"
    [nameserver] = [each for each in before if (each["name"], each["record_type"]) == ("@", "NS")]
    alice.delete(record_url(nameserver))
    assert write().status_code in (201, 204)
    assert report(alice, zone)["verdict"] == "ok"


def test_what_is_harmless_beside_a_nameserver_is_accepted(alice: FlaskClient, zone: Json) -> None:
    for line in ("ns A 192.0.2.1", "@ NS ns.example.com", "ns TXT x", "x.ns TXT x", "* TXT x", "b TXT x"):
        added(alice, zone, line)
    added(alice, zone, "ns AAAA 2001:db8::1")
    for record in records_of(alice, zone):
        if (record["name"], record["record_type"]) == ("ns", "A"):
            assert alice.delete(record_url(record)).status_code == 204
    assert report(alice, zone)["verdict"] == "ok"


def _accepted(client: FlaskClient, seeds: list[Json]) -> Json:
    from tests.contract.test_batches import seeded

    return seeded(client, seeds)[0]


def test_every_accepted_zone_is_loaded(alice: FlaskClient) -> None:
    """Whatever is written, in whatever order: named-checkzone has no error."""
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(seeds=st.lists(bodies(), min_size=2, max_size=10), going=st.integers(0, 9))
    def loaded(seeds: list[Json], going: int) -> None:
        zone = _accepted(alice, seeds)
        for record in records_of(alice, zone)[going : going + 1]:
            alice.delete(record_url(record))
        found = report(alice, zone)
        assert found["verdict"] != "error", found["problems"]

    loaded()
