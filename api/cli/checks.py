"""`zonewright check`."""

import functools
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.options import application, installation

if TYPE_CHECKING:
    from api.changes.checks import Report
    from api.reports.summary import Summary
    from api.settings import Settings

_NOT_CHECKED = 2


def _two_if_not_checked(command: Callable[..., None]) -> Callable[..., None]:
    """Whatever keeps it from checking ends with 2: 1 says that problems were found."""

    @functools.wraps(command)
    def wrapped(**options: Any) -> None:
        from api.errors import ApiError
        from nameserver.errors import NameserverError

        try:
            command(**options)
        except (ApiError, NameserverError) as error:
            click.echo(f"zonewright: {error.detail}", err=True)
            raise click.exceptions.Exit(_NOT_CHECKED) from error

    return wrapped


@click.command()
@click.argument("zones", metavar="[ZONE]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every zone of every account.")
@click.option("--format", "kind", type=click.Choice(["text", "json", "html"]), default="text", show_default=True)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the report to this file.")
@click.option(
    "--fail-on",
    type=click.Choice(["warning", "error"]),
    default="error",
    show_default=True,
    help="End with status 1 when there is a problem as severe as this.",
)
@click.option("--deep", is_flag=True, help="Also look up the hosts that records name outside their zone.")
@_two_if_not_checked
@installation
def check(
    settings: "Settings",
    zones: tuple[str, ...],
    everything: bool,
    kind: str,
    output: Path | None,
    fail_on: str,
    deep: bool,
) -> None:
    """Check each ZONE, or --all, as before publishing, and report every problem with the record it is about.

    Ends with 0 when nothing is as severe as --fail-on, with 1 when something is, and with 2 when a zone could not be
    checked.
    """
    if bool(zones) == everything:
        raise click.UsageError("Name the zones to check, or give --all.")
    app = application(settings)
    from api.database import now
    from api.reports.summary import Summary

    with app.app_context():
        summary = Summary.of(_reports(settings, zones, deep), now())
    _write(summary, kind, output)
    if summary.fails(fail_on):
        raise click.exceptions.Exit(1)


def _reports(settings: "Settings", zones: tuple[str, ...], deep: bool) -> Iterator["Report"]:
    from api.checking import check_all, require_resolver
    from api.cli.writes import zone_of
    from api.store.control import desired_zone, zones_in_batches
    from api.store.zones import count_every_zone

    resolver = require_resolver(settings) if deep else None
    found = list({zone.id: zone for zone in map(zone_of, zones)}.values())
    wanted = map(desired_zone, found) if found else zones_in_batches()
    yield from _shown(check_all(settings, wanted, resolver), len(found) or count_every_zone())


def _shown(reports: Iterable["Report"], length: int) -> Iterator["Report"]:
    """The same, with a bar on a terminal."""
    terminal = sys.stderr.isatty()
    with click.progressbar(length=length, label="Checking", file=sys.stderr) if terminal else nullcontext() as bar:
        for report in reports:
            yield report
            if bar is not None:
                bar.update(1)


def _write(summary: "Summary", kind: str, output: Path | None) -> None:
    from api.errors import OperatorError

    content = _content(summary, kind)
    if output is None:
        click.echo(content)
        return
    try:
        output.write_text(click.unstyle(content) + "\n", encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"{output} cannot be written: {error.strerror}.") from error
    click.echo(f"The report is in {output}.", err=True)


def _content(summary: "Summary", kind: str) -> str:
    if kind == "json":
        from api.reports.data import data

        return data(summary)
    if kind == "html":
        from api.reports.page import page

        return page(summary)
    import shutil

    from api.reports.text import text

    return text(summary, min(shutil.get_terminal_size((100, 24)).columns, 120))
