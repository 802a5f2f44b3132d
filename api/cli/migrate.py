"""`zonewright migrate`."""

from typing import TYPE_CHECKING

import click

from api.cli.options import installation

if TYPE_CHECKING:
    from api.settings import Settings


@click.command()
@installation
def migrate(settings: "Settings") -> None:
    """Bring the database to this version's schema; makes it when there is none."""
    from api.app import create_app
    from api.schema import upgrade

    upgrade(create_app(settings))
    click.echo("The database has this version's schema.")
