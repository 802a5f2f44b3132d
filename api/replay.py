"""Carrying out a write that was kept: a proposal that is approved, or whose time has come."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Flask, Response, current_app, g

from api.auth import Caller
from api.changes import proposals
from api.changes.actor import Actor
from api.changes.intent import Deadline, Intent
from api.changes.journal import Written
from api.changes.tokens import PERMISSIONS
from api.errors import ApiError
from api.models import Proposal
from api.schemas.loading import Body, Content
from api.store.accounts import owner_with
from api.store.proposals import proposal_of
from nameserver.errors import InvalidInput

log = logging.getLogger(__name__)


def carry_out(proposal: Proposal, approved_by: str | None = None) -> Response:
    """Do it now, as whoever proposed it, in its own transaction. The caller of the request is set already.

    Raises Conflict when it no longer does what it did, and whatever the write itself raises.
    """
    route = current_app.extensions["zonewright_routes"][proposal.route]
    g.route, g.query = route, _query(route.query(), proposal.query)
    g.replayed = Content(proposal.content, proposal.content_type)
    g.intent = _intent(proposal, approved_by)
    response: Response = route.answer(**proposal.path)
    return response


def carry_out_due(app: Flask) -> int:
    """Do what is scheduled and whose time has come; answers how many there were."""
    with app.app_context():
        due = proposals.due()
    for uuid in due:
        try:
            carry_out_alone(app, uuid)
        except (ApiError, InvalidInput) as error:
            log.warning("the scheduled write %s could not be done: %s", uuid, error.detail)
            with app.app_context():
                proposals.fail(uuid, error.detail)
    return len(due)


def carry_out_alone(app: Flask, uuid: str, approved_by: str | None = None) -> list[Written]:
    """Do it outside of any request, with its account's whole permissions. Raises as `carry_out`."""
    with app.test_request_context("/"):  # what answers a request looks for one
        proposal = proposal_of(None, uuid)
        account = owner_with(proposal.account_id)
        g.caller = Caller(account.id, account.uuid, account.email, None, "", frozenset(PERMISSIONS))
        carry_out(proposal, approved_by)
        return list(g.written)


def _intent(proposal: Proposal, approved_by: str | None) -> Intent:
    told, query = proposal.actor, g.query
    caller: Caller = g.caller
    actor = Actor(caller.account_id, caller.account_uuid, told["account"], told["source"])
    actor = replace(actor, token=told.get("token"), address=told.get("address"), approved_by=approved_by)
    return Intent(
        actor,
        if_match=frozenset(proposal.if_match) if proposal.if_match is not None else None,
        confirm_removals=bool(query.get("confirm_removals")),
        reason=proposal.reason,
        deadline=Deadline.within(query.get("confirm_within")),
        proposal=proposal.uuid,
        watch=proposals.as_proposed(proposal.effects),
    )


def _query(schema: Body, given: Mapping[str, str]) -> dict[str, Any]:
    return dict(schema.load({key: value for key, value in given.items() if key not in proposals.DEFERRING}))
