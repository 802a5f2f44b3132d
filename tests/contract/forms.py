"""The forms that the page and the contract give to answers."""

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

ZONES, RECORDS, CHANGES = "/api/v1/dns-zones/", "/api/v1/dns-records/", "/api/v1/dns-changes/"
LOCKS = "/api/v1/dns-locks/"
IMPORT = f"{ZONES}import/"
# A zone file with nothing but what it must have, from another nameserver.
FILE = b"@ 3600 IN SOA ns.other.test. host.other.test. 1 7200 900 1209600 300\n@ 3600 IN NS ns.other.test.\n"
UNKNOWN = "6f1f9a52-0000-4000-8000-000000000000"

# In the order of the page's examples.
ZONE = ["uuid", "domain", "created_at", "record_count"]
WHOLE_ZONE = [*ZONE, "records"]
RECORD = ["uuid", "record_type", "name", "value", "ttl", "priority", "created_at"]
FLAT_RECORD = [*RECORD, "zone"]
PROBLEM = ["detail", "error_code", "field"]

CODES = {
    400: "validation_error",
    401: "invalid_token",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "payload_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    500: "internal_error",
    503: "unavailable",
}
_TELLTALES = ("Traceback", ".py", 'File "', "site-packages", "sqlalchemy", "sqlite", "werkzeug")


def is_uuid(text: object) -> bool:
    """Is it a random uuid in its usual spelling?"""
    return isinstance(text, str) and str(uuid.UUID(text)) == text and uuid.UUID(text).version == 4


def is_moment(text: object) -> bool:
    """Is it a moment of this minute, in UTC, in seconds, with a Z?"""
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text):
        return False
    return abs((datetime.now(UTC) - datetime.fromisoformat(text)).total_seconds()) < 60


def problem(answer: TestResponse, status: int = 400, field: str | None = None, says: str = "") -> str:
    """The answer is an error in the contract's form, about this field; its detail."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/json"
    assert is_uuid(answer.headers["X-Request-Id"])
    body = answer.get_json()
    assert list(body) == PROBLEM
    assert (body["error_code"], body["field"]) == (CODES[status], field), body["detail"]
    assert isinstance(body["detail"], str)
    assert body["detail"]
    assert says in body["detail"]
    assert not [word for word in _TELLTALES if word in answer.text]
    return str(body["detail"])


def comparable(answer: TestResponse) -> tuple[int, list[tuple[str, str]], bytes]:
    """All of an answer but the request's own name."""
    headers = sorted((key, value) for key, value in answer.headers if key != "X-Request-Id")
    return answer.status_code, headers, answer.data


def add(client: FlaskClient, zone: Mapping[str, Any], line: str, **more: Any) -> TestResponse:
    """POST a record written as `name type value`."""
    name, record_type, value = line.split(" ", 2)
    body = {"record_type": record_type, "name": name, "value": value, **more}
    return client.post(f"{ZONES}{zone['uuid']}/records/", json=body)


def added(client: FlaskClient, zone: Mapping[str, Any], line: str, **more: Any) -> dict[str, Any]:
    """POST a record that is accepted; the record."""
    answer = add(client, zone, line, **more)
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def created(client: FlaskClient, domain: str) -> dict[str, Any]:
    """POST a zone that is accepted; the zone."""
    answer = client.post(ZONES, json={"domain": domain})
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def record_url(record: Mapping[str, Any]) -> str:
    """Where the record is."""
    return f"{RECORDS}{record['uuid']}/"


def zone_url(zone: Mapping[str, Any], rest: str = "") -> str:
    """Where the zone, or something of it, is."""
    return f"{ZONES}{zone['uuid']}/{rest}"


def locked(client: FlaskClient, zone: Mapping[str, Any], reason: str, **scope: str) -> dict[str, Any]:
    """POST a lock that is accepted; the lock."""
    answer = client.post(zone_url(zone, "locks/"), json={"reason": reason, **scope})
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def serial(answer: TestResponse) -> int:
    """The serial that a write told."""
    return int(answer.headers["X-Zone-Serial"])


def records_of(client: FlaskClient, zone: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All records of a zone."""
    return list(client.get(zone_url(zone, "records/")).get_json())
