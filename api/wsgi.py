"""The WSGI application, for gunicorn or any other server; the data folder is named by ZONEWRIGHT_DATA."""

import os
from pathlib import Path

from flask import Flask

from api import logs
from api.app import create_app
from api.settings import load


def application() -> Flask:
    """The application with the settings of the environment (a factory: `gunicorn 'api.wsgi:application()'`)."""
    settings = load(Path(os.environ.get("ZONEWRIGHT_DATA", "var")), os.environ)
    logs.configure(settings)
    return create_app(settings)
