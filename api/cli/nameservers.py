"""`zonewright nameserver`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.options import application, as_json, installation, show

if TYPE_CHECKING:
    from api.settings import Settings


@click.group()
def nameserver() -> None:
    """List nameservers; render what one should hold."""


@nameserver.command("list")
@as_json
@installation
def list_nameservers(settings: "Settings", json_: bool) -> None:
    """List the nameservers: state, zones behind, last contact, last error."""
    app = application(settings)
    from api.schemas.times import stamp
    from api.store.nameservers import all_nameservers

    with app.app_context():
        rows = []
        for each, behind in all_nameservers():
            state = "paused" if each.paused else "unreachable" if each.error else "in_sync" if not behind else "pending"
            contact = stamp(each.contact_at) if each.contact_at else None
            strays = f"{len(each.strays)} zones we do not know" if each.strays else None
            rows.append(
                [each.name, state, behind, contact, each.software, each.error or each.configuration_error, strays]
            )
        show(["NAME", "STATE", "BEHIND", "LAST CONTACT", "SOFTWARE", "ERROR", "STRAYS"], rows, json_)


@nameserver.command()
@click.argument("name")
@click.option("--to", "folder", required=True, type=click.Path(path_type=Path), help="A new or empty folder.")
@installation
def render(settings: "Settings", name: str, folder: Path) -> None:
    """Render everything NAME should hold, for people and for `named-checkconf -z`.

    Never start a named on it that has zones of its own: a zone in both, and named does not start.
    """
    app = application(settings)
    from api.rendering import render_tree

    with app.app_context():
        zones = render_tree(settings, name, folder)
    click.echo(f"{zones} zones of {name} are in {folder}; check them with: named-checkconf -z {folder / 'named.conf'}")
