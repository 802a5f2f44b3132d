"""Examples of bodies and answers, as the documentation shows them."""

from typing import Any

from marshmallow import Schema

from api.schemas.batches import BatchAnswer, BatchBody
from api.schemas.checks import CheckAnswer
from api.schemas.locks import LockAnswer, LockBody
from api.schemas.records import FlatRecordAnswer, RecordAnswer, RecordBody, RecordPatch
from api.schemas.status import StatusAnswer
from api.schemas.zones import WholeZoneAnswer, ZoneAnswer, ZoneBody

_ZONE = "3d2c1b0a-9f8e-4d7c-8b6a-5f4e3d2c1b0a"
_RECORD = "7a6b5c4d-3e2f-4a1b-9c8d-7e6f5a4b3c2d"
_LOCK = "5c4b3a29-1807-4f6e-9d5c-4b3a29180706"
_CHANGE = "0f1e2d3c-4b5a-4697-8899-aabbccddeeff"
_MOMENT = "2026-01-18T16:45:00Z"
_BODY = {"record_type": "A", "name": "www", "value": "192.0.2.1", "ttl": 3600}
_ANSWER = {"uuid": _RECORD, **_BODY, "priority": None, "created_at": _MOMENT}
_STANDING = {"state": "in_sync", "serial": 2026011801, "checked_at": _MOMENT, "error": None}

EXAMPLES: dict[type[Schema], Any] = {
    ZoneBody: {"domain": "newdomain.com"},
    ZoneAnswer: {"uuid": _ZONE, "domain": "newdomain.com", "created_at": _MOMENT, "record_count": 1},
    WholeZoneAnswer: {
        "uuid": _ZONE,
        "domain": "newdomain.com",
        "created_at": _MOMENT,
        "record_count": 1,
        "records": [_ANSWER],
    },
    RecordBody: _BODY,
    RecordPatch: {"ttl": 1800},
    RecordAnswer: _ANSWER,
    FlatRecordAnswer: _ANSWER | {"zone": _ZONE},
    StatusAnswer: {
        "state": "in_sync",
        "serial": 2026011801,
        "nameservers": [{"name": "ns1", **_STANDING}, {"name": "ns2", **_STANDING}],
    },
    CheckAnswer: {
        "domain": "newdomain.com",
        "serial": 2026011801,
        "checked_at": _MOMENT,
        "kind": "publish",
        "tool": "named-checkzone",
        "tool_version": "9.18.49",
        "verdict": "warning",
        "problems": [
            {
                "rule": "target-is-alias",
                "severity": "warning",
                "detail": "The MX record of newdomain.com names mail.newdomain.com, which is a CNAME: such a name "
                "must be a host's own.",
                "words": "newdomain.com/MX 'mail.newdomain.com' is a CNAME (illegal)",
                "mend": "Name the host that mail.newdomain.com points to.",
                "record": {"uuid": _RECORD, "record_type": "MX", "name": "@", "value": "mail.newdomain.com"},
            }
        ],
    },
    LockBody: {"reason": "asked by billing", "name": "www", "record_type": "A"},
    LockAnswer: {
        "uuid": _LOCK,
        "zone": _ZONE,
        "record": None,
        "name": "www",
        "record_type": "A",
        "reason": "asked by billing",
        "actor": {"account": "you@example.com", "source": "api", "token": "laptop", "address": "192.0.2.7"},
        "created_at": _MOMENT,
    },
    BatchBody: {
        "operations": [
            {"action": "create_zone", "domain": "newdomain.com"},
            {"action": "create", "zone": "newdomain.com", **_BODY},
        ]
    },
    BatchAnswer: {
        "changes": [{"id": _CHANGE, "zone": _ZONE, "domain": "newdomain.com", "serial": 2026011801}],
        "results": [
            {"uuid": _ZONE, "domain": "newdomain.com", "created_at": _MOMENT, "record_count": 1},
            _ANSWER | {"zone": _ZONE},
        ],
    },
}
