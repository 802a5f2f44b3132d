"""`zonewright settings`."""

import dataclasses
from typing import TYPE_CHECKING

import click

from api.cli.options import installation, table

if TYPE_CHECKING:
    from api.settings import Settings


@click.command("settings")
@installation
def settings(settings: "Settings") -> None:
    """List every setting with its value and meaning."""
    rows = []
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        shown = ",".join(value) if isinstance(value, tuple) else str(value)
        rows.append([field.name, _without_password(shown), field.metadata["help"]])
    table(["SETTING", "VALUE", "MEANING"], rows)


def _without_password(text: str) -> str:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(text).render_as_string(hide_password=True) if "://" in text else text
    except ArgumentError:
        return "(not a database URL)"
