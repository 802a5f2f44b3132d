"""Records."""

from collections.abc import Mapping
from typing import Any

from flask import Response, current_app, g

from api.auth import caller
from api.changes import records as changes
from api.models import Record, Zone, etags
from api.pagination import page_of, paged
from api.resources import history
from api.resources.conditional import tagged
from api.resources.writes import finished
from api.schemas import records as schema
from api.schemas.loading import json_body, json_object, load, objects
from api.store import records, zones
from nameserver.records import canonical_type


def list_zone_records(uuid: str) -> Response:
    """A zone's records, now or as they were; all of them when no page is asked for."""
    if "at" in g.query:
        return history.records_at(uuid, g.query["at"])
    zone = zones.zone_of(caller().account_id, uuid)
    page = page_of(g.query, usual=None)
    rows = records.records_of(zone, page)
    return paged(rows, page, records.count_in(zone), schema.answer, lambda row: int(row.id))


def list_records() -> Response:
    """The records of all the caller's zones."""
    page, zone, record_type = page_of(g.query), _wanted_zone(), _wanted_type()
    rows = records.list_records(caller().account_id, zone, record_type, page)
    total = records.count_records(caller().account_id, zone, record_type)
    return paged(rows, page, total, lambda row: schema.flat_answer(*row), lambda row: int(row[0].id))


def create_record(uuid: str) -> Response:
    """A new record in a zone, or an array of them: all or none."""
    zones.zone_of(caller().account_id, uuid)
    body = json_body()
    bodies = [load(schema.RecordBody(), each) for each in objects(body)]
    several = isinstance(body, list)

    def present(rows: list[Record]) -> Any:
        return [schema.answer(row) for row in rows] if several else schema.answer(rows[0])

    return finished(*changes.create(current_app.config["SETTINGS"], g.intent, uuid, bodies, present, several))


def show_record(uuid: str) -> Response:
    """One record."""
    record, zone = records.record_of(caller().account_id, uuid)
    return tagged(schema.flat_answer(record, zone), etags.of_record(record))


def replace_record(uuid: str) -> Response:
    """A record becomes what the body says, whole."""
    records.record_of(caller().account_id, uuid)
    body, faults = load(schema.RecordBody(), json_object())
    return _changed(uuid, lambda _: (body, faults))


def patch_record(uuid: str) -> Response:
    """The fields in the body change, the others stay."""
    records.record_of(caller().account_id, uuid)
    body, faults = load(schema.RecordPatch(), json_object())
    return _changed(uuid, lambda row: (schema.merged(row, body), faults))


def delete_record(uuid: str) -> Response:
    """A record goes."""
    return finished(None, changes.delete(current_app.config["SETTINGS"], g.intent, uuid))


def _changed(uuid: str, merge: changes.Merge) -> Response:
    return finished(*changes.change(current_app.config["SETTINGS"], g.intent, uuid, merge, _flat))


def _flat(record: Record, zone: Zone) -> Mapping[str, Any]:
    return schema.flat_answer(record, zone)


def _wanted_zone() -> str | None:
    uuid = g.query.get("zone")
    return None if uuid is None else uuid.lower()


def _wanted_type() -> str | None:
    text = g.query.get("record_type")
    return None if text is None else canonical_type(text)
