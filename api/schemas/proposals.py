"""The shape of proposals."""

from typing import Any
from urllib.parse import urlencode

from marshmallow import fields

from api.changes.proposals import DEFERRING
from api.models import Proposal
from api.schemas.fields import Text
from api.schemas.loading import Body
from api.schemas.times import stamp, stamp_or_none


class EffectAnswer(Body):
    """What the write does to one zone: `names` counts owner names, `share` is the part of the records that goes."""

    zone = fields.UUID(required=True)
    domain = fields.String(required=True)
    action = fields.String(required=True)
    reason = fields.String(required=True, allow_none=True)
    removed = fields.List(fields.Dict(), required=True)
    added = fields.List(fields.Dict(), required=True)
    names = fields.Integer(required=True)
    share = fields.Float(required=True)


class ProposedCheck(Body):
    """The check report of one zone as it would be."""

    domain = fields.String(required=True)
    verdict = fields.String(required=True)
    problems = fields.List(fields.Dict(), required=True)


class ProposalAnswer(Body):
    """A write that waits, or waited, for approval or for its time."""

    id = fields.UUID(required=True)
    state = fields.String(required=True)
    created_at = fields.DateTime(required=True)
    actor = fields.Dict(required=True)
    reason = fields.String(required=True, allow_none=True)
    write = fields.String(required=True)
    apply_at = fields.DateTime(required=True, allow_none=True)
    effects = fields.List(fields.Nested(EffectAnswer), required=True)
    checks = fields.List(fields.Nested(ProposedCheck), required=True)
    changes = fields.List(fields.UUID(), required=True)
    decided_by = fields.Dict(required=True, allow_none=True)
    decided_at = fields.DateTime(required=True, allow_none=True)
    detail = fields.String(required=True, allow_none=True)


class RejectBody(Body):
    """Why not."""

    reason = Text()


def answer(proposal: Proposal) -> dict[str, Any]:
    """A proposal's answer."""
    return {
        "id": proposal.uuid,
        "state": proposal.state,
        "created_at": stamp(proposal.created_at),
        "actor": proposal.actor,
        "reason": proposal.reason,
        "write": _write(proposal),
        "apply_at": stamp_or_none(proposal.apply_at),
        "effects": proposal.effects,
        "checks": proposal.checks,
        "changes": proposal.changes,
        "decided_by": proposal.decided_by,
        "decided_at": stamp_or_none(proposal.decided_at),
        "detail": proposal.detail,
    }


def _write(proposal: Proposal) -> str:
    """The request, with what its query says besides that it is kept."""
    route, path = proposal.route, proposal.path
    for key, value in path.items():
        route = route.replace(f"<{key}>", value)
    rest = {key: value for key, value in proposal.query.items() if key not in DEFERRING}
    return f"{route}?{urlencode(rest)}" if rest else route
