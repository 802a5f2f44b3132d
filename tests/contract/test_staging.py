"""New settings: many zones go to the last nameserver first, and to the others once it has answered them all."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient

from api.changes import nameservers, renderings
from api.models import Change, Publication, Zone
from api.settings import Settings
from api.store import control
from api.store.staging import waits_for
from nameserver.serial import newer
from nameserver.target import Target
from tests.contract.forms import CHANGES, add, created, serial, zone_url
from tests.contract.test_dry_run import everything
from tests.installation import ALICE

if TYPE_CHECKING:
    from tests.installation import Installation

Json = dict[str, Any]
FEW = 20
NAMES = ("ns1", "ns2")


def adopt(installation: "Installation", settings: Settings) -> int:
    with installation.app.app_context():
        return renderings.adopt(settings)


def due(installation: "Installation", names: tuple[str, ...] = NAMES) -> dict[str, set[str]]:
    """What each nameserver is to be given now."""
    with installation.app.app_context():
        return {name: set(domains) for name, domains in control.gather(names).due.items()}


def serials(installation: "Installation") -> dict[str, int]:
    return dict(installation.stored(Zone, "domain", "serial"))


def answer(installation: "Installation", nameserver: str, *domains: str) -> None:
    """The nameserver answers these with the serials they should have."""
    now = serials(installation)
    for domain in domains:
        installation.answers(nameserver, domain, now[domain])


@pytest.fixture
def filled(installation: "Installation", alice: FlaskClient) -> Callable[[int], set[str]]:
    """So many zones that both nameservers answer, rendered from the present settings."""

    def fill(number: int) -> set[str]:
        domains = {created(alice, f"z{index}.example.net")["domain"] for index in range(number)}
        assert adopt(installation, installation.settings) == 0
        for domain, now in serials(installation).items():
            installation.in_sync(domain, now)
        assert due(installation) == {"ns1": set(), "ns2": set()}
        return domains

    return fill


def changed(installation: "Installation", **settings: Any) -> Settings:
    return replace(installation.settings, **(settings or {"negative_ttl": 60}))


def test_many_zones_go_to_the_last_nameserver_first(
    installation: "Installation", filled: Callable[[int], set[str]]
) -> None:
    domains = filled(FEW + 1)
    before = serials(installation)
    assert adopt(installation, changed(installation)) == FEW + 1
    assert all(newer(now, before[domain]) for domain, now in serials(installation).items())
    assert due(installation) == {"ns1": set(), "ns2": domains}
    first, *rest = sorted(domains)
    answer(installation, "ns2", *rest)
    assert due(installation) == {"ns1": set(), "ns2": {first}}
    answer(installation, "ns2", first)
    assert due(installation) == {"ns1": domains, "ns2": set()}
    answer(installation, "ns1", *domains)
    assert due(installation) == {"ns1": set(), "ns2": set()}


def test_few_zones_go_to_all_at_once(installation: "Installation", filled: Callable[[int], set[str]]) -> None:
    domains = filled(FEW)
    assert adopt(installation, changed(installation)) == FEW
    assert due(installation) == {"ns1": domains, "ns2": domains}


def test_each_alone_is_told_what_is_due(installation: "Installation", filled: Callable[[int], set[str]]) -> None:
    """A control plane that holds the first nameserver only must not go ahead either."""
    domains = filled(FEW + 1)
    adopt(installation, changed(installation))
    assert due(installation, ("ns1",)) == {"ns1": set()}
    assert due(installation, ("ns2",)) == {"ns2": domains}


def test_three_nameservers_come_one_after_the_other(
    installation: "Installation", filled: Callable[[int], set[str]]
) -> None:
    with installation.app.app_context():
        nameservers.put(Target("ns3", ("false",), ("192.0.2.54",), 53, "nowhere"))
    names = (*NAMES, "ns3")
    domains = filled(FEW + 1)
    answer(installation, "ns3", *domains)
    adopt(installation, changed(installation))
    assert due(installation, names) == {"ns1": set(), "ns2": set(), "ns3": domains}
    answer(installation, "ns3", *domains)
    assert due(installation, names) == {"ns1": set(), "ns2": domains, "ns3": set()}
    answer(installation, "ns2", *domains)
    assert due(installation, names) == {"ns1": domains, "ns2": set(), "ns3": set()}


def test_users_write_goes_to_all_meanwhile(
    installation: "Installation", alice: FlaskClient, filled: Callable[[int], set[str]]
) -> None:
    """Nobody waits for what nobody asked for; the zone's new settings go along."""
    domains = filled(FEW + 1)
    adopt(installation, changed(installation))
    [zone, *_] = alice.get("/api/v1/dns-zones/?domain=z7.example.net").get_json()
    add(alice, zone, "www A 192.0.2.1")
    new = created(alice, "example.org")
    assert due(installation) == {"ns1": {zone["domain"], new["domain"]}, "ns2": domains | {new["domain"]}}
    alice.delete(zone_url(new))
    assert due(installation)["ns1"] == {zone["domain"], new["domain"]}


def test_failed_zone_stops_the_stage(installation: "Installation", filled: Callable[[int], set[str]]) -> None:
    """That is what it is for: new settings that named refuses stay on one nameserver."""
    domains = filled(FEW + 1)
    adopt(installation, changed(installation))
    first, *rest = sorted(domains)
    answer(installation, "ns2", *rest)
    installation.fails("ns2", first, serials(installation)[first])
    assert due(installation)["ns1"] == set()


def test_held_zone_does_not_stop_the_stage(installation: "Installation", filled: Callable[[int], set[str]]) -> None:
    """It comes to no nameserver, so none can tell what the new settings do to it."""
    domains = filled(FEW + 1)
    adopt(installation, changed(installation))
    first, *rest = sorted(domains)
    answer(installation, "ns2", *rest)
    installation.holds(first, serials(installation)[first])
    assert due(installation) == {"ns1": set(rest), "ns2": set()}


def test_waiting_for_the_last_nameserver_is_told(
    installation: "Installation", alice: FlaskClient, filled: Callable[[int], set[str]]
) -> None:
    """One that is away stops the stage, until it is back or a person pauses it."""
    domains = filled(FEW + 1)
    adopt(installation, changed(installation))
    installation.contact("ns2", "There is no route to the machine.")
    [zone] = alice.get("/api/v1/dns-zones/?domain=z7.example.net").get_json()
    [first, last] = alice.get(zone_url(zone, "status/")).get_json()["nameservers"]
    assert (first["state"], first["error"]) == ("pending", "It waits for ns2 to take the new settings first.")
    assert (last["state"], last["error"]) == ("unreachable", "There is no route to the machine.")
    assert due(installation, ("ns1",)) == {"ns1": set()}
    with installation.app.app_context():
        assert [waits_for(name) for name in NAMES] == [first["error"], None]
    installation.pause("ns2")
    assert due(installation, ("ns1",)) == {"ns1": domains}
    assert alice.get(zone_url(zone, "status/")).get_json()["nameservers"][0]["error"] is None


def test_paused_nameserver_holds_nobody_up(installation: "Installation", filled: Callable[[int], set[str]]) -> None:
    domains = filled(FEW + 1)
    adopt(installation, changed(installation))
    installation.pause("ns2")
    assert due(installation, ("ns1",)) == {"ns1": domains}


def test_same_settings_change_nothing(installation: "Installation", filled: Callable[[int], set[str]]) -> None:
    filled(FEW + 1)
    before = everything(installation)
    harmless = changed(installation, default_ttl=60, cors_origins=("*",), sweep_seconds=5, zones_per_account=7)
    for settings in (installation.settings, harmless):
        assert adopt(installation, settings) == 0
    assert everything(installation) == before


def test_first_start_gives_no_zone_a_serial(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    """What the zones were rendered from before is not known: they stay as they are."""
    before = serials(installation)
    assert adopt(installation, installation.settings) == 0
    assert serials(installation) == before


@pytest.mark.parametrize(
    "setting",
    [
        {"nameservers": ("ns1.example.org",)},
        {"hostmaster": "dns.example.org"},
        {"authority_ttl": 5},
        {"soa_refresh": 5},
        {"soa_retry": 5},
        {"soa_expire": 5},
        {"negative_ttl": 5},
    ],
    ids=str,
)
def test_settings_that_are_in_the_zone_files(
    installation: "Installation", alice: FlaskClient, zone: Json, setting: Json
) -> None:
    """Each gives every zone a new serial once, also when it goes back."""
    adopt(installation, installation.settings)
    for settings in (changed(installation, **setting), installation.settings):
        before = serials(installation)["example.com"]
        assert adopt(installation, settings) == 1
        assert newer(serials(installation)["example.com"], before)
        assert adopt(installation, settings) == 0


def test_template_counts_as_well(installation: "Installation", alice: FlaskClient, zone: Json, tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(installation.settings.templates, templates)
    adopt(installation, installation.settings)
    assert adopt(installation, changed(installation, templates=templates)) == 0
    with (templates / "zone.j2").open("a") as file:
        file.write("; another\n")
    assert adopt(installation, changed(installation, templates=templates)) == 1


def test_owner_can_read_of_it(installation: "Installation", alice: FlaskClient, bob: FlaskClient, zone: Json) -> None:
    """The change is kept, made by the system; nobody else can read it."""
    adopt(installation, installation.settings)
    adopt(installation, changed(installation))
    uuid, action = installation.stored(Change, "uuid", "action")[-1]
    assert action == "settings"
    change = alice.get(f"{CHANGES}{uuid}/").get_json()
    assert (change["zone"], change["removed"], change["added"]) == (zone["uuid"], [], [])
    assert (change["actor"]["account"], change["actor"]["source"]) == ("zonewright", "system")
    assert change["serial"] == serials(installation)["example.com"]
    assert bob.get(f"{CHANGES}{uuid}/").status_code == 404


def test_stopped_in_between_it_starts_again(
    installation: "Installation", filled: Callable[[int], set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zones then have two new serials; none keeps the old settings."""
    domains = filled(FEW + 2)
    before = serials(installation)
    monkeypatch.setattr(renderings, "_BATCH", 5)
    original, calls = renderings._renew, []

    def dying(zones: list[int], staged: bool) -> None:
        calls.append(zones)
        if len(calls) == 3:
            raise KeyboardInterrupt
        original(zones, staged)

    monkeypatch.setattr(renderings, "_renew", dying)
    with pytest.raises(KeyboardInterrupt):
        adopt(installation, changed(installation))
    halfway = serials(installation)
    assert sum(halfway[domain] != before[domain] for domain in domains) == 10
    assert adopt(installation, changed(installation)) == FEW + 2
    assert all(newer(now, before[domain]) for domain, now in serials(installation).items())
    assert due(installation) == {"ns1": set(), "ns2": domains}


def test_deleted_zone_is_not_renewed(
    installation: "Installation", alice: FlaskClient, filled: Callable[[int], set[str]]
) -> None:
    filled(FEW + 1)
    [zone] = alice.get("/api/v1/dns-zones/?domain=z3.example.net").get_json()
    last = serial(alice.delete(zone_url(zone)))
    assert adopt(installation, changed(installation)) == FEW
    rows = installation.stored(Publication, "domain", "wanted", "staged")
    assert [row[1:] for row in rows if row[0] == "z3.example.net"] == [(None, False)] * 2
    assert newer(serial(alice.post("/api/v1/dns-zones/", json={"domain": "z3.example.net"})), last)


def test_zones_of_all_accounts(installation: "Installation", bob: FlaskClient) -> None:
    installation.store_zones(ALICE, 15)
    for number in range(10):
        created(bob, f"b{number}.example.org")
    adopt(installation, installation.settings)
    assert adopt(installation, changed(installation)) == 25
