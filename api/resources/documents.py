"""The API's description: OpenAPI for programs, a page for people."""

from flask import Response, current_app, render_template

from api.answers import json_response


def openapi() -> Response:
    """The OpenAPI document."""
    return json_response(current_app.extensions["zonewright_openapi"]())


def docs() -> Response:
    """A page that lists every endpoint."""
    response = Response(render_template("docs.html", document=current_app.extensions["zonewright_openapi"]()))
    response.headers["Content-Security-Policy"] = "default-src 'none'"
    return response
