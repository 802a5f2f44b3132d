"""Is the API alive, and how does the installation do?"""

from flask import Response, current_app, request

from api import database, metrics
from api.answers import json_response
from api.errors import PermissionDenied


def healthz() -> Response:
    """200 while the API can ask its database; an unusable database is answered 503 by api.problems."""
    database.answers()
    return json_response({"status": "ok"})


def read_metrics() -> Response:
    """Counters and gauges for Prometheus, for the networks of the setting `metrics_networks`."""
    if not metrics.may_read(current_app.config["SETTINGS"], request.remote_addr):
        raise PermissionDenied(
            "This address may not read the metrics: the setting metrics_networks names those that may."
        )
    return Response(metrics.exposition(), mimetype="text/plain; version=0.0.4")
