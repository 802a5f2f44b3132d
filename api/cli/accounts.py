"""`zonewright account`."""

import sys
from typing import TYPE_CHECKING

import click

from api.cli.options import application, as_json, installation, show

if TYPE_CHECKING:
    from api.settings import Settings


@click.group()
def account() -> None:
    """Create and list accounts, and set their passwords."""


@account.command()
@click.argument("email")
@click.option("--admin", is_flag=True, help="Make it an operator's: the dashboard shows it the zones of all accounts.")
@installation
def create(settings: "Settings", email: str, admin: bool) -> None:
    """Create the account of EMAIL."""
    app = application(settings)
    from api.changes import accounts

    with app.app_context():
        click.echo(f"The account {accounts.create(email, admin).email} is there.")


@account.command()
@click.argument("email")
@click.option("--generate", is_flag=True, help="Make a password up and print it.")
@installation
def password(settings: "Settings", email: str, generate: bool) -> None:
    """Set the password with which EMAIL signs in; all its browsers are signed out.

    It is asked for twice, or read from the first line of the standard input when that is no terminal.
    """
    app = application(settings)
    from api.changes import passwords
    from api.store.accounts import account_of

    with app.app_context():
        found = account_of(email)
        text = passwords.make_up() if generate else _asked()
        passwords.put(found, text)
        click.echo(text if generate else f"The password of {found.email} is set.")


def _asked() -> str:
    if sys.stdin.isatty():
        asked: str = click.prompt("Password", hide_input=True, confirmation_prompt="The same once more")
        return asked
    return sys.stdin.readline().rstrip("\r\n")


@account.command("list")
@as_json
@installation
def list_accounts(settings: "Settings", json_: bool) -> None:
    """List all accounts."""
    app = application(settings)
    from api.schemas.times import stamp
    from api.store.accounts import all_accounts

    with app.app_context():
        show(
            ["EMAIL", "CREATED", "ZONES", "ROLE"],
            [
                [row.email, stamp(row.created_at), zones, "operator" if row.operator else "user"]
                for row, zones in all_accounts()
            ],
            json_,
        )
