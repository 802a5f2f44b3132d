"""`zonewright rebuild`."""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.options import application, installation

if TYPE_CHECKING:
    from api.models import Account
    from api.recovery.rebuild import Taken
    from api.settings import Settings


@click.command()
@click.option("--from", "name", help="The nameserver whose files are read, through its agent.")
@click.option("--from-folder", type=click.Path(path_type=Path, exists=True, file_okay=False), help="A folder of files.")
@click.option("--account", "email", help="The owner's e-mail address; the only account when not given.")
@click.option(
    "--other-settings", is_flag=True, help="Take zones whose SOA and NS records are not those of the settings."
)
@click.option("--dry-run", is_flag=True, help="Only tell what would come of it.")
@installation
def rebuild(
    settings: "Settings",
    name: str | None,
    from_folder: Path | None,
    email: str | None,
    other_settings: bool,
    dry_run: bool,
) -> None:
    """Rebuild zones and records from the files of a nameserver, when the database is lost.

    Serials are kept: what is served does not change. Zones that are in the database stay as they are there.
    """
    if (name is None) == (from_folder is None):
        raise click.UsageError("Give --from NAMESERVER or --from-folder DIR.")
    app = application(settings)
    from dataclasses import replace

    from api.cli.writes import intent_of
    from api.recovery.rebuild import Rebuilder
    from nameserver.render import Renderer

    with app.app_context(), _files(name, from_folder) as files:
        intent = replace(intent_of(owner(email)), dry_run=dry_run)
        rebuilder = Rebuilder(settings, intent, Renderer(settings.templates), other_settings)
        taken = [_told(rebuilder.take(*file), number) for number, file in enumerate(files, 1)]
    _report(taken, dry_run)


@contextmanager
def _files(name: str | None, folder: Path | None) -> Iterator[Iterator[tuple[str, bytes | None]]]:
    from api.recovery.rebuild import files_of
    from api.store.nameservers import nameserver_named
    from nameserver.target import Target
    from nameserver.transport.pipe import PipeTransport

    if folder:
        yield files_of(folder)
        return
    with closing(PipeTransport(Target.from_json(nameserver_named(name or "").target).agent)) as transport:
        yield transport.zone_files()


def owner(email: str | None) -> "Account":
    """The account of this e-mail address, or the only one. Raises OperatorError, NotFound."""
    from api.errors import OperatorError
    from api.store.accounts import account_of, all_accounts

    if email:
        return account_of(email)
    accounts = [row for row, _ in all_accounts()]
    if len(accounts) != 1:
        raise OperatorError("Whose should the zones be? Give --account E-MAIL; `zonewright account create` makes one.")
    return accounts[0]


def _told(taken: "Taken", number: int) -> "Taken":
    """How far it is, where somebody looks."""
    if number % 100 == 0 and sys.stderr.isatty():
        click.echo(f"\r{number} zones read", err=True, nl=False)
    return taken


def _report(zones: list["Taken"], dry_run: bool) -> None:
    refused = [each for each in zones if each.problem]
    taken = [each for each in zones if not each.problem and not each.known]
    changed = [each for each in taken if not each.same]
    would = "would be taken" if dry_run else "are taken"
    click.echo(f"{len(zones)} zones are there, {sum(each.known for each in zones)} of them in the database already.")
    click.echo(f"{len(taken)} {would}, with {sum(each.records for each in taken)} records.")
    click.echo(f"{len(taken) - len(changed)} of these are served exactly as they would be published: nothing changes.")
    if changed:
        click.echo(f"{len(changed)} would be published otherwise, and are, with a higher serial:")
        _some([each.domain for each in changed])
    if refused:
        click.echo(f"{len(refused)} cannot be taken; they stay served as they are:")
        _some([f"{each.domain}: {each.problem}" for each in refused])
        raise click.exceptions.Exit(1)


def _some(lines: list[str]) -> None:
    for line in lines:
        click.echo(f"  {line}")
