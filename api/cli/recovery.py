"""`zonewright backup` and `zonewright restore`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.options import application_of_any_schema, installation, progress

if TYPE_CHECKING:
    from api.recovery.stream import Header
    from api.settings import Settings

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--force", is_flag=True, help="Replace FILE when it is there.")
@click.option("--without-keys", is_flag=True, help="Leave out the control plane's SSH key and the pinned host keys.")
@click.option("--verify", is_flag=True, help="Only check FILE: read all of it and compare its digest.")
@installation
def backup(settings: "Settings", file: Path, force: bool, without_keys: bool, verify: bool) -> None:
    """Back up the database, settings.toml and DATA/ssh into FILE, while everything runs.

    FILE holds a private key: it is readable by its owner only, and wants to be kept like a password.
    """
    from api.recovery import stream

    if verify:
        _verify(file)
        return
    app = application_of_any_schema(settings)
    from api.database import db
    from api.recovery import files
    from api.recovery.dump import dump

    kept = files.collect(settings, keys=not without_keys)
    with app.app_context(), stream.written(file, force) as out, progress("backing up") as step:
        header = dump(db.engine, settings, kept, out, step)
    click.echo(f"{file}: {_counts(header)}; {', '.join(each.name for each in kept) or 'no files'}.")


@click.command()
@click.argument("file", type=_FILE)
@click.option("--replace", is_flag=True, help="A database that has zones makes room; it is kept aside.")
@click.option("--paused", is_flag=True, help="Every nameserver is paused: for a look, or a drill on another machine.")
@installation
def restore(settings: "Settings", file: Path, replace: bool, paused: bool) -> None:
    """Restore FILE into the data folder and the database, with everything stopped.

    The database may be SQLite or PostgreSQL, whichever the backup is from.
    """
    from api.app import create_app
    from api.recovery import files
    from api.recovery.dump import differing
    from api.recovery.load import load
    from api.recovery.places import place_of
    from api.recovery.stream import Backup

    source, place = Backup(file), place_of(settings)
    header = source.header
    place.check(replace)
    with place.open(create_app(place.settings)) as connection, progress("restoring") as step:
        kept = load(connection, source, settings.data, paused, step)
    click.echo(f"Restored {file} of {header.taken_at} (zonewright {header.version}, {header.database}):")
    click.echo(f"  {_counts(header)}")
    if place.aside:
        click.echo(f"The database that was here is kept as {place.aside}.")
    for sentence in files.put(settings, kept, header.settings, differing(settings)):
        click.echo(sentence)
    click.echo(_PAUSED if paused else _NEXT)


def _verify(file: Path) -> None:
    from api.recovery.stream import Backup

    found = Backup(file)
    names = [value["file"] for value in found.lines() if isinstance(value, dict) and "file" in value]
    click.echo(f"{file} is whole: of {found.header.taken_at}, zonewright {found.header.version}.")
    click.echo(f"  {_counts(found.header)}; {', '.join(names) or 'no files'}.")


def _counts(header: "Header") -> str:
    return ", ".join(f"{count} {name}" for name, count in header.tables.items() if count) or "nothing"


_NEXT = """\
Start zonewright now. Every zone is asked for on every nameserver and published where it differs:
  changed since the backup   goes back to what the backup says, with a serial above the one that is served
  deleted since the backup   comes back: delete it again
  created since the backup   stays served and cannot be changed: `zonewright nameserver list` tells of strays,
                             `zonewright rebuild --from NAMESERVER` takes them in"""
_PAUSED = "Every nameserver is paused: `zonewright nameserver resume NAME` begins to publish to it."
