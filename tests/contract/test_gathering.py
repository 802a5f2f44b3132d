"""What the control plane takes on at a time: a batch of what is not heavy, or one heavy zone."""

from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient

from api.store import control, due
from tests.contract.forms import add, created

if TYPE_CHECKING:
    from tests.installation import Installation

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due, "MOST_ZONES", 4)
    monkeypatch.setattr(due, "HEAVY", 5)
    monkeypatch.setattr(due, "MOST_OCTETS", 1000)


def gathered(installation: "Installation", heavy: bool = False) -> list[str]:
    """What ns1 is to be given next."""
    with installation.app.app_context():
        desired = control.gather(["ns1"], heavy)
    assert set(desired.due["ns1"]) <= desired.zones.keys() | desired.removals.keys()
    return list(desired.due["ns1"])


def zones(client: FlaskClient, number: int) -> list[str]:
    return [created(client, f"z{index}.example.net")["domain"] for index in range(number)]


def test_heavy_zone_is_gathered_apart(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    installation.store_records(zone["uuid"], 5)
    assert (gathered(installation), gathered(installation, heavy=True)) == ([zone["domain"]], [])
    other = created(alice, "example.net")
    add(alice, zone, "sixth A 192.0.2.1")
    assert (gathered(installation), gathered(installation, heavy=True)) == ([other["domain"]], [zone["domain"]])


def test_one_heavy_zone_at_a_time(installation: "Installation", alice: FlaskClient) -> None:
    for index in range(2):
        zone = created(alice, f"heavy{index}.example.net")
        for number in range(6):
            add(alice, zone, f"h{number} A 192.0.2.1")
    assert gathered(installation, heavy=True) == ["heavy0.example.net"]


def test_all_are_gathered_in_the_end(installation: "Installation", alice: FlaskClient) -> None:
    made = zones(alice, 9)
    for _ in range(3):
        for domain in gathered(installation):
            installation.answers("ns1", domain, dict(installation.stored(control.Zone, "domain", "serial"))[domain])
    assert gathered(installation) == []
    with installation.app.app_context():
        assert control.gather(["ns2"]).due["ns2"][0] == made[0]


def test_batch_is_bounded_by_its_size(installation: "Installation", alice: FlaskClient) -> None:
    for domain in ("a.example", "b.example", "c.example"):
        add(alice, created(alice, domain), f"t TXT {'x' * 450}")
    assert gathered(installation) == ["a.example", "b.example"]


def test_first_is_gathered_whatever_its_size(installation: "Installation", alice: FlaskClient) -> None:
    add(alice, created(alice, "a.example"), f"t TXT {'x' * 2000}")
    created(alice, "b.example")
    assert gathered(installation) == ["a.example"]


def test_deleted_zone_is_gathered(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    alice.delete(f"/api/v1/dns-zones/{zone['uuid']}/")
    assert gathered(installation) == [zone["domain"]]
