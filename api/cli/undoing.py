"""`zonewright zone rollback|undelete` and `zonewright change confirm|revert`: shown first, then written."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from api.cli.history import change
from api.cli.options import application, installation
from api.cli.telling import counted, print_records
from api.cli.writes import canonical, intent_of, wait_option, watch, zone_of

if TYPE_CHECKING:
    from api.changes.journal import Written
    from api.models import Change
    from api.settings import Settings


@click.command()
@click.argument("domain")
@click.argument("serial", type=click.IntRange(0, 2**32 - 1))
@click.option("--yes", is_flag=True, help="Do not ask.")
@wait_option
@installation
def rollback(settings: "Settings", domain: str, serial: int, yes: bool, seconds: float) -> None:
    """Bring the zone DOMAIN back to what it was with SERIAL; its history shows the serials it had."""
    app = application(settings)
    from api.changes import undo
    from api.store.accounts import owner_of

    with app.app_context():
        zone = zone_of(domain)
        intent = intent_of(owner_of(zone))
        if not yes:
            body, _ = undo.rollback(settings, _tried(intent), zone.uuid, serial, _undone)
            _confirm(body)
        _watch(undo.rollback(settings, intent, zone.uuid, serial, _undone), seconds)


@click.command()
@click.argument("domain")
@wait_option
@installation
def undelete(settings: "Settings", domain: str, seconds: float) -> None:
    """Bring the deleted zone DOMAIN back with its records, under their ids."""
    app = application(settings)
    from api.changes import undo
    from api.store.accounts import owner_in_history
    from api.store.history import last_change_of

    with app.app_context():
        found = last_change_of(canonical(domain))
        intent = intent_of(owner_in_history(found))
        _watch(undo.undelete(settings, intent, found.zone_uuid, _undone), seconds)


@change.command("confirm")
@click.argument("id_", metavar="ID")
@installation
def confirm_change(settings: "Settings", id_: str) -> None:
    """Keep the write that the change ID is part of: it was made with a time to confirm it."""
    app = application(settings)
    from api.changes.confirming import confirm
    from api.store.accounts import owner_in_history
    from api.store.history import change_with

    with app.app_context():
        found = change_with(id_)
        confirm(owner_in_history(found).uuid, found.uuid)
        click.echo(f"{found.domain}: change {found.number} is confirmed.")


@change.command("revert")
@click.argument("id_", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@wait_option
@installation
def revert_change(settings: "Settings", id_: str, yes: bool, seconds: float) -> None:
    """Take the change ID back and leave what came after it, unless that touched the same records."""
    app = application(settings)
    from api.changes import undo
    from api.store.accounts import owner_in_history
    from api.store.history import change_with

    with app.app_context():
        found = change_with(id_)
        intent = intent_of(owner_in_history(found))
        if not yes:
            body, _ = undo.revert(settings, _tried(intent), found.uuid, _undone)
            _confirm(body)
        _watch(undo.revert(settings, intent, found.uuid, _undone), seconds)


def _undone(written: "Written", change: "Change | None") -> dict[str, Any]:
    from api.schemas.history import undone

    return undone(written, change)


def _tried(intent: Any) -> Any:
    from dataclasses import replace

    return replace(intent, dry_run=True)


def _confirm(body: Mapping[str, Any]) -> None:
    print_records(body)
    if not (body["removed"] or body["added"]):
        click.echo("No record changes.")
    click.confirm("Write this?", abort=True)


def _watch(done: tuple[Any, "Written"], seconds: float) -> None:
    body, written = done
    if written.change is None:
        click.echo(f"{written.domain} is so already.")
        return
    click.echo(f"{counted(len(body['removed']), 'record')} removed, {len(body['added'])} added.")
    watch(written, seconds)
