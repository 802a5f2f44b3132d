"""`zonewright proposal`."""

import getpass
import json
from typing import TYPE_CHECKING

import click

from api.cli.options import application, as_json, installation, show
from api.cli.telling import by, counted, print_records
from api.cli.writes import wait_option, watch

if TYPE_CHECKING:
    from api.settings import Settings


@click.group()
def proposal() -> None:
    """List, show, approve and reject proposed and scheduled writes."""


@proposal.command("list")
@click.option("--state", help="open, scheduled, applied, rejected or failed; all when not given.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many, the newest first.")
@as_json
@installation
def list_proposals(settings: "Settings", state: str | None, limit: int, json_: bool) -> None:
    """List the proposals of all accounts, the newest first."""
    app = application(settings)
    from api.schemas.proposals import answer
    from api.store.pages import Page
    from api.store.proposals import proposals

    with app.app_context():
        bodies = [answer(each) for each in proposals(None, state, Page(limit))[0][:limit]]
    if json_:
        click.echo(json.dumps(bodies, indent=2, ensure_ascii=False))
        return
    rows = [
        [
            each["created_at"],
            each["state"],
            each["apply_at"],
            by(each["actor"]),
            ", ".join(f"{effect['domain']} {effect['action']}" for effect in each["effects"]),
            each["reason"],
            each["id"],
        ]
        for each in bodies
    ]
    show(["TIME", "STATE", "AT", "BY", "WRITE", "REASON", "ID"], rows, False)


@proposal.command("show")
@click.argument("id_", metavar="ID")
@installation
def show_proposal(settings: "Settings", id_: str) -> None:
    """Show what the proposal ID would do, and what the check says of the zones as they would be."""
    app = application(settings)
    from api.schemas.proposals import answer
    from api.store.proposals import proposal_of

    with app.app_context():
        body = answer(proposal_of(None, id_.lower()))
    when = f", at {body['apply_at']}" if body["apply_at"] else ""
    click.echo(f"{body['write']}: {body['state']}{when}{': ' + body['detail'] if body['detail'] else ''}")
    click.echo(f"  {body['created_at']} by {by(body['actor'])}{': ' + body['reason'] if body['reason'] else ''}")
    for effect in body["effects"]:
        click.echo(
            f"{effect['domain']} {effect['action']}, {counted(effect['names'], 'name')}, {effect['share']:.0%} goes"
        )
        print_records(effect)
    for check in body["checks"]:
        click.echo(f"{check['domain']} as it would be: {check['verdict']}")
        for problem in check["problems"]:
            click.echo(f"  {problem['severity']}: {problem['detail']}")


@proposal.command()
@click.argument("id_", metavar="ID")
@wait_option
@installation
def approve(settings: "Settings", id_: str, seconds: float) -> None:
    """Do what the proposal ID says, now or at its time; refused when it no longer does what it did."""
    app = application(settings)
    from api.changes.actor import Actor
    from api.changes.proposals import require_undecided, schedule
    from api.database import now
    from api.replay import carry_out_alone
    from api.store.proposals import proposal_of

    with app.app_context():
        found = proposal_of(None, id_.lower())
        require_undecided(found)
        if found.apply_at is not None and found.apply_at > now():
            schedule(found.account_id, found.uuid, Actor(None, None, getpass.getuser(), "cli"))
            click.echo(f"Approved; it is done at {found.apply_at:%Y-%m-%dT%H:%M:%SZ}.")
            return
    written = carry_out_alone(app, found.uuid, f"{getpass.getuser()} (cli)")
    with app.app_context():
        for each in written:
            watch(each, seconds)


@proposal.command()
@click.argument("id_", metavar="ID")
@click.option("--reason", help="Why not.")
@installation
def reject(settings: "Settings", id_: str, reason: str | None) -> None:
    """Reject the proposal ID; one that is scheduled is called off."""
    app = application(settings)
    from api.changes.actor import Actor
    from api.changes.proposals import reject
    from api.store.proposals import proposal_of

    with app.app_context():
        found = proposal_of(None, id_.lower())
        reject(found.account_id, found.uuid, Actor(None, None, getpass.getuser(), "cli"), reason)
        click.echo("Rejected.")
