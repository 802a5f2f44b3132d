"""Sessions of browsers: begun, noted as used, ended."""

import secrets
import uuid
from datetime import timedelta

from sqlalchemy import delete, select, update

from api.database import now, writing
from api.errors import NotFound
from api.models import Account, BrowserSession
from api.models.sessions import LIFETIME
from api.models.tokens import hashed

_BETWEEN_NOTES = timedelta(minutes=5)
_LONGEST_BROWSER, _LONGEST_ADDRESS = 200, 45


def begin(account: Account, address: str | None, browser: str) -> str:
    """Begin a session; answers its secret, for the browser's cookie. Sessions that are over are taken away."""
    secret = secrets.token_urlsafe(32)
    moment = now()
    with writing() as session:
        over = BrowserSession.created_at < moment - LIFETIME
        session.execute(delete(BrowserSession).where(BrowserSession.account_id == account.id, over))
        session.add(
            BrowserSession(
                uuid=str(uuid.uuid4()),
                account_id=account.id,
                hash=hashed(secret),
                address=(address or "")[:_LONGEST_ADDRESS],
                browser="".join(filter(str.isprintable, browser))[:_LONGEST_BROWSER],
                created_at=moment,
                seen_at=moment,
            )
        )
    return secret


def note(used: BrowserSession) -> None:
    """The session was used now; written some minutes apart at most."""
    moment = now()
    if moment - used.seen_at < _BETWEEN_NOTES:
        return
    with writing() as session:
        session.execute(update(BrowserSession).where(BrowserSession.id == used.id).values(seen_at=moment))


def revoke(account_id: int, session_uuid: str) -> None:
    """End a session of the account's. Raises NotFound, the same for an unknown and a foreign one."""
    with writing() as session:
        mine = (BrowserSession.uuid == session_uuid) & (BrowserSession.account_id == account_id)
        found = session.scalar(select(BrowserSession).where(mine))
        if found is None:
            raise NotFound("Session not found.")
        session.delete(found)


def revoke_all(account_id: int, but: str | None = None) -> None:
    """End all sessions of an account, but the one with this uuid."""
    with writing() as session:
        ended = delete(BrowserSession).where(BrowserSession.account_id == account_id)
        session.execute(ended if but is None else ended.where(BrowserSession.uuid != but))
