"""Proposals: listed, approved, rejected."""

from flask import Response, current_app, g

from api import auth
from api.answers import json_response
from api.auth import caller
from api.changes import proposals as changes
from api.database import db, now
from api.errors import ApiError, PermissionDenied
from api.models import Proposal
from api.pagination import page_of, paged
from api.replay import carry_out
from api.schemas import proposals as schema
from api.schemas.loading import content_of_request, json_object, load, raise_first
from api.store import proposals
from nameserver.errors import InvalidInput


def list_proposals() -> Response:
    """The account's proposals, the newest first."""
    page = page_of(g.query)
    rows, total = proposals.proposals(caller().account_id, g.query.get("state"), page)
    return paged(list(rows), page, total, schema.answer, lambda row: int(row.id))


def show_proposal(uuid: str) -> Response:
    """One proposal."""
    return json_response(schema.answer(proposals.proposal_of(caller().account_id, uuid)))


def approve_proposal(uuid: str) -> Response:
    """Do what was proposed, now or at its time; another token than the one that proposed it must say so."""
    proposal = proposals.proposal_of(caller().account_id, uuid)
    if proposal.token_uuid == caller().token_uuid:
        raise PermissionDenied("Another token must approve it than the one that proposed it.")
    _require_permission(proposal)
    changes.require_undecided(proposal)
    if proposal.apply_at is not None and proposal.apply_at > now():
        scheduled = changes.schedule(caller().account_id, uuid, caller().actor())
        return json_response(schema.answer(scheduled), 202)
    try:
        return carry_out(proposal, approved_by=f"{caller().email} ({caller().token_name})")
    except (ApiError, InvalidInput):
        db.session.remove()  # somebody else may have approved it at the same time
        changes.require_undecided(proposals.proposal_of(caller().account_id, uuid))
        raise


def _require_permission(proposal: Proposal) -> None:
    permission = current_app.extensions["zonewright_routes"][proposal.route].permission
    if permission.endswith(":*"):  # a batch asks for that of each operation itself
        return
    auth.require(permission)


def reject_proposal(uuid: str) -> Response:
    """It is not to be done; whoever proposed it can withdraw it so, and call off what is scheduled."""
    proposals.proposal_of(caller().account_id, uuid)
    body, faults = load(schema.RejectBody(), json_object() if content_of_request() else {})
    raise_first(faults)
    rejected = changes.reject(caller().account_id, uuid, caller().actor(), body.get("reason"))
    return json_response(schema.answer(rejected))
