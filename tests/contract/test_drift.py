"""What a sweep found: made due again, kept with what differed, and told as mended when it is."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete

from api.changes import drifts, nameservers
from api.database import writing
from api.models import Drift as Row
from api.models import Publication, Zone
from api.store import control
from api.store import drifts as store
from nameserver.content import Differences
from nameserver.drift import Drift, Kind
from nameserver.serial import newer
from nameserver.sweep import Drifted, Inventory
from tests.contract.forms import added, zone_url

if TYPE_CHECKING:
    from tests.installation import Installation

Json = dict[str, Any]
DOMAIN = "example.com"
DIFFERENT = Differences(("www.example.com. 300 A 192.0.2.66",), (), 1, 0)
VANISHED = "gone from the database"


@pytest.fixture
def settled(installation: "Installation", alice: FlaskClient, zone: Json) -> int:
    """Both nameservers answer the zone's serial."""
    now = serial(installation)
    installation.in_sync(DOMAIN, now)
    return now


def serial(installation: "Installation") -> int:
    [(now,)] = installation.stored(Zone, "serial")
    return int(now)


def found(installation: "Installation", kind: Kind, nameserver: str = "ns1", **what: Any) -> Drift:
    """The difference as a sweep would tell it now."""
    with installation.app.app_context():
        expected = store.expected(nameserver, [DOMAIN])[DOMAIN]
    return Drift(DOMAIN, kind, expected, **what)


def record(installation: "Installation", *told: Drift, nameserver: str = "ns1") -> list[Drift]:
    with installation.app.app_context():
        return drifts.record(Drifted(nameserver, told))


def states(installation: "Installation") -> list[str]:
    """Of ns1 and ns2."""
    return [state for (state,) in installation.stored(Publication, "state")]


def due(installation: "Installation") -> dict[str, list[str]]:
    with installation.app.app_context():
        return {name: list(domains) for name, domains in control.gather(("ns1", "ns2")).due.items()}


@pytest.mark.parametrize("kind", [Kind.MISSING, Kind.SERIAL, Kind.FILE])
def test_what_differs_is_due_again_there_with_its_serial(
    installation: "Installation", settled: int, kind: Kind
) -> None:
    assert len(record(installation, found(installation, kind, serial=3))) == 1
    assert due(installation) == {"ns1": [DOMAIN], "ns2": []}
    assert installation.stored(Publication, "wanted", "state") == [(settled, "pending"), (settled, "in_sync")]
    columns = ("nameserver", "domain", "kind", "expected_serial", "found_serial", "repaired_at")
    assert installation.stored(Row, *columns) == [("ns1", DOMAIN, kind.value, settled, 3, None)]


def test_other_content_gets_a_new_serial_everywhere(installation: "Installation", settled: int) -> None:
    """Its file may be right again, unloaded: the same serial would be taken for done."""
    record(installation, found(installation, Kind.CONTENT, records=DIFFERENT))
    assert newer(serial(installation), settled)
    assert due(installation) == {"ns1": [DOMAIN], "ns2": [DOMAIN]}
    assert installation.stored(Row, "records") == [
        ({"there": list(DIFFERENT.there), "here": [], "there_count": 1, "here_count": 0},)
    ]


def test_it_is_mended_when_that_nameserver_answered(installation: "Installation", settled: int) -> None:
    record(installation, found(installation, Kind.MISSING))
    installation.answers("ns2", DOMAIN, settled)
    assert installation.stored(Row, "repair") == [(None,)]
    installation.answers("ns1", DOMAIN, settled)
    [(at, how)] = installation.stored(Row, "repaired_at", "repair")
    assert at is not None
    assert how == f"Published again, as serial {settled}."
    assert states(installation) == ["in_sync", "in_sync"]


def test_a_wish_that_has_moved_on_is_no_drift(
    installation: "Installation", alice: FlaskClient, zone: Json, settled: int
) -> None:
    late = found(installation, Kind.FILE)
    added(alice, zone, "www A 192.0.2.1")
    before = installation.stored(Publication, "wanted", "state", "due_at")
    assert record(installation, late, replace(late, kind=Kind.CONTENT)) == []
    assert installation.stored(Publication, "wanted", "state", "due_at") == before
    installation.in_sync(DOMAIN, serial(installation))
    assert record(installation, late, replace(late, kind=Kind.CONTENT)) == []
    assert installation.stored(Row, "id") == []


def test_what_was_answered_again_meanwhile_is_no_drift(installation: "Installation", settled: int) -> None:
    late = found(installation, Kind.FILE)
    installation.answers("ns1", DOMAIN, settled)
    assert record(installation, late) == []


def test_the_digest_is_that_of_the_file_that_was_answered(
    installation: "Installation", alice: FlaskClient, zone: Json, settled: int
) -> None:
    with installation.app.app_context():
        first = store.expected("ns1", None)
    assert first.keys() == {DOMAIN}
    assert len(first[DOMAIN].digest or "") == 64
    added(alice, zone, "www A 192.0.2.1")
    with installation.app.app_context():
        behind = store.expected("ns1", [DOMAIN])[DOMAIN]
    assert (behind.settled, behind.digest) == (False, first[DOMAIN].digest)


def test_a_stray_is_told_once_and_until_it_is_gone(installation: "Installation", settled: int) -> None:
    stray = Drift("stray.example", Kind.STRAY, None, 5)
    assert [len(record(installation, stray)) for _ in range(3)] == [1, 0, 0]
    there = {DOMAIN: settled, "stray.example": 5}
    installation.report(Inventory("ns1", there, ["stray.example"]))
    installation.report(Inventory("ns2", {DOMAIN: settled}))
    assert installation.stored(Row, "repair") == [(None,)]
    installation.report(Inventory("ns1", {DOMAIN: settled}))
    assert installation.stored(Row, "repair") == [("It is gone from the nameserver.",)]
    assert len(record(installation, stray)) == 1


def test_a_removed_nameserver_has_nothing_left_to_mend(installation: "Installation", settled: int) -> None:
    record(installation, found(installation, Kind.MISSING))
    with installation.app.app_context():
        nameservers.remove("ns1")
    assert installation.stored(Row, "repair") == [("The nameserver was removed.",)]


def test_a_deleted_zone_that_is_back_is_removed_again(
    installation: "Installation", alice: FlaskClient, zone: Json, settled: int
) -> None:
    assert alice.delete(zone_url(zone)).status_code == 204
    installation.no_longer_answers("ns1", DOMAIN, settled)
    assert len(record(installation, found(installation, Kind.STRAY, serial=settled))) == 1
    assert DOMAIN in due(installation)["ns1"]
    installation.report(Inventory("ns1", {DOMAIN: settled}))
    assert installation.stored(Row, "repair") == [(None,)]
    installation.no_longer_answers("ns1", DOMAIN, settled)
    assert installation.stored(Row, "repair") == [("Removed again.",)]


def test_the_sweep_holds_what_vanished_from_the_database(installation: "Installation", settled: int) -> None:
    """A zone deleted past the API stays served: each sweep looks for it, whatever the nameserver has."""
    installation.report(Inventory("ns1", {DOMAIN: settled}))
    assert states(installation) == ["in_sync", "in_sync"]
    with installation.app.app_context(), writing() as session:
        session.execute(delete(Zone))
    installation.report(Inventory("ns1", {DOMAIN: settled}))
    assert states(installation) == ["held", "in_sync"]
    assert VANISHED in installation.stored(Publication, "error")[0][0]
    assert due(installation) == {"ns1": [], "ns2": []}
