"""`zonewright zone`."""

import json
from typing import TYPE_CHECKING, Any

import click

from api.cli.exporting import export_zones
from api.cli.history import diff, history
from api.cli.importing import import_zones
from api.cli.locks import list_locks, lock, unlock
from api.cli.options import application, as_json, installation, show, table
from api.cli.undoing import rollback, undelete
from api.cli.writes import canonical, intent_of, operator, wait_option, watch, zone_of

if TYPE_CHECKING:
    from api.settings import Settings


@click.group()
def zone() -> None:
    """Create, show, list, import, export, lock, move and delete zones; show their history, and go back in it."""


@zone.command("list")
@as_json
@installation
def list_zones(settings: "Settings", json_: bool) -> None:
    """List all zones of all accounts with the serial each should have and the state it is in."""
    app = application(settings)
    from api.store.integrity import VANISHED
    from api.store.status import overall, zone_standings
    from api.store.vanished import all_vanished
    from api.store.zones import all_zones

    with app.app_context():
        rows = []
        for each, records in all_zones():
            standings = zone_standings(each.domain)
            behind = [f"{standing.name}: {standing.error}" for standing in standings if standing.error]
            rows.append([each.domain, each.serial, records, overall(standings), "; ".join(behind) or None])
        rows += [[domain, None, None, "held", VANISHED.detail] for domain in all_vanished()]
        show(["DOMAIN", "SERIAL", "RECORDS", "STATE", "REASON"], rows, json_)


@zone.command("show")
@click.argument("domain")
@as_json
@installation
def show_zone(settings: "Settings", domain: str, json_: bool) -> None:
    """Show DOMAIN with its owner, its records and where it stands on each nameserver."""
    app = application(settings)
    from api.schemas import locks, status, zones
    from api.store.accounts import owner_of
    from api.store.locks import locks_of
    from api.store.pages import EVERYTHING
    from api.store.records import records_of
    from api.store.status import zone_standings

    with app.app_context():
        found = zone_of(domain)
        body = zones.whole_answer(found, records_of(found, EVERYTHING))
        body |= {"account": owner_of(found).email, "status": status.answer(found, zone_standings(found.domain))}
        locked = locks_of(found)
        body |= {"locks": [locks.answer(each) for each in locked]}
    if json_:
        click.echo(json.dumps(body, indent=2, ensure_ascii=False))
    else:
        _print(body, [f"{each.subject()}: {each.reason}" for each in locked])


@zone.command()
@click.argument("domain")
@click.option("--account", "email", required=True, help="The owner's e-mail address.")
@wait_option
@installation
def create(settings: "Settings", domain: str, email: str, seconds: float) -> None:
    """Create the zone DOMAIN."""
    app = application(settings)
    from api.changes import zones
    from api.store.accounts import account_of

    with app.app_context():
        written = zones.create(settings, intent_of(account_of(email)), domain, lambda _: None)[1]
        watch(written, seconds)


@zone.command()
@click.argument("domain")
@click.option("--yes", is_flag=True, help="Do not ask.")
@wait_option
@installation
def delete(settings: "Settings", domain: str, yes: bool, seconds: float) -> None:
    """Delete the zone DOMAIN with all its records."""
    app = application(settings)
    from api.changes import zones
    from api.store.accounts import owner_of
    from api.store.records import count_in

    with app.app_context():
        found = zone_of(domain)
        if not yes:
            click.confirm(f"Delete {found.domain} with its {count_in(found)} records?", abort=True)
        watch(zones.delete(intent_of(owner_of(found)), found.uuid), seconds)


@zone.command()
@click.argument("domain")
@click.option("--account", "email", required=True, help="The new owner's e-mail address.")
@installation
def move(settings: "Settings", domain: str, email: str) -> None:
    """Give the zone DOMAIN to another account; what is served stays."""
    app = application(settings)
    from api.changes import zones
    from api.store.accounts import account_of, owner_of

    with app.app_context():
        found, account = zone_of(domain), account_of(email)
        zones.move(intent_of(owner_of(found)), found.uuid, account)
        click.echo(f"{found.domain} belongs to {account.email} now.")


@zone.command()
@click.argument("domain")
@click.option("--put-back", is_flag=True, help="Put back what vanished without a change, as the changes left it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@wait_option
@installation
def release(settings: "Settings", domain: str, put_back: bool, yes: bool, seconds: float) -> None:
    """Let the held zone DOMAIN go: publish what the database has now, or with --put-back what it had.

    A zone that is held since it does not pass the check is only checked again.
    """
    app = application(settings)
    from api.changes import release as changes
    from api.store.nameservers import open_publications

    domain = canonical(domain)
    with app.app_context():
        reasons = {row.error for row in open_publications(domain, paused=True) if row.state == "held"}
        if not reasons:
            click.echo(f"{domain} is not held.")
            return
        if not yes:
            click.echo("\n".join(sorted(filter(None, reasons))))
            meant = "Put back what vanished?" if put_back else "Publish the zone as the database has it now?"
            click.confirm(meant, abort=True)
        watch(changes.release(operator(), domain, put_back), seconds)


for each in (import_zones, export_zones, history, diff, rollback, undelete, lock, unlock, list_locks):
    zone.add_command(each)


def _print(body: dict[str, Any], locked: list[str]) -> None:
    status = body["status"]
    click.echo(f"{body['domain']} of {body['account']}, serial {status['serial']}, {status['state']}")
    for each in status["nameservers"]:
        click.echo(f"  {each['name']}: {each['state']}{': ' + each['error'] if each['error'] else ''}")
    for each in locked:
        click.echo(f"  locked: {each}")
    keys = ("name", "ttl", "record_type", "priority", "value", "uuid")
    rows = [[each[key] for key in keys] for each in body["records"]]
    if rows:
        click.echo()
        table(["NAME", "TTL", "TYPE", "PRIORITY", "VALUE", "ID"], rows)
