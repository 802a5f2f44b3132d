"""`zonewright zone`."""

from typing import TYPE_CHECKING

import click

from api.cli.options import application, installation, table

if TYPE_CHECKING:
    from api.settings import Settings


@click.group()
def zone() -> None:
    """List zones."""


@zone.command("list")
@installation
def list_zones(settings: "Settings") -> None:
    """List all zones of all accounts with the serial each should have and the state it is in."""
    app = application(settings)
    from api.store.status import overall, zone_standings
    from api.store.zones import all_zones

    with app.app_context():
        rows = []
        for each, records in all_zones():
            standings = zone_standings(each.domain)
            behind = [f"{standing.name}: {standing.error}" for standing in standings if standing.error]
            rows.append([each.domain, str(each.serial), str(records), overall(standings), "; ".join(behind) or "-"])
        table(["DOMAIN", "SERIAL", "RECORDS", "STATE", "REASON"], rows)
