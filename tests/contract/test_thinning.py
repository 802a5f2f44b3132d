"""A history that is kept for a time only: what is older is one change, and everything else goes on."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from api.changes.thinning import thin
from api.database import db, writing
from api.errors import OperatorError
from api.models import Change
from api.settings import Settings, load
from tests.contract.forms import add, added, created, problem, record_url, records_of, zone_url
from tests.contract.test_audit import findings
from tests.contract.test_history import changes, revert, rollback, texts, undelete
from tests.installation import Installation

Json = dict[str, Any]


@pytest.fixture
def thinning(install: Callable[..., Installation]) -> Installation:
    """History is kept for 90 days."""
    return install(history_days=90)


def grow_old(installation: Installation, days: int) -> None:
    """All changes so far are that much older; their chain is as if they had been made then."""
    with installation.app.app_context(), writing() as session:
        session.execute(update(Change).values(created_at=datetime.now(UTC) - timedelta(days=days)))


def thin_all(installation: Installation) -> int:
    with installation.app.app_context():
        count = thin(installation.settings)
        db.session.remove()
        return count


def test_what_is_older_is_one_change(thinning: Installation) -> None:
    alice = thinning.client()
    zone = created(alice, "example.com")
    record = added(alice, zone, "www A 192.0.2.1")
    alice.patch(record_url(record), json={"value": "192.0.2.2"})
    then = changes(alice, zone)[0]["serial"]
    grow_old(thinning, 91)
    newer = add(alice, zone, "mail A 192.0.2.5")
    assert (thin_all(thinning), thin_all(thinning)) == (1, 0)
    newest, thinned = changes(alice, zone)
    assert (thinned["number"], thinned["action"], thinned["serial"]) == (3, "thinned", then)
    assert texts(thinned["added"]) == ["www 3600 A 192.0.2.2"]
    assert (newest["number"], newest["id"]) == (4, newer.headers["X-Change-Id"])
    assert findings(thinning) == []
    assert texts(alice.get(zone_url(zone, f"records/?at={then}")).get_json()) == ["www 3600 A 192.0.2.2"]
    problem(revert(alice, thinned["id"]), 409, says="thinned out")
    assert revert(alice, newer).status_code == 200
    assert rollback(alice, zone, then).status_code == 200
    assert texts(records_of(alice, zone)) == ["www 3600 A 192.0.2.2"]
    assert findings(thinning) == []


def test_zone_that_is_gone_and_the_next_of_its_name(thinning: Installation) -> None:
    alice, bob = thinning.client(), thinning.client("bob@example.org")
    zone = created(alice, "example.com")
    added(alice, zone, "www A 192.0.2.1")
    alice.delete(zone_url(zone))
    grow_old(thinning, 91)
    other = created(bob, "example.com")
    added(bob, other, "www A 192.0.2.2")
    assert thin_all(thinning) == 1
    assert [each["action"] for each in changes(alice, zone)] == ["zone.delete"]
    assert len(changes(bob, other)) == 2
    assert findings(thinning) == []
    problem(undelete(alice, zone), 404, says="30 days")
    bob.delete(zone_url(other))
    assert undelete(bob, other).status_code == 200
    assert findings(thinning) == []


def test_for_ever_by_default(installation: Installation, alice: Any, zone: Json) -> None:
    added(alice, zone, "www A 192.0.2.1")
    grow_old(installation, 10_000)
    assert thin_all(installation) == 0
    assert len(changes(alice, zone)) == 2


def test_what_can_be_undeleted_is_kept(tmp_path: Any) -> None:
    assert load(tmp_path, {}, history_days=30).history_days == 30
    with pytest.raises(OperatorError, match="at least undelete_days"):
        load(tmp_path, {}, history_days=29)
    assert Settings(data=tmp_path).history_days == 0
