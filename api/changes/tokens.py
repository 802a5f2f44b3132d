"""Creating and revoking API tokens."""

import secrets
import uuid
from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import select

from api.database import now, writing
from api.errors import OperatorError
from api.models import Account, Token
from api.models.tokens import PREFIX, hashed

PERMISSIONS = ("dns:list", "dns:create", "dns:update", "dns:delete")


def create(email: str, name: str, permissions: Collection[str], lifetime: timedelta | None) -> tuple[Token, str]:
    """Create a token; answers it with its secret, which cannot be shown again. Raises OperatorError."""
    unknown = [permission for permission in permissions if permission not in PERMISSIONS]
    if unknown or not permissions:
        raise OperatorError(f"The permissions are {', '.join(PERMISSIONS)}; there is no “{', '.join(unknown)}”.")
    secret = PREFIX + secrets.token_urlsafe(32)  # 256 random bits: a plain hash of it cannot be guessed back
    with writing() as session:
        account = session.scalar(select(Account).where(Account.email == email.strip().lower()))
        if account is None:
            raise OperatorError(f"There is no account {email}: `zonewright account create {email}` makes it.")
        moment = now()
        token = Token(
            uuid=str(uuid.uuid4()),
            account_id=account.id,
            name=name,
            hash=hashed(secret),
            permissions=" ".join(each for each in PERMISSIONS if each in permissions),
            created_at=moment,
            expires_at=moment + lifetime if lifetime else None,
        )
        session.add(token)
    return token, secret


def revoke(identifier: str) -> Token:
    """Revoke the token with this uuid, or with this name if only one has it. Raises OperatorError."""
    with writing() as session:
        match = (Token.uuid == identifier) | (Token.name == identifier)
        tokens = session.scalars(select(Token).where(match, Token.revoked_at.is_(None))).unique().all()
        if len(tokens) != 1:
            several = "Several tokens have" if tokens else "No token has"
            raise OperatorError(f"{several} the name or id {identifier}: `zonewright token list` shows them.")
        tokens[0].revoked_at = now()
    return tokens[0]
