"""Where more is due than one pass takes, accounts take turns: nobody waits for another's many zones."""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select

from api.database import db
from api.models import Account, Publication
from api.store import control
from api.store import due as store
from tests.contract.forms import add, created, serial, zone_url
from tests.installation import ALICE, BOB, NAMESERVERS

if TYPE_CHECKING:
    from tests.installation import Installation

MOST = 10


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST_ZONES", MOST)


def due(installation: "Installation") -> list[str]:
    """What the next pass takes for ns1."""
    with installation.app.app_context():
        return list(control.gather(NAMESERVERS).due["ns1"])


def fill(installation: "Installation", client: FlaskClient, number: int, label: str) -> list[str]:
    return [created(client, f"{label}{index}.example.net")["domain"] for index in range(number)]


def settle(installation: "Installation", domains: list[str]) -> None:
    """Both nameservers answer these."""
    wanted = dict(installation.stored(Publication, "domain", "wanted"))
    for domain in domains:
        installation.in_sync(domain, wanted[domain])


def test_one_change_does_not_wait_behind_many(
    installation: "Installation", alice: FlaskClient, bob: FlaskClient
) -> None:
    many = fill(installation, alice, 4 * MOST, "a")
    mine = created(bob, "bob.example.org")["domain"]
    assert set(due(installation)) == {mine, *many[: MOST - 1]}


def test_half_of_a_pass_goes_to_the_longest_waiting(
    installation: "Installation", alice: FlaskClient, bob: FlaskClient
) -> None:
    """So that what waits longest is done some time, whoever else comes."""
    many, mine = fill(installation, alice, 2 * MOST, "a"), fill(installation, bob, 2 * MOST, "b")
    taken = due(installation)
    assert set(taken) == {*many[: MOST - 2], *mine[:2]}
    settle(installation, taken)
    assert set(due(installation)) == {*many[MOST - 2 : 2 * MOST - 4], *mine[2:4]}


def test_everything_is_taken_in_the_end(installation: "Installation", alice: FlaskClient, bob: FlaskClient) -> None:
    everything = {*fill(installation, alice, 25, "a"), *fill(installation, bob, 15, "b")}
    taken: set[str] = set()
    for _ in range(4):
        now = due(installation)
        assert len(now) == MOST
        assert not taken & set(now)
        settle(installation, now)
        taken |= set(now)
    assert taken == everything
    assert due(installation) == []


def test_longest_waiting_first_as_long_as_all_is_taken(
    installation: "Installation", alice: FlaskClient, bob: FlaskClient
) -> None:
    mixed = [created(alice if number % 3 else bob, f"z{number}.example.net")["domain"] for number in range(MOST - 1)]
    assert due(installation) == mixed


def test_deletions_take_their_owners_turn(installation: "Installation", alice: FlaskClient, bob: FlaskClient) -> None:
    mine = created(bob, "bob.example.org")
    settle(installation, [mine["domain"]])
    fill(installation, alice, 2 * MOST, "a")
    bob.delete(zone_url(mine))
    assert mine["domain"] in due(installation)


def test_moved_zone_takes_its_new_owners_turn(
    installation: "Installation", alice: FlaskClient, bob: FlaskClient
) -> None:
    from api.changes import zones
    from api.changes.actor import Actor
    from api.changes.intent import Intent

    zone = created(alice, "moved.example.org")
    with installation.app.app_context():
        owner, account = (
            db.session.scalars(select(Account).where(Account.email == email)).one() for email in (ALICE, BOB)
        )
        zones.move(Intent(Actor(owner.id, owner.uuid, owner.email, "cli")), zone["uuid"], account)
    settle(installation, [zone["domain"]])
    fill(installation, alice, 2 * MOST, "a")
    add(bob, zone, "www A 192.0.2.1")
    assert zone["domain"] in due(installation)


def test_many_changes_of_a_zone_are_one_publication(installation: "Installation", alice: FlaskClient) -> None:
    """With the newest serial."""
    zone = created(alice, "example.com")
    for number in range(5):
        last = add(alice, zone, f"h{number} A 192.0.2.1")
    with installation.app.app_context():
        gathered = control.gather(NAMESERVERS)
    assert gathered.due == {name: ["example.com"] for name in NAMESERVERS}
    assert gathered.zones["example.com"].serial == serial(last)


def test_failing_zone_backs_off_alone(installation: "Installation", alice: FlaskClient) -> None:
    """On the nameserver that refused it, longer each time; a new write tries at once."""
    failing, other = created(alice, "failing.example.net"), created(alice, "other.example.net")
    wanted = dict(installation.stored(Publication, "domain", "wanted"))[failing["domain"]]
    pauses = []
    for _ in range(4):
        installation.fails("ns1", failing["domain"], wanted)
        [(due_at, checked_at), *_] = installation.stored(Publication, "due_at", "checked_at")
        pauses.append((due_at - checked_at).total_seconds())
        with installation.app.app_context():
            taken = control.gather(NAMESERVERS).due
        assert taken == {"ns1": [other["domain"]], "ns2": [failing["domain"], other["domain"]]}
    assert all(later > 1.2 * earlier for earlier, later in pairwise(pauses))
    add(alice, failing, "www A 192.0.2.1")
    assert failing["domain"] in due(installation)


def test_held_and_failed_zones_take_nobodys_turn(
    installation: "Installation", alice: FlaskClient, bob: FlaskClient
) -> None:
    mine, held, failed = fill(installation, bob, 3, "b")
    fill(installation, alice, 2 * MOST, "a")
    wanted = dict(installation.stored(Publication, "domain", "wanted"))
    installation.holds(held, wanted[held])
    for name in NAMESERVERS:
        installation.fails(name, failed, wanted[failed])
    taken = due(installation)
    assert mine in taken
    assert not {held, failed} & set(taken)


def test_new_nameserver_knows_whose_zones_they_are(
    installation: "Installation", alice: FlaskClient, bob: FlaskClient
) -> None:
    from api.changes import nameservers
    from nameserver.target import Target

    fill(installation, alice, 2 * MOST, "a")
    mine = created(bob, "zz.example.org")["domain"]
    with installation.app.app_context():
        nameservers.put(Target("ns3", ("false",), ("192.0.2.54",), 53, "nowhere"))
        assert mine in control.gather(["ns3"]).due["ns3"]


def test_one_of_very_many_accounts_gets_a_turn(
    installation: "Installation", alice: FlaskClient, bob: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some are picked at random each time: one of them is alice or bob."""
    monkeypatch.setattr(store, "MOST_TURNS", 1)
    fill(installation, alice, 2 * MOST, "a")
    mine = created(bob, "bob.example.org")["domain"]
    assert any(mine in due(installation) for _ in range(100))


def test_queries_are_few_however_much_is_due(
    installation: "Installation", alice: FlaskClient, bob: FlaskClient
) -> None:
    """For each nameserver: the oldest, the accounts, one for each account."""
    fill(installation, alice, 3 * MOST, "a")
    fill(installation, bob, 3 * MOST, "b")
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "publications" in statement:
            asked.append(statement)

    with installation.app.app_context():
        engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            control.gather(["ns1"])
        finally:
            event.remove(engine, "before_cursor_execute", note)
    assert len(asked) == 4
