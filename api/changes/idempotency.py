"""Idempotency-Key: a write that is sent again is answered again, and done once.

The key is claimed before the write; its answer is kept in the write's own transaction, so that there is
never a write without its answer. A claim whose writer died is free again after a while.
"""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.changes import proposals
from api.changes.intent import Intent, Key
from api.changes.journal import Written
from api.database import db, now, writing
from api.errors import Conflict, InvalidRequest
from api.models import IdempotencyKey

_KEPT_FOR = timedelta(hours=24)
_ABANDONED_AFTER = timedelta(seconds=60)


def claim(account_id: int, key: Key) -> tuple[Any, list[Written]] | None:
    """Claim the key for a write; the answer of the earlier write when there was one.

    Raises InvalidRequest when the key came with another request, Conflict while that one is still under way.
    """
    try:
        with writing() as session:
            _forget_old(session, account_id, key)
            known = session.scalar(_of(account_id, key))
            if known is None:
                claimed = IdempotencyKey(
                    account_id=account_id, key=key.text, fingerprint=key.fingerprint, created_at=now()
                )
                session.add(claimed)
                return None
    except IntegrityError:
        known = db.session.scalar(_of(account_id, key))
    return _answer(known, key)


def keep(session: Session, intent: Intent, body: Any, *written: Written) -> None:
    """The end of every write, in its transaction: its answer is kept, and the proposal it carries out is done."""
    if intent.proposal is not None and not intent.dry_run:
        proposals.done(session, intent.proposal, intent.actor, written)
    if intent.key is not None and intent.actor.account_id is not None and not intent.dry_run:
        known = session.scalar(_of(intent.actor.account_id, intent.key))
        if known is None or known.answered:
            raise Conflict("The Idempotency-Key was taken over by another request.")
        known.answered, known.body, known.written = True, body, [asdict(each) for each in written]


def release(account_id: int, key: Key) -> None:
    """A write that failed keeps no key: it may be tried again."""
    with writing() as session:
        unanswered = IdempotencyKey.answered.is_(False)
        session.execute(delete(IdempotencyKey).where(*_match(account_id, key), unanswered))


def _answer(known: IdempotencyKey | None, key: Key) -> tuple[Any, list[Written]]:
    if known is not None and known.fingerprint != key.fingerprint:
        raise InvalidRequest("This Idempotency-Key was used for another request: take a new one.", "Idempotency-Key")
    if known is None or not known.answered:
        raise Conflict("A request with this Idempotency-Key is under way: ask again when it is done.")
    return known.body, [Written(**each) for each in known.written or []]


def _forget_old(session: Session, account_id: int, key: Key) -> None:
    moment = now()
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < moment - _KEPT_FOR))
    abandoned = (IdempotencyKey.answered.is_(False), IdempotencyKey.created_at < moment - _ABANDONED_AFTER)
    session.execute(delete(IdempotencyKey).where(*_match(account_id, key), *abandoned))


def _match(account_id: int, key: Key) -> tuple[Any, Any]:
    return IdempotencyKey.account_id == account_id, IdempotencyKey.key == key.text


def _of(account_id: int, key: Key) -> Any:
    return select(IdempotencyKey).where(*_match(account_id, key))
