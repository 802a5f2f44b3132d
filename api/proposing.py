"""Making a proposal of a write: it is tried, and what it would do is kept with it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import current_app, g, request

from api.auth import caller
from api.changes import idempotency, proposals
from api.changes.checks import as_json
from api.changes.proposals import Effect, Request
from api.checking import preview
from api.database import db, writing
from api.errors import InvalidRequest
from api.models import Change
from api.models.changes import record_of
from api.schemas import proposals as schema
from api.schemas.loading import content
from api.store.control import desired_zones
from nameserver.zone import Zone

_NO_FORM = "multipart/form-data"


def wanted() -> bool:
    """Does the request want its write kept instead of done? Raises InvalidRequest when it also wants it tried."""
    if not (g.query.get("propose") or "apply_at" in g.query):
        return False
    if g.query.get("dry_run"):
        raise InvalidRequest("Either try the write (dry_run), or have it kept (propose, apply_at).", "dry_run")
    return True


def propose(route: Any, values: Mapping[str, str]) -> dict[str, Any]:
    """Keep the write of this request; answers the proposal. Raises whatever the write itself would raise."""
    body = content()
    if body.media_type == _NO_FORM:
        raise InvalidRequest("A form cannot be kept: send the zone file itself, as text/dns.", "propose")
    intent = g.intent
    effects = [_with_reach(effect, before) for effect, before in _tried(route, values)]
    kept = Request(_key(route), values, request.args.to_dict(), body.octets, body.media_type)
    checks = _checks(effects)
    with writing() as session:
        proposal = proposals.new(intent, caller().token_uuid, kept, g.query.get("apply_at"), effects, checks)
        if not g.query.get("propose"):
            proposal.state = "scheduled"
        session.add(proposal)
        answer = schema.answer(proposal)
        idempotency.keep(session, replace(intent, proposal=None), answer)
    return answer


def _tried(route: Any, values: Mapping[str, str]) -> list[tuple[dict[str, Any], Zone | None]]:
    """What the write would do, and each zone as it is. Raises InvalidRequest when it would do nothing."""
    changes: list[Change] = []
    g.intent = replace(g.intent, dry_run=True, key=None, deadline=None, watch=changes.append)
    route.answer(**values)
    if not changes:
        raise InvalidRequest("This write changes nothing: there is nothing to propose.")
    db.session.remove()
    before = desired_zones([change.domain for change in changes])
    return [(proposals.effect_of(change), before.get(change.domain)) for change in changes]


def _with_reach(effect: dict[str, Any], before: Zone | None) -> dict[str, Any]:
    """How far it reaches: the owner names it touches, and the part of the zone's records that goes."""
    names = {record["name"] for key in ("removed", "added") for record in effect[key]}
    added = {record["uuid"] for record in effect["added"]}
    gone = sum(record["uuid"] not in added for record in effect["removed"])
    there = len(before.records) if before else 0
    return effect | {"names": len(names), "share": round(gone / there, 4) if there else 0.0}


def _checks(effects: Sequence[Effect]) -> list[dict[str, Any]]:
    """The report of each zone as it would be."""
    before = desired_zones([effect["domain"] for effect in effects])
    after = [_after(effect, before.get(effect["domain"])) for effect in effects if effect["action"] != "zone.delete"]
    reports = preview(current_app.config["SETTINGS"], after)
    return [
        {"domain": report.domain, "verdict": report.verdict, "problems": as_json(report.problems)} for report in reports
    ]


def _after(effect: Effect, before: Zone | None) -> Zone:
    records = {record.uuid: record for record in (before.records if before else ())}
    for each in effect["removed"]:
        records.pop(each["uuid"], None)
    records |= {each["uuid"]: record_of(each) for each in effect["added"]}
    return Zone(effect["zone"], effect["domain"], before.serial if before else 1, tuple(records.values()))


def _key(route: Any) -> str:
    return f"{route.method} {route.path}"
