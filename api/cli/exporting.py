"""`zonewright zone export`."""

import io
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.options import application, installation, progress
from api.cli.writes import zone_of

if TYPE_CHECKING:
    from api.exporting import File
    from api.models import Zone
    from api.settings import Settings

_FORMATS = ("zone", "json", "csv", "octodns", "tinydns")
Put = Callable[["File"], None]


@click.command("export")
@click.argument("domains", nargs=-1, metavar="[ZONE]...")
@click.option("--all", "all_", is_flag=True, help="Every zone of all accounts.")
@click.option("--to", type=click.Path(path_type=Path), help="A folder, or a FILE.tar; else the standard output.")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="zone", show_default=True)
@installation
def export_zones(settings: "Settings", domains: tuple[str, ...], all_: bool, to: Path | None, form: str) -> None:
    """Export zones as files; what a format cannot hold is told on the standard error."""
    if all_ == bool(domains):
        raise click.UsageError("Give zones, or --all.")
    if to is None and (all_ or len(domains) > 1):
        raise click.UsageError("Several zones go into a folder or a FILE.tar: name it with --to.")
    app = application(settings)
    with app.app_context(), _place(to) as put, progress("exporting") as step:
        zones = _zones(domains)
        for zone in zones:
            _export(settings, zone, form, put)
            step(1, len(zones))
    if to is not None:
        click.echo(f"{len(zones)} zone{'s' if len(zones) != 1 else ''} exported to {to}.")


def _zones(domains: tuple[str, ...]) -> "list[Zone]":
    from api.store.zones import all_zones

    return [zone_of(each) for each in domains] or [zone for zone, _ in all_zones()]


def _export(settings: "Settings", zone: "Zone", form: str, put: Put) -> None:
    from api.exporting import exported

    file = exported(settings, zone, form)
    put(file)
    for each in file.left_out:
        click.echo(f"{zone.domain}: {each}", err=True)


@contextmanager
def _place(to: Path | None) -> Iterator[Put]:
    """Where files go. Raises OperatorError when nothing can be written there."""
    from api.errors import OperatorError

    if to is None:
        yield lambda file: click.echo(file.content, nl=False)
        return
    try:
        with _archive(to) if to.suffix == ".tar" else _folder(to) as put:
            yield put
    except OSError as error:
        raise OperatorError(f"{to} cannot be written: {error.strerror}.") from error


@contextmanager
def _archive(to: Path) -> Iterator[Put]:
    """It is there whole or not at all."""
    unfinished = to.with_name(f".{to.name}.unfinished")
    with tarfile.open(unfinished, "w") as archive:
        try:
            yield lambda file: _add(archive, file)
            archive.close()
            unfinished.replace(to)
        finally:
            unfinished.unlink(missing_ok=True)


@contextmanager
def _folder(to: Path) -> Iterator[Put]:
    to.mkdir(parents=True, exist_ok=True)
    yield lambda file: _write(to / file.file_name, file.content)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _add(archive: tarfile.TarFile, file: "File") -> None:
    """Without a time or an owner: the same zones give the same archive."""
    member = tarfile.TarInfo(file.file_name)
    member.size = len(file.content)
    archive.addfile(member, io.BytesIO(file.content))
