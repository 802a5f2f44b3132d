"""Exporting a zone."""

from flask import Response, current_app, g

from api.auth import caller
from api.exporting import exported
from api.store import zones


def export_zone(uuid: str) -> Response:
    """A zone as a file: a zone file, JSON, CSV, octoDNS or tinydns."""
    zone = zones.zone_of(caller().account_id, uuid)
    found = exported(current_app.config["SETTINGS"], zone, g.query.get("format", "zone"))
    response = Response(found.content, mimetype=found.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{found.file_name}"'
    if found.left_out:
        response.headers["X-Left-Out"] = str(len(found.left_out))
    return response
