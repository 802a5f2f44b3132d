"""The shape of records."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from api.models import Record, Zone
from api.models.changes import described
from api.schemas.fields import Text, Time, WholeNumber
from api.schemas.loading import Body
from api.schemas.times import stamp


class RecordBody(Body):
    """A record as a client writes it, whole (POST, PUT)."""

    record_type = Text(required=True)
    name = Text(required=True)
    value = Text(required=True)
    ttl = WholeNumber(0, 2147483647)
    priority = WholeNumber(0, 65535, allow_none=True)
    expires_at = Time(allow_none=True)


class RecordPatch(Body):
    """The fields of a record to change (PATCH)."""

    record_type = Text()
    name = Text()
    value = Text()
    ttl = WholeNumber(0, 2147483647)
    priority = WholeNumber(0, 65535, allow_none=True)
    expires_at = Time(allow_none=True)


class RecordAnswer(Body):
    """A record as the API answers it."""

    uuid = fields.UUID(required=True)
    record_type = fields.String(required=True)
    name = fields.String(required=True)
    value = fields.String(required=True)
    ttl = fields.Integer(required=True)
    priority = fields.Integer(required=True, allow_none=True)
    created_at = fields.DateTime(required=True)
    expires_at = fields.DateTime()


class FlatRecordAnswer(RecordAnswer):
    """A record as the flat endpoints answer it."""

    zone = fields.UUID(required=True)


def answer(record: Record) -> dict[str, Any]:
    """The record's seven keys; one that expires also says when."""
    body = described(record) | {"created_at": stamp(record.created_at)}
    return body if record.expires_at is None else body | {"expires_at": stamp(record.expires_at)}


def flat_answer(record: Record, zone: Zone) -> dict[str, Any]:
    """The record's seven keys and its zone's uuid."""
    return answer(record) | {"zone": zone.uuid}


def merged(record: Record, patch: Mapping[str, Any]) -> dict[str, Any]:
    """The whole body that a PATCH of this record makes."""
    present = {key: value for key, value in answer(record).items() if key in RecordBody().fields}
    return present | {"expires_at": record.expires_at} | dict(patch)
