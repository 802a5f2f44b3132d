"""`audit verify`: whatever is done to the history past the API is found."""

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from api.database import db, writing
from api.store import audit
from tests.contract.forms import add, added, created, record_url, zone_url
from tests.installation import Installation

Json = dict[str, Any]


def findings(installation: Installation) -> list[str]:
    with installation.app.app_context():
        session = db.session()
        found = [f"{link.change.number}: {link.broken}" for link in audit.links(session) if link.broken]
        return found + [f"{head.domain}: {head.broken}" for head in audit.heads(session) if head.broken]


def tamper(installation: Installation, statement: str) -> None:
    with installation.app.app_context(), writing() as session:
        assert session.execute(text(statement)).rowcount  # type: ignore[attr-defined]


def some_history(alice: FlaskClient, bob: FlaskClient) -> None:
    zone = created(alice, "example.com")
    record = added(alice, zone, "www A 192.0.2.1")
    alice.patch(record_url(record), json={"value": "192.0.2.2"})
    alice.delete(zone_url(zone))
    again = created(bob, "example.com")
    add(bob, again, "www TXT “ü”")
    bob.delete(zone_url(again))
    alice.post(zone_url(zone, "undelete/"))
    created(alice, "example.net")


def test_whole_history(installation: Installation, alice: FlaskClient, bob: FlaskClient) -> None:
    some_history(alice, bob)
    assert findings(installation) == []
    with installation.app.app_context():
        assert len(list(audit.links(db.session()))) == 9
        assert len(list(audit.heads(db.session()))) == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE changes SET reason = 'another' WHERE number = 2",
        "UPDATE changes SET actor = '{}' WHERE number = 3",
        "UPDATE changes SET serial = serial + 1 WHERE number = 1",
        "UPDATE changes SET removed = '[]' WHERE action = 'zone.delete'",
        "UPDATE changes SET created_at = '2020-01-01 00:00:00' WHERE number = 1",
        "DELETE FROM changes WHERE number = 2",
        "DELETE FROM changes WHERE number = 1",
        "DELETE FROM changes WHERE action = 'zone.undelete'",
        "DELETE FROM changes WHERE domain = 'example.net'",
        "UPDATE zones SET chain = '' WHERE domain = 'example.com'",
    ],
)
def test_tampering_is_found(installation: Installation, alice: FlaskClient, bob: FlaskClient, statement: str) -> None:
    some_history(alice, bob)
    tamper(installation, statement)
    assert findings(installation)


def test_last_changes_of_a_deleted_zone(installation: Installation, alice: FlaskClient, zone: Json) -> None:
    alice.delete(zone_url(zone))
    tamper(installation, "DELETE FROM changes WHERE action = 'zone.delete'")
    assert findings(installation) == ["example.com: its last changes are missing, or were not made by us"]


def test_all_digests_made_anew_are_found_by_what_was_saved(
    installation: Installation, alice: FlaskClient, zone: Json, tmp_path: Path
) -> None:
    from api.cli.audit import _verified
    from api.models import Change, Zone

    added(alice, zone, "www A 192.0.2.1")
    with installation.app.app_context():
        count, broken, ends = _verified(set())
    assert (count, broken) == (2, [])
    with installation.app.app_context(), writing() as session:
        chain = ""
        for change in session.query(Change).order_by(Change.id):
            change.reason = "forged"
            chain = change.chain = change.chained(chain)
        session.query(Zone).one().chain = chain
    assert findings(installation) == []
    with installation.app.app_context():
        assert _verified(set(ends.values()))[1] == [
            f"The history that ended in {ends['example.com']} is not there any more."
        ]
