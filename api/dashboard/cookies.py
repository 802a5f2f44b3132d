"""The dashboard's cookie: signed, HttpOnly, SameSite=Lax, and Secure behind https; requests to the API have none."""

from datetime import timedelta
from typing import Any

from flask import Flask, Request, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from api.changes import signing
from api.models.sessions import LIFETIME

NAME = "zonewright"
_WITHOUT = ("/api/", "/docs", "/healthz", "/metrics", "/static/")


class Cookies(SecureCookieSessionInterface):
    """Flask's own cookie, signed with the installation's key, which is read when it is first needed."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """What the request's cookie holds; None where there is none to be."""
        if request.path.startswith(_WITHOUT):
            return None
        if NAME not in request.cookies:
            return self.session_class()  # a stranger costs no look at the database
        return super().open_session(app, request)

    def get_signing_serializer(self, app: Flask) -> Any:
        """The signer with the installation's key."""
        know_key(app)
        return super().get_signing_serializer(app)

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002
        """Only over https, when the page came over https."""
        return request.is_secure


def know_key(app: Flask) -> None:
    """Have the key that signs cookies and forms."""
    if app.secret_key is None:
        app.secret_key = signing.key()


def register(app: Flask) -> None:
    """Keep sessions in our cookie."""
    app.session_interface = Cookies()
    app.config["SESSION_COOKIE_NAME"] = NAME
    app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
    app.config["PERMANENT_SESSION_LIFETIME"] = LIFETIME
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = timedelta(days=365)  # the address holds the file's digest
