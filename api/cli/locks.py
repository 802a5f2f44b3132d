"""`zonewright zone lock|unlock|locks`."""

import json
from typing import TYPE_CHECKING

import click

from api.cli.options import application, as_json, installation, table
from api.cli.telling import by
from api.cli.writes import intent_of, zone_of

if TYPE_CHECKING:
    from api.models import Lock, Zone
    from api.settings import Settings


@click.command()
@click.argument("domain")
@click.option("--name", help="Lock this name alone; @ is the zone's own.")
@click.option("--type", "record_type", help="Lock records of this type alone.")
@click.option("--record", help="Lock the record with this id alone.")
@click.option("--reason", required=True, help="Why; whoever is refused reads it.")
@installation
def lock(
    settings: "Settings", domain: str, name: str | None, record_type: str | None, record: str | None, reason: str
) -> None:
    """Lock the zone DOMAIN, or a part of it, against every change until it is unlocked."""
    app = application(settings)
    from api.changes import locks
    from api.store.accounts import owner_of

    with app.app_context():
        zone = zone_of(domain)
        scope = locks.Scope(record, name, record_type)
        made, _ = locks.add(intent_of(owner_of(zone)), zone.uuid, scope, reason, lambda made: made)
        click.echo(
            f"{zone.domain}: {made.subject()} locked. `zonewright zone unlock {zone.domain} {made.uuid}` unlocks."
        )


@click.command()
@click.argument("domain")
@click.argument("id_", metavar="[LOCK-ID]", required=False)
@click.option("--all", "every", is_flag=True, help="All locks of the zone.")
@click.option("--reason", help="Why, kept with the change.")
@installation
def unlock(settings: "Settings", domain: str, id_: str | None, every: bool, reason: str | None) -> None:
    """Unlock what a lock of the zone DOMAIN is on; `zonewright zone locks DOMAIN` shows their ids."""
    if (id_ is None) == (not every):
        raise click.UsageError("Give the id of a lock, or --all.")
    app = application(settings)
    from dataclasses import replace

    from api.changes import locks
    from api.store.accounts import owner_of

    with app.app_context():
        zone = zone_of(domain)
        intent = replace(intent_of(owner_of(zone)), reason=reason)
        for each in _chosen(zone, id_):
            locks.remove(intent, each.uuid)
            click.echo(f"{zone.domain}: {each.subject()} unlocked.")


@click.command("locks")
@click.argument("domain")
@as_json
@installation
def list_locks(settings: "Settings", domain: str, json_: bool) -> None:
    """List the locks of the zone DOMAIN: what, since when, by whom and why."""
    app = application(settings)
    from api.schemas.locks import answer
    from api.store.locks import locks_of

    with app.app_context():
        found = locks_of(zone_of(domain))
    if json_:
        click.echo(json.dumps([answer(each) for each in found], indent=2, ensure_ascii=False))
    elif found:
        rows = [[each.subject(), each.reason, by(each.actor), answer(each)["created_at"], each.uuid] for each in found]
        table(["LOCKED", "REASON", "BY", "SINCE", "ID"], rows)
    else:
        click.echo("Nothing is locked.")


def _chosen(zone: "Zone", id_: str | None) -> "list[Lock]":
    from api.errors import NotFound
    from api.store.locks import locks_of

    found = [each for each in locks_of(zone) if id_ is None or each.uuid == id_.lower()]
    if id_ is not None and not found:
        raise NotFound(f"{zone.domain} has no lock {id_}: `zonewright zone locks {zone.domain}` shows them.")
    return found
