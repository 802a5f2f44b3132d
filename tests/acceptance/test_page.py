"""Every request of the published page, run as printed against a real stack, then asked of both nameservers."""

import pytest

from tests.acceptance import page
from tests.acceptance.answers import assert_becomes_served, assert_served
from tests.acceptance.page import run_curl, run_python
from tests.stack import Stack

LIST, WHOLE, NEW, RECORDS = page.answers()
ZONE_KEYS, WHOLE_KEYS, RECORD_KEYS = set(LIST[0]), set(WHOLE), set(RECORDS[0])

# The page's eight types with the page's values; the second value is what the API answers.
TYPES = [
    ("A", "host", "192.0.2.1", "192.0.2.1", None),
    ("AAAA", "host", "2001:0db8::1", "2001:db8::1", None),
    ("CNAME", "alias", "example.com", "example.com", None),
    ("MX", "@", "mail.example.com", "mail.example.com", 10),
    ("TXT", "@", "v=spf1 include:_spf.google.com ~all", "v=spf1 include:_spf.google.com ~all", None),
    ("NS", "sub", "ns1.example.com", "ns1.example.com", None),
    ("SRV", "_sip._udp", "10 5060 sip.example.com", "10 5060 sip.example.com", 20),
    ("CAA", "@", '0 issue "letsencrypt.org"', '0 issue "letsencrypt.org"', None),
]


@pytest.fixture(autouse=True)
def _without_newdomain(shared: Stack) -> None:
    for zone in shared.done("GET", "dns-zones/?domain=newdomain.com").json():
        shared.done("DELETE", f"dns-zones/{zone['uuid']}/", wait=10)


def test_the_copy_holds_all_examples() -> None:
    assert len(page.curl_examples()) == 5
    assert len(page.python_examples()) == 3
    assert NEW.keys() == WHOLE_KEYS
    assert set(WHOLE["records"][0]) == RECORD_KEYS
    assert all(value in page.TEXT for _, _, value, _, _ in TYPES)


def test_curl_examples(shared: Stack) -> None:
    list_zones, create_zone, list_records, create_record, patch_record = page.curl_examples()

    made = run_curl(shared, create_zone, {})
    zone = made.body
    assert (made.status, zone.keys()) == (201, NEW.keys())
    assert (zone["domain"], zone["record_count"], zone["records"]) == ("newdomain.com", 0, [])
    again = run_curl(shared, create_zone, {})
    assert (again.status, set(again.body)) == (400, {"detail", "error_code", "field"})

    listed = run_curl(shared, list_zones, {})
    assert listed.status == 200
    assert [each for each in listed.body if each["uuid"] == zone["uuid"]] == [
        {key: zone[key] for key in ("uuid", "domain", "created_at", "record_count")}
    ]
    assert all(each.keys() == ZONE_KEYS for each in listed.body)

    made = run_curl(shared, create_record, {"uuid": zone["uuid"]})
    record = made.body
    assert (made.status, record.keys()) == (201, RECORD_KEYS)
    assert {"record_type": "A", "name": "www", "value": "192.0.2.1", "ttl": 3600, "priority": None}.items() <= (
        record.items()
    )
    listed = run_curl(shared, list_records, {"uuid": zone["uuid"]})
    assert (listed.status, listed.body) == (200, [record])

    patched = run_curl(shared, patch_record, {"rec-uuid": record["uuid"]})
    assert patched.status == 200
    assert patched.body == record | {"ttl": 1800, "zone": zone["uuid"]}
    assert_becomes_served(shared, zone)


def test_python_examples(shared: Stack) -> None:
    list_zones, create_zone, create_record = page.python_examples()

    made = run_python(shared, create_zone, {})
    zone = made.body
    assert (made.status, zone.keys(), zone["records"]) == (201, NEW.keys(), [])
    listed = run_python(shared, list_zones, {})
    assert listed.status == 200
    assert "newdomain.com" in [each["domain"] for each in listed.body]
    assert all(each.keys() == ZONE_KEYS for each in listed.body)
    made = run_python(shared, create_record, {"zone_uuid": zone["uuid"]})
    assert (made.status, made.body.keys(), made.body["value"]) == (201, RECORD_KEYS, "192.0.2.1")
    assert_becomes_served(shared, zone)


def test_answer_of_a_whole_zone(shared: Stack) -> None:
    """The page shows no request for this answer; the records are the ones in it."""
    zone = shared.zone("newdomain.com")
    for record in WHOLE["records"]:
        more = {} if record["priority"] is None else {"priority": record["priority"]}
        shared.record(zone, record["name"], record["value"], record["record_type"], **more)
    shown = shared.done("GET", f"dns-zones/{zone['uuid']}/").json()
    assert shown.keys() == WHOLE_KEYS
    assert shown["record_count"] == 2
    ignored = {"uuid", "created_at"}
    assert [{key: each[key] for key in RECORD_KEYS - ignored} for each in shown["records"]] == [
        {key: each[key] for key in RECORD_KEYS - ignored} for each in WHOLE["records"]
    ]
    assert_becomes_served(shared, zone)


@pytest.mark.parametrize(("kind", "name", "value", "canonical", "priority"), TYPES, ids=[row[0] for row in TYPES])
def test_every_type_of_the_page_is_served(
    shared: Stack, kind: str, name: str, value: str, canonical: str, priority: int | None
) -> None:
    zone = shared.zone("newdomain.com")
    more = {} if priority is None else {"priority": priority}
    record = shared.record(zone, name, value, kind, wait=10, **more)
    assert record.keys() == RECORD_KEYS
    assert (record["value"], record["ttl"], record["priority"]) == (canonical, 3600, priority)
    assert_served(shared, zone)
    flat = shared.done("GET", f"dns-records/{record['uuid']}/").json()
    assert flat == record | {"zone": zone["uuid"]}
    assert shared.done("GET", f"dns-records/?zone={zone['uuid']}&record_type={kind}").json() == [flat]


def test_all_types_together(shared: Stack) -> None:
    zone = shared.zone("newdomain.com")
    for kind, name, value, _, priority in TYPES:
        shared.record(zone, name, value, kind, **({} if priority is None else {"priority": priority}))
    assert len(shared.done("GET", f"dns-zones/{zone['uuid']}/records/").json()) == len(TYPES)
    assert_becomes_served(shared, zone)


def test_deletions_of_the_page(shared: Stack) -> None:
    zone = shared.zone("newdomain.com")
    record = shared.record(zone, "www", "192.0.2.1")
    for path in (f"dns-records/{record['uuid']}/", f"dns-zones/{zone['uuid']}/"):
        gone = shared.call("DELETE", path)
        assert (gone.status_code, gone.content) == (204, b"")
        assert shared.call("DELETE", path).status_code == 404
        assert shared.call("GET", path).status_code == 404


def test_the_error_of_the_page(shared: Stack) -> None:
    zone = shared.zone("newdomain.com")
    body = {"record_type": "MX", "name": "@", "value": "mail.example.com"}
    refused = shared.call("POST", f"dns-zones/{zone['uuid']}/records/", body)
    assert refused.status_code == 400
    assert refused.json() == {
        "detail": "MX records require a priority value",
        "error_code": "validation_error",
        "field": "priority",
    }
