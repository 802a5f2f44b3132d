"""Who calls: bearer tokens (RFC 6750), their permissions, and when each was last used."""

import threading
from dataclasses import dataclass
from datetime import datetime

from flask import Flask, current_app, g, request
from sqlalchemy import select, update

from api.changes.actor import Actor
from api.database import db, now, writing
from api.errors import InvalidToken, PermissionDenied
from api.models import Token
from api.models.tokens import PREFIX, hashed

_SECONDS_BETWEEN_NOTES = 60


@dataclass(frozen=True, slots=True)
class Caller:
    """The account and token behind a request."""

    account_id: int
    account_uuid: str
    email: str
    token_uuid: str | None
    token_name: str
    permissions: frozenset[str]

    def actor(self) -> Actor:
        """The caller as the one who makes a change."""
        return Actor(self.account_id, self.account_uuid, self.email, "api", self.token_name, request.remote_addr)


def caller() -> Caller:
    """The caller of this request."""
    found: Caller = g.caller
    return found


def authenticate() -> None:
    """Find the caller by the token. Raises InvalidToken: missing, malformed, unknown, expired or revoked."""
    if g.token is None:
        raise InvalidToken
    token = db.session.scalar(select(Token).where(Token.hash == g.token))
    moment = now()
    if token is None or token.revoked_at is not None or (token.expires_at is not None and token.expires_at <= moment):
        raise InvalidToken("The API token is unknown, expired or revoked.")
    _last_used().note(token, moment)
    account = token.account
    permissions = frozenset(token.permissions.split())
    g.caller = Caller(account.id, account.uuid, account.email, token.uuid, token.name, permissions)


def require(permission: str) -> None:
    """Raises PermissionDenied when the caller's token lacks the permission."""
    if permission not in caller().permissions:
        raise PermissionDenied(f"The API token lacks the {permission} permission.")


def require_any(*permissions: str) -> None:
    """Raises PermissionDenied when the caller's token has none of the permissions."""
    if not caller().permissions & set(permissions):
        raise PermissionDenied(f"The API token has none of the permissions {', '.join(permissions)}.")


def presented() -> str | None:
    """The hash of the request's token, valid or not; None when there is none or it is malformed."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret.startswith(PREFIX) or not secret.isascii():
        return None
    return hashed(secret)


class LastUsed:
    """When tokens were used last: noted in memory, written a minute apart at most, never by a request itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._written: dict[int, datetime] = {}

    def note(self, token: Token, moment: datetime) -> None:
        """The token was used at this moment."""
        with self._lock:
            last = self._written.get(token.id) or token.last_used_at
            if last is not None and (moment - last).total_seconds() < _SECONDS_BETWEEN_NOTES:
                return
            self._written[token.id] = moment
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # werkzeug's own name
        threading.Thread(target=_write_last_used, args=(app, token.id, moment), daemon=True).start()


def _write_last_used(app: Flask, token_id: int, moment: datetime) -> None:
    with app.app_context(), writing() as session:
        session.execute(update(Token).where(Token.id == token_id).values(last_used_at=moment))


def _last_used() -> LastUsed:
    found: LastUsed = current_app.extensions["zonewright_last_used"]
    return found
