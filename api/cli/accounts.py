"""`zonewright account`."""

from typing import TYPE_CHECKING

import click

from api.cli.options import application, as_json, installation, show

if TYPE_CHECKING:
    from api.settings import Settings


@click.group()
def account() -> None:
    """Create and list accounts."""


@account.command()
@click.argument("email")
@installation
def create(settings: "Settings", email: str) -> None:
    """Create the account of EMAIL."""
    app = application(settings)
    from api.changes import accounts

    with app.app_context():
        click.echo(f"The account {accounts.create(email).email} is there.")


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
            ["EMAIL", "CREATED", "ZONES"],
            [[row.email, stamp(row.created_at), zones] for row, zones in all_accounts()],
            json_,
        )
