"""`zonewright token`."""

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from api.cli.options import application, as_json, installation, show

if TYPE_CHECKING:
    from api.settings import Settings

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def lifetime(text: str) -> timedelta:
    """A time span such as 30d, 12h or 2w."""
    match = re.fullmatch(r"([1-9]\d{0,4})([mhdw])", text)
    if match is None:
        raise click.BadParameter(f"“{text}” is not a time span; write 30d, 12h or 2w.", param_hint="--expires")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


@click.group()
def token() -> None:
    """Create, list and revoke API tokens."""


@token.command()
@click.option("--account", "email", required=True, help="The account's e-mail address.")
@click.option("--name", default="token", show_default=True, help="What it is for.")
@click.option(
    "--permissions", default="dns:list,dns:create,dns:update,dns:delete", show_default=True, help="Separated by commas."
)
@click.option("--expires", help="After how long it expires: 30d, 12h, 2w. Never, when not given.")
@click.option("--quiet", is_flag=True, help="Print the token alone, for scripts.")
@installation
def create(settings: "Settings", email: str, name: str, permissions: str, expires: str | None, quiet: bool) -> None:
    """Create a token and print it: it cannot be shown again."""
    span = lifetime(expires) if expires else None
    app = application(settings)
    from api.changes import tokens

    with app.app_context():
        wanted = [each.strip() for each in permissions.split(",") if each.strip()]
        made, secret = tokens.create(email, name, wanted, span)
    if quiet:
        click.echo(secret)
        return
    click.echo(f"The token “{made.name}” of {email} with {made.permissions.replace(' ', ', ')}, shown this once:\n")
    click.echo(f"export ZONEWRIGHT_TOKEN={secret}")


@token.command("list")
@as_json
@installation
def list_tokens(settings: "Settings", json_: bool) -> None:
    """List all tokens, without their secrets."""
    app = application(settings)
    from api.database import now
    from api.schemas.times import stamp
    from api.store.accounts import all_tokens

    with app.app_context():
        rows = []
        for each in all_tokens():
            state = (
                "revoked" if each.revoked_at else "expired" if each.expires_at and each.expires_at <= now() else "valid"
            )
            used = stamp(each.last_used_at) if each.last_used_at else None
            expires = stamp(each.expires_at) if each.expires_at else None
            rows.append(
                [each.uuid, each.account.email, each.name, each.permissions.replace(" ", ","), state, expires, used]
            )
        show(["ID", "ACCOUNT", "NAME", "PERMISSIONS", "STATE", "EXPIRES", "LAST USED"], rows, json_)


@token.command()
@click.argument("token_id", metavar="ID|NAME")
@installation
def revoke(settings: "Settings", token_id: str) -> None:
    """Revoke the token with this id or name, at once and for good."""
    app = application(settings)
    from api.changes import tokens

    with app.app_context():
        click.echo(f"The token “{tokens.revoke(token_id).name}” is revoked.")
