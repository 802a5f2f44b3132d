"""Creating and revoking API tokens."""

import secrets
import uuid
from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import select

from api.database import now, writing
from api.errors import NotFound, OperatorError
from api.models import Account, Token
from api.models.tokens import PREFIX, hashed
from nameserver.errors import InvalidInput

LONGEST_NAME = 100
PERMISSIONS = ("dns:list", "dns:create", "dns:update", "dns:delete")


def create(email: str, name: str, permissions: Collection[str], lifetime: timedelta | None) -> tuple[Token, str]:
    """Create a token; answers it with its secret, which cannot be shown again. Raises OperatorError, InvalidInput."""
    unknown = [permission for permission in permissions if permission not in PERMISSIONS]
    if unknown or not permissions:
        raise OperatorError(f"The permissions are {', '.join(PERMISSIONS)}; there is no “{', '.join(unknown)}”.")
    name = _named(name)
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


def revoke_own(account_id: int, token_uuid: str) -> Token:
    """Revoke a token of the account's. Raises NotFound, the same for an unknown and a foreign one."""
    with writing() as session:
        token = session.scalar(select(Token).where(Token.uuid == token_uuid, Token.account_id == account_id))
        if token is None:
            raise NotFound("Token not found.")
        token.revoked_at = token.revoked_at or now()
    return token


def _named(name: str) -> str:
    name = name.strip()
    if not (0 < len(name) <= LONGEST_NAME and name.isprintable()):
        raise InvalidInput("name", f"A token's name must have 1 to {LONGEST_NAME} printable characters.")
    return name
