"""Is the API alive?"""

from flask import Response

from api import database
from api.answers import json_response


def healthz() -> Response:
    """200 while the API can ask its database; an unusable database is answered 503 by api.problems."""
    database.answers()
    return json_response({"status": "ok"})
