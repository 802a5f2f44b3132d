"""The shape of locks."""

from typing import Any

from marshmallow import fields

from api.models import Lock
from api.schemas.fields import Text
from api.schemas.loading import Body
from api.schemas.times import stamp


class LockBody(Body):
    """What to lock, and why: a record, or a name and a type, either of them alone; none of them: the whole zone."""

    reason = Text(required=True)
    record = Text(allow_none=True, metadata={"description": "uuid of a record of the zone"})
    name = Text(allow_none=True)
    record_type = Text(allow_none=True)


class LockAnswer(Body):
    """A lock; record, name and record_type are all null when it is on the whole zone."""

    uuid = fields.UUID(required=True)
    zone = fields.UUID(required=True)
    record = fields.UUID(required=True, allow_none=True)
    name = fields.String(required=True, allow_none=True)
    record_type = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True)
    actor = fields.Dict(required=True)
    created_at = fields.DateTime(required=True)


def answer(lock: Lock) -> dict[str, Any]:
    """The lock's keys."""
    return {
        "uuid": lock.uuid,
        "zone": lock.zone_uuid,
        "record": lock.record_uuid,
        "name": lock.name,
        "record_type": lock.record_type,
        "reason": lock.reason,
        "actor": lock.actor,
        "created_at": stamp(lock.created_at),
    }
