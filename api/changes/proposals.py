"""Proposals: a write is kept instead of done, until somebody approves it or its time comes.

What it would have done when it was proposed is kept with it, and must be what it does.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.changes.actor import Actor
from api.changes.intent import Intent
from api.changes.journal import Written
from api.database import db, now, writing
from api.errors import Conflict, NotFound
from api.models import Change, Proposal

Effect = Mapping[str, Any]
#: The parameters of a query that make a write a proposal; it is carried out without.
DEFERRING = ("propose", "apply_at")
_OPEN = ("open", "scheduled")
_MOVED_ON = (
    "It no longer does what it did when it was proposed: {}. Reject it, and propose it anew if it is still meant."
)


@dataclass(frozen=True, slots=True)
class Request:
    """A write as it was sent: the key of its route, the values of its path, its query and its body."""

    route: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    content: bytes
    content_type: str


def effect_of(change: Change) -> dict[str, Any]:
    """What a change does to its zone."""
    return {
        "zone": change.zone_uuid,
        "domain": change.domain,
        "action": change.action,
        "reason": change.reason,
        "removed": change.removed,
        "added": change.added,
    }


def new(
    intent: Intent,
    token_uuid: str | None,
    request: Request,
    apply_at: datetime | None,
    effects: Sequence[Effect],
    checks: Sequence[Mapping[str, Any]],
) -> Proposal:
    """A proposal of this write, not stored yet: scheduled when it has a time and needs nobody's approval."""
    return Proposal(
        uuid=str(uuid.uuid4()),
        account_id=intent.actor.account_id,
        token_uuid=token_uuid,
        actor=intent.actor.to_json(),
        reason=intent.reason,
        route=request.route,
        path=dict(request.path),
        query=dict(request.query),
        if_match=sorted(intent.if_match) if intent.if_match is not None else None,
        content=request.content,
        content_type=request.content_type,
        effects=list(effects),
        checks=list(checks),
        state="open",
        apply_at=apply_at,
        changes=[],
        created_at=now(),
    )


def reject(account_id: int, uuid_: str, actor: Actor, reason: str | None) -> Proposal:
    """It is not to be done; one that is scheduled is called off. Raises NotFound, Conflict when it is decided."""
    with writing() as session:
        proposal = open_(session, account_id, uuid_)
        _decide(proposal, "rejected", actor)
        proposal.detail = reason
        return proposal


def schedule(account_id: int, uuid_: str, actor: Actor) -> Proposal:
    """It is approved, and to be done at its time. Raises NotFound, Conflict when it is decided."""
    with writing() as session:
        proposal = open_(session, account_id, uuid_)
        _decide(proposal, "scheduled", actor)
        return proposal


def fail(uuid_: str, detail: str) -> None:
    """Its time came, and it could not be done."""
    with writing() as session:
        scheduled = (Proposal.uuid == uuid_) & (Proposal.state == "scheduled")
        session.execute(update(Proposal).where(scheduled).values(state="failed", detail=detail, decided_at=now()))


def done(session: Session, uuid_: str, actor: Actor, written: Sequence[Written]) -> None:
    """The end of the write's own transaction: it is done with this, and once only. Raises Conflict."""
    proposal = session.scalars(select(Proposal).where(Proposal.uuid == uuid_).with_for_update()).one()
    require_undecided(proposal)
    changes = [each.change for each in written if each.change]
    if len(changes) != len(proposal.effects):
        raise Conflict(_MOVED_ON.format("some of it is so already"))
    proposal.changes = changes
    proposal.state, proposal.decided_at = "applied", now()
    proposal.decided_by = proposal.decided_by or ({"account": actor.approved_by} if actor.approved_by else None)


def as_proposed(effects: Sequence[Effect]) -> Callable[[Change], None]:
    """What watches the write: each change must be one of these, but for uuids made up. Raises Conflict."""
    left = Counter(map(_comparable, effects))

    def watch(change: Change) -> None:
        found = _comparable(effect_of(change))
        left[found] -= 1
        if left[found] < 0:
            raise Conflict(_MOVED_ON.format(f"{change.domain} has changed since"))

    return watch


def open_(session: Session, account_id: int, uuid_: str) -> Proposal:
    """The account's proposal, locked and not decided. Raises NotFound, Conflict."""
    query = select(Proposal).where(Proposal.uuid == uuid_, Proposal.account_id == account_id).with_for_update()
    proposal = session.scalar(query.execution_options(populate_existing=True))
    if proposal is None:
        raise NotFound("Proposal not found.")
    require_undecided(proposal)
    return proposal


def require_undecided(proposal: Proposal) -> None:
    """Raises Conflict when it is done, rejected or failed."""
    if proposal.state not in _OPEN:
        raise Conflict(f"The proposal is {proposal.state} already.")


def due() -> Sequence[str]:
    """The scheduled ones whose time has come, the earliest first."""
    query = select(Proposal.uuid).where(Proposal.state == "scheduled", Proposal.apply_at <= now())
    return db.session.scalars(query.order_by(Proposal.apply_at)).all()


def _decide(proposal: Proposal, state: str, actor: Actor) -> None:
    proposal.state, proposal.decided_by, proposal.decided_at = state, actor.to_json(), now()


def _comparable(effect: Effect) -> tuple[Any, ...]:
    return (
        effect["domain"],
        effect["action"],
        *(tuple(sorted(map(_content, effect[key]))) for key in ("removed", "added")),
    )


def _content(record: Mapping[str, Any]) -> str:
    return repr([record.get(key) for key in ("name", "record_type", "ttl", "priority", "value", "expires_at")])
