"""What goes from the database by another way than a write is never published as gone, until a person says so."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update

from api.changes import release, zones
from api.changes.actor import Actor
from api.changes.intent import Intent
from api.database import db, writing
from api.errors import NotFound
from api.models import Change, Nameserver, Publication, Record, Tombstone, Zone, checksums
from api.store import control
from api.store import records as stored
from api.store.accounts import account_of
from api.store.pages import EVERYTHING
from api.verifying import Verifier
from nameserver.serial import newer
from tests.contract.forms import RECORDS, added, created, problem, records_of, zone_url

if TYPE_CHECKING:
    from tests.installation import Installation

Json = dict[str, Any]
OPERATOR = Intent(Actor(None, None, "root", "cli"))


def by_hand(installation: "Installation", statement: Any) -> None:
    """Change the database past the API."""
    with installation.app.app_context(), writing() as session:
        session.execute(statement)


def held(installation: "Installation") -> dict[str, str]:
    """What the control plane would hold now, each with its reason."""
    with installation.app.app_context():
        desired = control.gather(["ns1", "ns2"])
        assert not {each.domain for each in desired.held} & desired.zones.keys()
        return {each.domain: each.problems[0].detail for each in desired.held}


def serial(client: FlaskClient, zone: Json) -> int:
    """The serial the zone should have."""
    return int(client.get(zone_url(zone, "status/")).get_json()["serial"])


def let_go(installation: "Installation", domain: str, put_back: bool = False) -> Any:
    with installation.app.app_context():
        return release.release(OPERATOR, domain, put_back)


@pytest.fixture
def www(alice: FlaskClient, zone: Json) -> Json:
    """One of two records of the zone."""
    added(alice, zone, "mail A 192.0.2.25")
    return added(alice, zone, "www A 192.0.2.1")


def test_checksum_moves_with_every_write(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    """Creating, changing, a sibling's TTL, deleting, a batch, a dry run, a move of the serial."""
    first = added(alice, zone, "www A 192.0.2.1", ttl=300)
    added(alice, zone, "www A 192.0.2.2", ttl=600)
    assert alice.patch(f"{RECORDS}{first['uuid']}/", json={"value": "192.0.2.3"}).status_code == 200
    assert alice.delete(f"{RECORDS}{first['uuid']}/?dry_run=true").status_code == 204
    body = {"record_type": "TXT", "name": "@", "value": 'a "quoted" \\ text'}
    operations = [
        {"action": "create", "zone": zone["uuid"], **body},
        {"action": "delete", "record": first["uuid"]},
        {"action": "create_zone", "domain": "other.example.net"},
        {"action": "create", "zone": "other.example.net", **body},
    ]
    assert alice.post("/api/v1/dns-batches/", json={"operations": operations}).status_code == 200
    assert held(installation) == {}
    with installation.app.app_context():
        for each in db.session.scalars(select(Zone)):
            assert each.checksum == checksums.of(stored.as_values(stored.records_of(each, EVERYTHING)))


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (lambda www: delete(Record).where(Record.uuid == www["uuid"]), "1 record is gone from the database without"),
        (lambda _: delete(Record), "2 records are gone from the database without a change that removed them: mail A"),
        (lambda www: update(Record).where(Record.uuid == www["uuid"]).values(value="192.0.2.9"), "1 record is other"),
        (lambda www: update(Record).where(Record.uuid == www["uuid"]).values(uuid="x"), "without a change that added"),
    ],
)
def test_vanished_record_holds_its_zone_only(
    installation: "Installation", alice: FlaskClient, zone: Json, www: Json, statement: Callable[[Json], Any], says: str
) -> None:
    created(alice, "healthy.example.net")
    by_hand(installation, statement(www))
    found = held(installation)
    assert list(found) == [zone["domain"]]
    assert says in found[zone["domain"]]
    assert "until an operator releases it" in found[zone["domain"]]


def test_vanished_zone_is_held_when_it_is_due(
    installation: "Installation", alice: FlaskClient, zone: Json, www: Json
) -> None:
    """Of an earlier life it has a tombstone: that one is no reason to remove it now."""
    alice.delete(zone_url(zone))
    again = created(alice, zone["domain"])
    created(alice, "healthy.example.net")
    by_hand(installation, delete(Zone).where(Zone.uuid == again["uuid"]))
    with installation.app.app_context():
        desired = control.gather(["ns1", "ns2"])
        assert [each.domain for each in desired.held] == [zone["domain"]]
        assert "without a change that deleted it" in desired.held[0].problems[0].detail
        assert (set(desired.zones), desired.removals) == ({"healthy.example.net"}, {})


def test_next_write_does_not_let_it_out(
    installation: "Installation", alice: FlaskClient, zone: Json, www: Json
) -> None:
    by_hand(installation, delete(Record).where(Record.uuid == www["uuid"]))
    added(alice, zone, "new A 192.0.2.7")
    assert "www A" in held(installation)[zone["domain"]]


def test_background_look_holds_what_was_in_sync(
    installation: "Installation", alice: FlaskClient, zone: Json, www: Json
) -> None:
    """Nothing is due: nobody would notice before the next write."""
    created(alice, "a.example.net")
    installation.in_sync(zone["domain"], serial(alice, zone))
    by_hand(installation, delete(Record).where(Record.uuid == www["uuid"]))
    with installation.app.app_context():
        Verifier(300).look()
    status = alice.get(f"{zone_url(zone)}status/").get_json()
    assert status["state"] == "held"
    assert "www A" in status["nameservers"][0]["error"]
    assert status["nameservers"][0]["serial"] == status["serial"]  # still served


def test_release_accepts_that_it_is_gone(
    installation: "Installation", alice: FlaskClient, zone: Json, www: Json
) -> None:
    before = serial(alice, zone)
    by_hand(installation, delete(Record).where(Record.uuid == www["uuid"]))
    written = let_go(installation, zone["domain"])
    assert held(installation) == {}
    assert newer(serial(alice, zone), before)
    change = alice.get(f"/api/v1/dns-changes/{written.change}/").get_json()
    assert (change["action"], change["actor"]["account"]) == ("zone.release", "root")
    assert [each["uuid"] for each in change["removed"]] == [www["uuid"]]
    assert alice.get(f"{RECORDS}{www['uuid']}/").status_code == 404


def test_release_puts_back_what_vanished(
    installation: "Installation", alice: FlaskClient, zone: Json, www: Json
) -> None:
    """With its uuid; what was altered is as it was, what was smuggled in goes."""
    mail = next(each for each in records_of(alice, zone) if each["name"] == "mail")
    by_hand(installation, delete(Record).where(Record.uuid == www["uuid"]))
    by_hand(installation, update(Record).where(Record.uuid == mail["uuid"]).values(value="192.0.2.66"))
    let_go(installation, zone["domain"], put_back=True)
    assert held(installation) == {}
    values = {each["uuid"]: each["value"] for each in records_of(alice, zone)}
    assert values == {www["uuid"]: "192.0.2.1", mail["uuid"]: "192.0.2.25"}


def test_release_buries_a_vanished_zone(
    installation: "Installation", alice: FlaskClient, zone: Json, www: Json
) -> None:
    """Only then may it leave the nameservers: by a tombstone, with a change that says who meant it."""
    last = serial(alice, zone)
    installation.in_sync(zone["domain"], last)
    by_hand(installation, update(Publication).values(state="pending"))
    by_hand(installation, delete(Record))
    by_hand(installation, delete(Zone))
    assert "the zone is gone from the database" in held(installation)[zone["domain"]].lower()
    written = let_go(installation, zone["domain"])
    assert installation.stored(Tombstone, "domain", "serial") == [(zone["domain"], last)]
    assert set(installation.stored(Publication, "domain", "wanted", "state")) == {(zone["domain"], None, "pending")}
    assert installation.stored(Change, "uuid", "action")[-1] == (written.change, "zone.delete")
    assert alice.get(f"/api/v1/dns-changes/{written.change}/").status_code == 200


def test_release_puts_back_a_vanished_zone(
    installation: "Installation", alice: FlaskClient, zone: Json, www: Json
) -> None:
    last = serial(alice, zone)
    by_hand(installation, delete(Record))
    by_hand(installation, delete(Zone))
    let_go(installation, zone["domain"], put_back=True)
    back = alice.get(zone_url(zone)).get_json()
    assert (back["uuid"], back["domain"], back["record_count"]) == (zone["uuid"], zone["domain"], 2)
    assert www["uuid"] in {each["uuid"] for each in back["records"]}
    assert newer(serial(alice, zone), last)
    assert held(installation) == {}


def test_release_of_what_was_deleted_or_never_was(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    alice.delete(zone_url(zone))
    for domain in (zone["domain"], "never.example.net"):
        with pytest.raises(NotFound, match="none of that name vanished"):
            let_go(installation, domain)


def test_release_of_a_sound_zone_is_no_change(
    installation: "Installation", alice: FlaskClient, zone: Json, www: Json
) -> None:
    before = serial(alice, zone)
    installation.holds(zone["domain"], before)
    assert let_go(installation, zone["domain"]).change is None
    assert serial(alice, zone) == before
    assert set(installation.stored(Publication, "state")) == {("pending",)}


# ---- bulk removals ----


def batch(client: FlaskClient, records: list[Json], query: str = "") -> Any:
    operations = [{"action": "delete", "record": each["uuid"]} for each in records]
    return client.post(f"/api/v1/dns-batches/{query}", json={"operations": operations})


@pytest.mark.parametrize(("there", "goes", "allowed"), [(10, 3, True), (10, 4, False), (9, 9, True), (20, 7, False)])
def test_batch_that_removes_much_is_confirmed(
    alice: FlaskClient, zone: Json, there: int, goes: int, allowed: bool
) -> None:
    records = [added(alice, zone, f"h{number} A 192.0.2.1") for number in range(there)]
    answer = batch(alice, records[:goes])
    if allowed:
        assert answer.status_code == 200
        return
    problem(answer, 400, "confirm_removals", f"removes {goes} of the {there} records of {zone['domain']}")
    assert len(records_of(alice, zone)) == there
    problem(batch(alice, records[:goes], "?dry_run=true"), 400, "confirm_removals")
    assert batch(alice, records[:goes], "?confirm_removals=true").status_code == 200
    assert len(records_of(alice, zone)) == there - goes


def test_replaced_records_are_removed_all_the_same(alice: FlaskClient, zone: Json) -> None:
    """A batch that deletes much and creates as much under other names."""
    records = [added(alice, zone, f"h{number} A 192.0.2.1") for number in range(10)]
    operations = [{"action": "delete", "record": each["uuid"]} for each in records[:5]]
    operations += [
        {"action": "create", "zone": zone["uuid"], "record_type": "A", "name": f"n{number}", "value": "192.0.2.1"}
        for number in range(5)
    ]
    problem(alice.post("/api/v1/dns-batches/", json={"operations": operations}), 400, "confirm_removals", "5 of the 10")


# ---- what is served must not be emptied by a new zone of its name ----


def vanish(installation: "Installation", zone: Json, serial: int) -> None:
    """The zone's row is deleted by hand, in SQLite as its shell does it: the records stay behind."""
    installation.in_sync(zone["domain"], serial)
    if not installation.settings.sqlite:
        by_hand(installation, delete(Zone))
        return
    with closing(sqlite3.connect(installation.settings.data / "zonewright.db")) as database, database:
        database.execute("DELETE FROM zones")


@pytest.mark.parametrize("name", ["example.com", "sub.example.com"])
def test_vanished_zone_is_not_created_anew(
    installation: "Installation", alice: FlaskClient, bob: FlaskClient, zone: Json, www: Json, name: str
) -> None:
    vanish(installation, zone, serial(alice, zone))
    for client in (alice, bob):
        answer = client.post("/api/v1/dns-zones/", json={"domain": name})
        assert "zonewright zone release example.com" in problem(answer, 400, "domain")
    batch = {"operations": [{"action": "create_zone", "domain": name}]}
    problem(alice.post("/api/v1/dns-batches/", json=batch), 400, "operations.0.domain")
    let_go(installation, "example.com", put_back=True)
    assert www["uuid"] in {each["uuid"] for each in alice.get(zone_url(zone)).get_json()["records"]}


def test_no_zone_above_a_held_one_that_vanished(
    installation: "Installation", alice: FlaskClient, bob: FlaskClient
) -> None:
    zone = created(alice, "sub.example.com")
    vanish(installation, zone, serial(alice, zone))
    by_hand(installation, update(Publication).values(state="held"))
    problem(bob.post("/api/v1/dns-zones/", json={"domain": "example.com"}), 400, "domain", "release")


def test_zone_that_only_the_nameservers_know_is_an_operators(installation: "Installation", alice: FlaskClient) -> None:
    by_hand(installation, update(Nameserver).where(Nameserver.name == "ns2").values(strays=["stray.example"]))
    problem(alice.post("/api/v1/dns-zones/", json={"domain": "stray.example"}), 400, "domain", "zonewright rebuild")
    created(alice, "other.example")
    with installation.app.app_context():
        account = account_of("alice@example.org")
        intent = Intent(Actor(account.id, account.uuid, account.email, "cli"))
        assert zones.create(installation.settings, intent, "stray.example", lambda zone: zone.domain)[0]
