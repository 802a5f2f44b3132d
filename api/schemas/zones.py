"""The shape of zones."""

from datetime import datetime
from typing import Any

from marshmallow import fields

from api.models import Record, Zone
from api.schemas import records
from api.schemas.fields import Text
from api.schemas.loading import Body
from api.schemas.times import stamp


class ZoneBody(Body):
    """A zone as a client creates it."""

    domain = Text(required=True)


class ZoneAnswer(Body):
    """A zone in a list."""

    uuid = fields.UUID(required=True)
    domain = fields.String(required=True)
    created_at = fields.DateTime(required=True)
    record_count = fields.Integer(required=True)


class WholeZoneAnswer(ZoneAnswer):
    """A zone with its records."""

    records = fields.List(fields.Nested(records.RecordAnswer), required=True)


def answer(zone: Zone, record_count: int) -> dict[str, Any]:
    """The zone's four keys."""
    return described(zone.uuid, zone.domain, zone.created_at, record_count)


def described(uuid: str, domain: str, created_at: datetime, record_count: int) -> dict[str, Any]:
    """The four keys of a zone, of one that is gone, too."""
    return {"uuid": uuid, "domain": domain, "created_at": stamp(created_at), "record_count": record_count}


def whole_answer(zone: Zone, rows: list[Record]) -> dict[str, Any]:
    """The zone's four keys and its records."""
    return answer(zone, len(rows)) | {"records": [records.answer(row) for row in rows]}
