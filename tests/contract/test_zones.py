"""Zones: which domains, whose, beside which others, and coming back after a deletion."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient

from api.models import Tombstone
from nameserver.serial import newer
from tests.contract.forms import (
    CHANGES,
    RECORDS,
    ZONES,
    add,
    added,
    comparable,
    created,
    is_uuid,
    problem,
    record_url,
    serial,
    zone_url,
)

if TYPE_CHECKING:
    from tests.installation import Installation


DOMAINS = [
    ("example.net", "example.net"),
    ("EXAMPLE.Net", "example.net"),
    ("example.net.", "example.net"),
    ("bücher.example", "xn--bcher-kva.example"),
    ("BÜCHER.example.", "xn--bcher-kva.example"),
    ("bücher。example", "xn--bcher-kva.example"),
    ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ("faß.de", "xn--fa-hia.de"),
    ("a.b.c.example.net", "a.b.c.example.net"),
    ("corp.internal", "corp.internal"),
    ("home.arpa", "home.arpa"),
    ("2.0.192.in-addr.arpa", "2.0.192.in-addr.arpa"),
    ("8.b.d.0.1.0.0.2.ip6.arpa", "8.b.d.0.1.0.0.2.ip6.arpa"),
    ("_acme-challenge.example.net", "_acme-challenge.example.net"),
    ("github.io", "github.io"),
]


def test_domains(alice: FlaskClient) -> None:
    """One domain, one zone, however it is spelled."""
    for domain, stored in DOMAINS:
        zone = created(alice, domain)
        assert zone["domain"] == stored
        check_spellings(alice, zone, (domain, stored, stored.upper(), f"{stored}."))
        assert alice.delete(zone_url(zone)).status_code == 204


def check_spellings(client: FlaskClient, zone: dict[str, Any], spellings: Sequence[str]) -> None:
    """Each means this zone."""
    for spelling in spellings:
        problem(client.post(ZONES, json={"domain": spelling}), field="domain", says="exists")
        assert [each["uuid"] for each in client.get(ZONES, query_string={"domain": spelling}).get_json()] == [
            zone["uuid"]
        ]


def test_domains_that_are_none(alice: FlaskClient) -> None:
    """Each is refused with its own reason."""
    reasons = {
        "": "empty",
        "example": "two labels",
        "com": "two labels",
        "co.uk": "public suffix",
        "192.0.2.1": "IP address",
        "2001:db8::1": "IP address",
        "https://example.net": "URL",
        "example.net/": "not allowed",
        "exam ple.net": "space",
        " example.net": "space",
        "a..net": "empty label",
        ".example.net": "empty label",
        "a" * 64 + ".net": "63",
        ".".join(["a" * 60] * 5): "253",
        "-a.net": "hyphen",
        "a-.net": "hyphen",
        "a._b.net": "_",
        "*.example.net": "not allowed",
        "ex\u0000ample.net": "U+0000",
        "example.net\n": "U+000A",
        "a\u2028.net": "U+2028",
        "1.2.3": "number",
    }
    for domain, reason in reasons.items():
        problem(alice.post(ZONES, json={"domain": domain}), field="domain", says=reason)
    assert alice.get(ZONES).get_json() == []


def test_reserved_names_are_a_setting(install: Callable[..., "Installation"]) -> None:
    client = install(reserved_names=("example.org",), suffix_exempt=("co.uk",)).client()
    for domain in ("example.org", "a.example.org", "EXAMPLE.ORG."):
        problem(client.post(ZONES, json={"domain": domain}), field="domain", says="reserved")
    created(client, "xexample.org")
    created(client, "co.uk")


# ---- above and below other zones ----


@pytest.mark.parametrize(("stands", "wanted"), [("example.com", "a.b.example.com"), ("a.b.example.com", "example.com")])
def test_zone_above_or_below_anothers(alice: FlaskClient, bob: FlaskClient, stands: str, wanted: str) -> None:
    """The same words for a parent and for a child, and none that tell what stands or whose it is."""
    created(alice, stands)
    detail = problem(bob.post(ZONES, json={"domain": wanted}), field="domain")
    assert detail.replace(wanted, "…") == "… overlaps with a zone that exists already."
    assert "alice" not in detail
    assert bob.get(ZONES).get_json() == []
    created(bob, f"x{stands}")


def test_taken_zone_of_another_account(alice: FlaskClient, bob: FlaskClient, zone: dict[str, Any]) -> None:
    problem(bob.post(ZONES, json={"domain": "Example.COM."}), field="domain", says="exists")
    alice.delete(zone_url(zone))
    assert created(bob, "example.com")["uuid"] != zone["uuid"]
    problem(alice.post(ZONES, json={"domain": "example.com"}), field="domain", says="exists")


def test_own_zones_above_and_below(alice: FlaskClient, bob: FlaskClient) -> None:
    for domain in ("b.example.com", "a.b.example.com", "example.com"):
        created(alice, domain)
    problem(bob.post(ZONES, json={"domain": "x.a.b.example.com"}), field="domain", says="overlaps")


def test_child_may_not_hide_records_of_its_parent(alice: FlaskClient, zone: dict[str, Any]) -> None:
    record = added(alice, zone, "www.sub A 192.0.2.1")
    problem(alice.post(ZONES, json={"domain": "sub.example.com"}), field="domain", says="www.sub A")
    problem(alice.post(ZONES, json={"domain": "www.sub.example.com"}), field="domain", says="www.sub A")
    created(alice, "ub.example.com")
    alice.delete(record_url(record))
    created(alice, "sub.example.com")


def test_child_where_the_parent_delegates(alice: FlaskClient, zone: dict[str, Any]) -> None:
    added(alice, zone, "sub NS ns.sub.example.com")
    added(alice, zone, "ns.sub A 192.0.2.1")
    child = created(alice, "sub.example.com")
    added(alice, child, "www A 192.0.2.1")


# ---- deletion, and coming back ----


def test_deletion_takes_the_records_along(alice: FlaskClient, zone: dict[str, Any]) -> None:
    records = [added(alice, zone, f"h{number} A 192.0.2.1") for number in range(3)]
    other = created(alice, "example.net")
    kept = added(alice, other, "@ A 192.0.2.1")
    answer = alice.delete(zone_url(zone))
    assert [each["uuid"] for each in alice.get(RECORDS).get_json()] == [kept["uuid"]]
    for record in records:
        problem(alice.patch(record_url(record), json={"ttl": 60}), 404)
    problem(add(alice, zone, "@ A 192.0.2.1"), 404)
    change = alice.get(f"{CHANGES}{answer.headers['X-Change-Id']}/").get_json()
    assert [record["uuid"] for record in change["removed"]] == [record["uuid"] for record in records]
    assert change["added"] == []


def test_serial_goes_on_above_after_coming_back(installation: "Installation", alice: FlaskClient) -> None:
    """Whoever creates it again, and whether or not the nameservers had confirmed the deletion."""
    last, uuids = 0, set()
    for life in range(4):
        answer = alice.post(ZONES, json={"domain": "example.com"})
        zone = answer.get_json()
        assert life == 0 or newer(serial(answer), last)
        assert (zone["record_count"], zone["records"]) == (0, [])
        uuids.add(zone["uuid"])
        for number in range(3):
            last = serial(add(alice, zone, f"@ A 192.0.2.{number}"))
        gone = alice.delete(zone_url(zone))
        assert serial(gone) == last
        if life % 2:
            for name in ("ns1", "ns2"):
                installation.no_longer_answers(name, "example.com", last)
    assert len(uuids) == 4
    assert all(map(is_uuid, uuids))


def test_tombstone_stays_for_ever(installation: "Installation", alice: FlaskClient, zone: dict[str, Any]) -> None:
    number = serial(alice.delete(zone_url(zone)))
    assert installation.stored(Tombstone, "domain", "serial", "confirmed_at") == [("example.com", number, None)]
    for name in ("ns1", "ns2"):
        installation.no_longer_answers(name, "example.com", number)
    [(domain, kept, confirmed)] = installation.stored(Tombstone, "domain", "serial", "confirmed_at")
    assert (domain, kept) == ("example.com", number)
    assert confirmed is not None


def test_old_uuid_is_not_the_new_zones(alice: FlaskClient, zone: dict[str, Any]) -> None:
    alice.delete(zone_url(zone))
    created(alice, "example.com")
    unknown = alice.get(zone_url({"uuid": "6f1f9a52-0000-4000-8000-000000000000"}))
    assert comparable(alice.get(zone_url(zone))) == comparable(unknown)


def test_zones_come_in_the_order_they_were_created(alice: FlaskClient, bob: FlaskClient) -> None:
    domains = ["z.example.net", "a.example.net", "m.example.net"]
    for domain in domains:
        created(alice, domain)
        created(bob, f"bobs-{domain.replace('.', '-')}.example.org")
    assert [zone["domain"] for zone in alice.get(ZONES).get_json()] == domains
