"""Records."""

from flask import Response, current_app, g

from api.answers import json_response, written_response
from api.auth import caller
from api.changes import records as changes
from api.pagination import page_of, paged
from api.schemas import records as schema
from api.schemas.loading import json_object, load
from api.store import records, zones
from api.waiting import wait_if_preferred
from nameserver.records import canonical_type


def list_zone_records(uuid: str) -> Response:
    """A zone's records, all of them when no page is asked for."""
    zone = zones.zone_of(caller().account_id, uuid)
    page = page_of(g.query, usual=None)
    rows = records.records_of(zone, page)
    return paged(rows, page, records.count_in(zone), schema.answer, lambda row: int(row.id))


def list_records() -> Response:
    """The records of all the caller's zones."""
    page, zone, record_type = page_of(g.query), g.query.get("zone"), _wanted_type()
    rows = records.list_records(caller().account_id, zone, record_type, page)
    total = records.count_records(caller().account_id, zone, record_type)
    return paged(rows, page, total, lambda row: schema.flat_answer(*row), lambda row: int(row[0].id))


def create_record(uuid: str) -> Response:
    """A new record in a zone."""
    zones.zone_of(caller().account_id, uuid)
    body, faults = load(schema.RecordBody(), json_object())
    row, _, written = changes.create(current_app.config["SETTINGS"], caller().actor(), uuid, body, faults)
    return wait_if_preferred(written_response(schema.answer(row), 201, written), written)


def show_record(uuid: str) -> Response:
    """One record."""
    return json_response(schema.flat_answer(*records.record_of(caller().account_id, uuid)))


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
    written = changes.delete(caller().actor(), uuid)
    return wait_if_preferred(written_response(None, 204, written), written)


def _changed(uuid: str, merge: changes.Merge) -> Response:
    row, zone, written = changes.change(current_app.config["SETTINGS"], caller().actor(), uuid, merge)
    return wait_if_preferred(written_response(schema.flat_answer(row, zone), 200, written), written)


def _wanted_type() -> str | None:
    text = g.query.get("record_type")
    return None if text is None else canonical_type(text)
