"""`zonewright zone history|diff` and `zonewright change show`."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from api.cli.options import application, as_json, installation, show
from api.cli.telling import by, line, print_records
from api.cli.writes import canonical

if TYPE_CHECKING:
    from datetime import datetime

    from api.models import Change
    from api.settings import Settings

_LISTED = 3


@click.command()
@click.argument("domain")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many, the newest first.")
@as_json
@installation
def history(settings: "Settings", domain: str, limit: int, json_: bool) -> None:
    """List the changes of the zone DOMAIN, the newest first; of one that is deleted, too."""
    app = application(settings)
    from api.models import Change
    from api.schemas.history import told
    from api.store.history import changes_where
    from api.store.pages import Page

    with app.app_context():
        rows, total = changes_where(Change.zone_uuid == _uuid_of(domain), Page(limit))
        if json_:
            click.echo(json.dumps([told(each) for each in rows[:limit]], indent=2, ensure_ascii=False))
            return
        columns = ["NUMBER", "TIME", "SERIAL", "BY", "CHANGE", "REASON", "ID"]
        show(columns, [_row(each) for each in rows[:limit]], False)
        if total > limit:
            click.echo(f"{total - limit} older ones: --limit {total} shows all.")


@click.command()
@click.argument("domain")
@click.argument("start", metavar="FROM")
@click.argument("end", metavar="[TO]", required=False)
@installation
def diff(settings: "Settings", domain: str, start: str, end: str | None) -> None:
    """Show what became of the records of DOMAIN between two serials or times; TO is now when it is left out."""
    app = application(settings)
    from api.schemas import history as schema

    with app.app_context():
        uuid = _uuid_of(domain)
        before, after = (_state(uuid, text, field) for text, field in ((start, "FROM"), (end, "TO")))
        body = schema.diff(before[0], after[0], before[1], after[1])
    for sign, color in (("removed", "red"), ("added", "green")):
        for each in body[sign]:
            click.secho(f"{'-' if sign == 'removed' else '+'} {line(each)}", fg=color)


@click.group()
def change() -> None:
    """Show, confirm and revert changes."""


@change.command("show")
@click.argument("id_", metavar="ID")
@installation
def show_change(settings: "Settings", id_: str) -> None:
    """Show the change ID: who made it, when and why, its records, and when each nameserver answered it."""
    app = application(settings)
    from api.schemas.status import change_answer
    from api.store.history import DELETE, answered_at, change_with, confirmation_of
    from api.store.status import change_standings

    with app.app_context():
        found = change_with(id_)
        standings = change_standings(found.domain, found.serial, found.action == DELETE)
        body = change_answer(found, standings, answered_at(found), confirmation_of(found))
    click.echo(f"{body['domain']} change {body['number']}: {body['action']}, serial {body['serial']}, {body['state']}")
    click.echo(f"  {body['created_at']} by {by(body['actor'])}{': ' + body['reason'] if body['reason'] else ''}")
    for each in body["nameservers"]:
        answered = f", answered {each['answered_at']}" if each["answered_at"] else ""
        click.echo(f"  {each['name']}: {each['state']}{answered}")
    if body["confirmation"]:
        told = body["confirmation"]
        click.echo(f"  {told['state']}, by {told['revert_at']}{': ' + told['detail'] if told['detail'] else ''}")
    print_records(body)


def _row(change: "Change") -> list[Any]:
    from api.schemas.times import stamp

    what = f"{change.action}{_summary(change.removed, '-')}{_summary(change.added, '+')}"
    return [change.number, stamp(change.created_at), change.serial, by(change.actor), what, change.reason, change.uuid]


def _summary(records: Iterable[Mapping[str, Any]], sign: str) -> str:
    names = [f"{each['name']} {each['record_type']}" for each in records]
    more = f", {sign}{len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return "".join(f" {sign}{name}" for name in names[:_LISTED]) + more


def _uuid_of(domain: str) -> str:
    """The uuid of the zone, or of the last one of that name."""
    from api.store.history import last_change_of
    from api.store.zones import zone_named

    found = zone_named(canonical(domain))
    return found.uuid if found else last_change_of(canonical(domain)).zone_uuid


def _state(uuid: str, text: str | None, field: str) -> tuple["Change", Any]:
    from api.database import db
    from api.models import Change
    from api.store.history import change_at, records_after

    moment: int | datetime | None = None if text is None else _moment(text)
    change = change_at(Change.zone_uuid == uuid, moment, field)
    return change, records_after(db.session(), uuid, change.number)


def _moment(text: str) -> "int | datetime":
    from marshmallow import ValidationError

    from api.errors import OperatorError
    from api.schemas.fields import Moment

    try:
        return Moment().deserialize(text)
    except ValidationError as error:
        raise OperatorError(f"“{text}” {error.messages[0]}") from error
