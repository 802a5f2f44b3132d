"""A write on its way: who makes it, for real or only tried, under which conditions, under which key."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from api.changes.actor import Actor
from api.database import now
from api.errors import PreconditionFailed

if TYPE_CHECKING:
    from api.models import Change


@dataclass(frozen=True, slots=True)
class Key:
    """An Idempotency-Key with the fingerprint of the request it came with."""

    text: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """The write takes itself back at this moment unless it is confirmed; `write` names it with all its changes."""

    write: str
    revert_at: datetime

    @classmethod
    def within(cls, seconds: int | None) -> "Deadline | None":
        """That of a write made now; None for no seconds."""
        return cls(str(uuid4()), now() + timedelta(seconds=seconds)) if seconds else None


@dataclass(frozen=True, slots=True)
class Intent:
    """`if_match` are the entity tags that allow the write (None: no condition; `*`: any that exists).

    `confirm_removals`: it is meant that a batch removes much of a zone. `reason` is kept with the change, `undoes`
    is the change that this one takes back. `deadline` is by when it must be confirmed, `proposal` the proposal
    that it carries out. `watch` is called with each change in the write's transaction, and may refuse it.
    """

    actor: Actor
    dry_run: bool = False
    if_match: frozenset[str] | None = None
    key: Key | None = None
    confirm_removals: bool = False
    reason: str | None = None
    undoes: str | None = None
    deadline: Deadline | None = None
    proposal: str | None = None
    watch: "Callable[[Change], None] | None" = None

    def require(self, etag: str, told: Callable[[], str] = str) -> None:
        """Raises PreconditionFailed unless the condition holds for what has this entity tag now (RFC 9110, 13.1.1).

        `told` gives the sentence that says what changed, with a space at its end.
        """
        if self.if_match is not None and not self.if_match & {etag, "*"}:
            raise PreconditionFailed(
                f"It has changed meanwhile: its ETag is {etag} now. {told()}Read it again, then write."
            )
