"""The page of the API: every endpoint and every example of it, with only host and token replaced."""

import re
import shlex
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.contract.forms import (
    FLAT_RECORD,
    RECORD,
    RECORDS,
    UNKNOWN,
    WHOLE_ZONE,
    ZONE,
    ZONES,
    add,
    added,
    created,
    is_moment,
    is_uuid,
    problem,
    record_url,
    records_of,
    zone_url,
)
from tests.installation import ALICE

if TYPE_CHECKING:
    from tests.installation import Installation

# Word for word the page's.
LIST_ZONES = """curl -X GET "https://admin.vps.org/api/v1/dns-zones/" \\
  -H "Authorization: Bearer YOUR_API_TOKEN"
"""
CREATE_ZONE = """curl -X POST "https://admin.vps.org/api/v1/dns-zones/" \\
  -H "Authorization: Bearer YOUR_API_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"domain": "newdomain.com"}'
"""
LIST_RECORDS = """curl -X GET "https://admin.vps.org/api/v1/dns-zones/{uuid}/records/" \\
  -H "Authorization: Bearer YOUR_API_TOKEN"
"""
CREATE_RECORD = """curl -X POST "https://admin.vps.org/api/v1/dns-zones/{uuid}/records/" \\
  -H "Authorization: Bearer YOUR_API_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{
    "record_type": "A",
    "name": "www",
    "value": "192.0.2.1",
    "ttl": 3600
  }'
"""
UPDATE_TTL = """curl -X PATCH "https://admin.vps.org/api/v1/dns-records/{rec-uuid}/" \\
  -H "Authorization: Bearer YOUR_API_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"ttl": 1800}'
"""

# The page's table of types: its example values, and what is answered.
TYPES = [
    ("A", "@", "192.0.2.1", None, "192.0.2.1"),
    ("AAAA", "@", "2001:0db8::1", None, "2001:db8::1"),
    ("CNAME", "www", "example.com", None, "example.com"),
    ("MX", "@", "mail.example.com", 10, "mail.example.com"),
    ("TXT", "@", "v=spf1 include:_spf.google.com ~all", None, "v=spf1 include:_spf.google.com ~all"),
    ("NS", "@", "ns1.example.com", None, "ns1.example.com"),
    ("SRV", "_sip._tcp", "10 5060 sip.example.com", 10, "10 5060 sip.example.com"),
    ("CAA", "@", '0 issue "letsencrypt.org"', None, '0 issue "letsencrypt.org"'),
]


def curl(client: FlaskClient, command: str, **uuids: str) -> TestResponse:
    """What a curl command of the page sends, with the client's host and token."""
    for placeholder, value in uuids.items():
        command = command.replace(f"{{{placeholder.replace('_', '-')}}}", value)
    words = shlex.split(command.replace("\\\n", " "))
    options = {word: words[index + 1] for index, word in enumerate(words) if word in ("-X", "-d")}
    lines = [words[index + 1] for index, word in enumerate(words) if word == "-H"]
    headers = dict(line.split(": ", 1) for line in lines)
    assert headers.pop("Authorization") == "Bearer YOUR_API_TOKEN"
    path = words[3].removeprefix("https://admin.vps.org")
    return client.open(path, method=options["-X"], data=options.get("-d"), headers=headers)


def body_of(answer: TestResponse, status: int) -> Any:
    """The JSON body of an answer that has this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert is_uuid(answer.headers["X-Request-Id"])
    return answer.get_json()


def check_record(record: Mapping[str, Any], keys: list[str] = RECORD) -> None:
    """The record has the page's keys in the page's order, and their kinds of values."""
    assert list(record) == keys
    assert is_uuid(record["uuid"])
    assert is_moment(record["created_at"])
    assert all(isinstance(record[key], str) for key in ("record_type", "name", "value"))
    assert type(record["ttl"]) is int


# ---- the examples ----


def test_list_zones(alice: FlaskClient) -> None:
    domains = ["example.com", "myapp.io"]
    for domain in domains:
        created(alice, domain)
    zones = body_of(curl(alice, LIST_ZONES), 200)
    assert [list(zone) for zone in zones] == [ZONE, ZONE]
    assert [zone["domain"] for zone in zones] == domains
    assert all(is_uuid(zone["uuid"]) and is_moment(zone["created_at"]) for zone in zones)
    assert [zone["record_count"] for zone in zones] == [0, 0]


def test_create_zone(alice: FlaskClient) -> None:
    zone = body_of(curl(alice, CREATE_ZONE), 201)
    assert list(zone) == WHOLE_ZONE
    assert is_uuid(zone["uuid"])
    assert is_moment(zone["created_at"])
    assert (zone["domain"], zone["record_count"], zone["records"]) == ("newdomain.com", 0, [])


def test_create_record(alice: FlaskClient, zone: dict[str, Any]) -> None:
    record = body_of(curl(alice, CREATE_RECORD, uuid=zone["uuid"]), 201)
    check_record(record)
    sent = {"record_type": "A", "name": "www", "value": "192.0.2.1", "ttl": 3600}
    assert {key: record[key] for key in sent} == sent
    assert record["priority"] is None


def test_list_records(alice: FlaskClient, zone: dict[str, Any]) -> None:
    sent = [added(alice, zone, "@ A 192.0.2.1"), added(alice, zone, "@ MX mail.example.com", priority=10)]
    records = body_of(curl(alice, LIST_RECORDS, uuid=zone["uuid"]), 200)
    assert records == sent
    for record in records:
        check_record(record)
    values = [[record[key] for key in RECORD[1:6]] for record in records]
    assert values == [["A", "@", "192.0.2.1", 3600, None], ["MX", "@", "mail.example.com", 3600, 10]]


def test_update_the_ttl_of_a_record(alice: FlaskClient, zone: dict[str, Any]) -> None:
    record = added(alice, zone, "www A 192.0.2.1")
    changed = body_of(curl(alice, UPDATE_TTL, rec_uuid=record["uuid"]), 200)
    check_record(changed, FLAT_RECORD)
    assert changed == record | {"ttl": 1800, "zone": zone["uuid"]}


def test_mail_without_a_priority(alice: FlaskClient, zone: dict[str, Any]) -> None:
    """The page's example of an error, to the letter."""
    answer = add(alice, zone, "@ MX mail.example.com")
    assert answer.status_code == 400
    assert answer.get_json() == {
        "detail": "MX records require a priority value",
        "error_code": "validation_error",
        "field": "priority",
    }


@pytest.mark.parametrize(("record_type", "name", "value", "priority", "answered"), TYPES)
def test_type_with_the_example_value(
    alice: FlaskClient, record_type: str, name: str, value: str, priority: int | None, answered: str
) -> None:
    zone = created(alice, "newdomain.com")
    body = {"record_type": record_type, "name": name, "value": value}
    answer = alice.post(zone_url(zone, "records/"), json=body if priority is None else body | {"priority": priority})
    record = body_of(answer, 201)
    check_record(record)
    assert [record[key] for key in RECORD[1:6]] == [record_type, name, answered, 3600, priority]
    assert alice.get(record_url(record)).get_json() == record | {"zone": zone["uuid"]}


@pytest.mark.parametrize("record_type", [row[0] for row in TYPES if row[3] is None])
def test_priority_where_the_type_has_none(alice: FlaskClient, record_type: str) -> None:
    zone = created(alice, "newdomain.com")
    name, value = next((row[1], row[2]) for row in TYPES if row[0] == record_type)
    problem(add(alice, zone, f"{name} {record_type} {value}", priority=10), field="priority", says=record_type)
    added(alice, zone, f"{name} {record_type} {value}", priority=None)


@pytest.mark.parametrize("record_type", ["MX", "SRV"])
@pytest.mark.parametrize("priority", [0, 65535])
def test_priority_where_it_is_required(alice: FlaskClient, record_type: str, priority: int) -> None:
    zone = created(alice, "newdomain.com")
    value = next(row[2] for row in TYPES if row[0] == record_type)
    says = f"{record_type} records require a priority value"
    problem(add(alice, zone, f"@ {record_type} {value}"), field="priority", says=says)
    problem(add(alice, zone, f"@ {record_type} {value}", priority=None), field="priority", says=says)
    assert added(alice, zone, f"@ {record_type} {value}", priority=priority)["priority"] == priority


# ---- every endpoint ----


def test_empty_lists(alice: FlaskClient, zone: dict[str, Any]) -> None:
    assert body_of(alice.get(RECORDS), 200) == []
    assert body_of(alice.get(zone_url(zone, "records/")), 200) == []
    alice.delete(zone_url(zone))
    assert body_of(alice.get(ZONES), 200) == []


def test_show_zone(alice: FlaskClient, zone: dict[str, Any]) -> None:
    assert body_of(alice.get(zone_url(zone)), 200) == zone
    record = added(alice, zone, "@ A 192.0.2.1")
    shown = body_of(alice.get(zone_url(zone)), 200)
    assert list(shown) == WHOLE_ZONE
    assert shown == zone | {"record_count": 1, "records": [record]}
    check_record(shown["records"][0])
    assert alice.get(ZONES).get_json()[0]["record_count"] == 1


def test_zones_by_domain(alice: FlaskClient, zone: dict[str, Any]) -> None:
    created(alice, "example.net")
    found = {key: zone[key] for key in ZONE}
    for domain in ("example.com", "EXAMPLE.com", "example.com."):
        assert body_of(alice.get(ZONES, query_string={"domain": domain}), 200) == [found]
    for domain in ("example.org", "xample.com", "example", "", "not a domain", "%"):
        assert body_of(alice.get(ZONES, query_string={"domain": domain}), 200) == []


def test_zones_of_others_are_not_listed(alice: FlaskClient, bob: FlaskClient, zone: dict[str, Any]) -> None:
    created(bob, "example.net")
    assert [each["domain"] for each in alice.get(ZONES).get_json()] == ["example.com"]
    assert alice.get(f"{ZONES}?domain=example.net").get_json() == []


def test_delete_zone(alice: FlaskClient, zone: dict[str, Any]) -> None:
    record = added(alice, zone, "@ A 192.0.2.1")
    answer = alice.delete(zone_url(zone))
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers
    for url in (zone_url(zone), zone_url(zone, "records/"), zone_url(zone, "status/"), record_url(record)):
        problem(alice.get(url), 404)
    problem(alice.delete(zone_url(zone)), 404)
    assert alice.get(ZONES).get_json() == alice.get(RECORDS).get_json() == []


def test_flat_records(alice: FlaskClient, bob: FlaskClient, zone: dict[str, Any]) -> None:
    other = created(alice, "example.net")
    first, second = added(alice, zone, "@ A 192.0.2.1"), added(alice, other, "@ A 192.0.2.1")
    third = added(alice, zone, "@ MX mail.example.net", priority=1)
    foreign = created(bob, "example.org")
    added(bob, foreign, "@ A 192.0.2.1")
    of_zone, of_other = {"zone": zone["uuid"]}, {"zone": other["uuid"]}
    first, second, third = first | of_zone, second | of_other, third | of_zone
    records = body_of(alice.get(RECORDS), 200)
    assert records == [first, second, third]
    for record in records:
        check_record(record, FLAT_RECORD)
    found = {
        f"zone={zone['uuid']}": [first, third],
        f"zone={zone['uuid'].upper()}": [first, third],
        "record_type=A": [first, second],
        "record_type=a": [first, second],
        f"zone={zone['uuid']}&record_type=MX": [third],
        "record_type=TXT": [],
        f"zone={foreign['uuid']}": [],
        f"zone={UNKNOWN}": [],
        "zone=nonsense": [],
        "zone=": [],
    }
    assert {query: body_of(alice.get(f"{RECORDS}?{query}"), 200) for query in found} == found


def test_show_record(alice: FlaskClient, zone: dict[str, Any]) -> None:
    record = added(alice, zone, "@ A 192.0.2.1")
    shown = body_of(alice.get(record_url(record)), 200)
    check_record(shown, FLAT_RECORD)
    assert shown == record | {"zone": zone["uuid"]}


def test_replace_record(alice: FlaskClient, zone: dict[str, Any]) -> None:
    record = added(alice, zone, "@ A 192.0.2.1", ttl=60)
    body = {"record_type": "TXT", "name": "www", "value": "hello", "ttl": 120}
    changed = body_of(alice.put(record_url(record), json=body), 200)
    check_record(changed, FLAT_RECORD)
    assert changed == record | body | {"zone": zone["uuid"]}
    assert body_of(alice.get(record_url(record)), 200) == changed


def test_delete_record(alice: FlaskClient, zone: dict[str, Any]) -> None:
    record, other = added(alice, zone, "@ A 192.0.2.1"), added(alice, zone, "@ A 192.0.2.2")
    answer = alice.delete(record_url(record))
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers
    problem(alice.get(record_url(record)), 404)
    problem(alice.delete(record_url(record)), 404)
    assert records_of(alice, zone) == [other]


def test_health_needs_no_token(app: Any) -> None:
    assert body_of(app.test_client().get("/healthz"), 200) == {"status": "ok"}


# ---- URLs ----


def test_url_without_its_final_slash_is_answered_too(alice: FlaskClient, zone: dict[str, Any]) -> None:
    record = added(alice, zone, "@ A 192.0.2.1")
    for url in (
        ZONES,
        RECORDS,
        zone_url(zone),
        zone_url(zone, "records/"),
        zone_url(zone, "status/"),
        record_url(record),
    ):
        bare, whole = alice.get(url.removesuffix("/")), alice.get(url)
        assert (bare.status_code, bare.data) == (whole.status_code, whole.data) == (200, whole.data)
    assert alice.post(ZONES.removesuffix("/"), json={"domain": "example.net"}).status_code == 201
    body = {"record_type": "A", "name": "@", "value": "192.0.2.2"}
    assert alice.post(zone_url(zone, "records"), json=body).status_code == 201
    assert alice.patch(record_url(record).removesuffix("/"), json={"ttl": 60}).status_code == 200
    assert alice.delete(record_url(record).removesuffix("/")).status_code == 204
    assert alice.delete(zone_url(zone).removesuffix("/")).status_code == 204


def test_head_is_get_without_a_body(alice: FlaskClient, zone: dict[str, Any]) -> None:
    for url in (ZONES, RECORDS, zone_url(zone)):
        head, get = alice.head(url), alice.get(url)
        assert (head.status_code, head.data) == (200, b"")
        assert head.headers["Content-Length"] == get.headers["Content-Length"]


@pytest.mark.parametrize(
    ("spelled", "status"),
    [
        ("{uuid}", 200),
        ("{upper}", 200),
        ("{uuid}x", 404),
        ("-", 404),
        ("%00", 404),
        ("%F0%9F%A6%84", 404),
        ("1" * 5000, 404),
    ],
)
def test_uuid_in_the_url(alice: FlaskClient, zone: dict[str, Any], spelled: str, status: int) -> None:
    text = zone["uuid"]
    answer = alice.get(f"{ZONES}{spelled.format(uuid=text, upper=text.upper())}/")
    assert answer.status_code == status
    assert status == 200 or problem(answer, 404)


def test_uuid_in_the_url_is_nothing_but_hexadecimal(installation: "Installation", alice: FlaskClient) -> None:
    """Python's int() takes white space and `_` for no digits: a newline would come into the header Link."""
    installation.store_zones(ALICE, 1)
    [zone] = alice.get(ZONES).get_json()
    installation.store_records(zone["uuid"], 2)
    digits = uuid.UUID(zone["uuid"]).hex
    assert digits.startswith("0")
    for spelled in (f"%0A{digits[1:]}", f"%20{digits[1:]}", f"{digits[0]}_{digits[2:]}"):
        problem(alice.get(f"{ZONES}{spelled}/records/?limit=1"), 404)


def test_json_is_compact_and_utf_8(alice: FlaskClient, zone: dict[str, Any]) -> None:
    record = added(alice, zone, "@ TXT grüße 🦄")
    answer = alice.get(record_url(record))
    assert "grüße 🦄" in answer.data.decode()
    assert not re.search(r'":\s', answer.text)
