"""`Prefer: wait`: what `in_sync` promises is true the moment after, at the first asking."""

from collections.abc import Callable

from nameserver.serial import newer
from tests.acceptance.answers import Answer, ask_all, assert_served, serials
from tests.stack import Stack

Domain = Callable[[], str]
ROUNDS = 10
NOT_OURS = [Answer("REFUSED")] * 4
NO_NAME = [Answer("NXDOMAIN")] * 4


def test_a_zone_asked_for_before_it_existed(shared: Stack, domain: Domain) -> None:
    for _ in range(ROUNDS):
        name = domain()
        assert ask_all(shared, name, "SOA") == NOT_OURS
        made = shared.done("POST", "dns-zones/", {"domain": name}, wait=5)
        assert serials(shared, name) == [int(made.headers["X-Zone-Serial"])] * 2
        assert made.headers["Preference-Applied"] == "wait"


def test_a_name_asked_for_before_it_existed(shared: Stack, domain: Domain) -> None:
    zone = shared.zone(domain(), wait=5)
    for number in range(ROUNDS):
        owner = f"host{number}.{zone['domain']}"
        assert ask_all(shared, owner, "A") == NO_NAME
        made = shared.record(zone, f"host{number}", f"192.0.2.{number}", wait=5)
        assert_served(shared, zone)
        shared.done("PATCH", f"dns-records/{made['uuid']}/", {"value": f"198.51.100.{number}"}, wait=5)
        assert_served(shared, zone)
        shared.done("DELETE", f"dns-records/{made['uuid']}/", wait=5)
        assert ask_all(shared, owner, "A") == NO_NAME


def test_a_deleted_zone_and_its_next_life(shared: Stack, domain: Domain) -> None:
    name, last = domain(), 0
    for number in range(ROUNDS):
        zone = shared.zone(name, wait=5)
        shared.record(zone, "www", f"192.0.2.{number}", wait=5)
        assert_served(shared, zone)
        [served, other] = serials(shared, name)
        assert served is not None
        assert served == other
        assert last == 0 or newer(served, last)
        gone = shared.done("DELETE", f"dns-zones/{zone['uuid']}/", wait=5)
        assert gone.status_code == 204
        assert ask_all(shared, name, "SOA") == NOT_OURS
        assert ask_all(shared, f"www.{name}", "A") == NOT_OURS
        last = served


def test_deleted_and_created_at_once(shared: Stack, domain: Domain) -> None:
    """Only the last write waits; what came before it may be one publication with it."""
    name = domain()
    zone = shared.zone(name)
    for number in range(ROUNDS):
        shared.record(zone, "old", f"192.0.2.{number}")
        shared.done("DELETE", f"dns-zones/{zone['uuid']}/")
        zone = shared.zone(name)
        shared.record(zone, "new", f"192.0.2.{number}", wait=5)
        assert_served(shared, zone)
        assert ask_all(shared, f"old.{name}", "A") == NO_NAME


def test_a_change_is_told_after_its_zone_is_gone(shared: Stack, domain: Domain) -> None:
    zone = shared.zone(domain(), wait=5)
    gone = shared.done("DELETE", f"dns-zones/{zone['uuid']}/", wait=5)
    change = shared.done("GET", f"dns-changes/{gone.headers['X-Change-Id']}/").json()
    assert change["state"] == "in_sync"
    assert [each["state"] for each in change["nameservers"]] == ["in_sync", "in_sync"]


def test_every_owner_and_value_that_is_hard_to_write_down(shared: Stack, domain: Domain) -> None:
    """A zone file has its own meaning for each of these; the answer must be the record all the same."""
    zone = shared.zone(domain(), wait=5)
    values = [
        "a\\b",
        'say "x"; ($@)',
        " lead and trail ",
        "é€😀",
        "x" * 700,
        "",
        "\\",
        "back\\032slash",
        "$INCLUDE /etc/passwd",
    ]
    for number, value in enumerate(values):
        made = shared.record(zone, f"t{number}", value, "TXT")
        assert shared.done("GET", f"dns-records/{made['uuid']}/").json()["value"] == value
    for name, kind, value in [
        ("*", "A", "192.0.2.1"),
        ("*.deep.er", "TXT", "wild"),
        ("_dmarc", "TXT", "v=DMARC1"),
        ("a_b", "A", "192.0.2.2"),
        ("x" * 63, "A", "192.0.2.3"),
        ("-dash", "TXT", "dash"),
    ]:
        shared.record(zone, name, value, kind)
    shared.record(zone, "last", "192.0.2.9", wait=5)
    assert_served(shared, zone)
