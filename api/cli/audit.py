"""`zonewright audit`."""

import json
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from api.cli.options import application, installation, progress
from api.cli.telling import counted

if TYPE_CHECKING:
    from api.settings import Settings

_SHOWN = 20


@click.group()
def audit() -> None:
    """Verify that the history of all changes is whole."""


@audit.command()
@click.option("--save", type=click.File("w", lazy=True), help="Write where each domain's history ends to this file.")
@click.option(
    "--against",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file that --save wrote earlier: what it names must be there still.",
)
@installation
def verify(settings: "Settings", save: IO[str] | None, against: Path | None) -> None:
    """Verify every change of every zone against its digests; exits with 1 when one was altered or is missing.

    Whoever can write to the database could compute all digests anew: keep a file of --save elsewhere, and
    name it with --against.
    """
    from api.errors import OperatorError

    app = application(settings)
    try:
        known = set(json.loads(against.read_text()).values()) if against else set()
    except (ValueError, AttributeError, TypeError) as error:
        raise OperatorError(f"{against} is no file that --save wrote: {error}") from error
    with app.app_context():
        count, broken, ends = _verified(known)
    for line in broken[:_SHOWN]:
        click.echo(line, err=True)
    if broken:
        raise OperatorError(
            f"{len(broken)} of the findings above{'' if len(broken) <= _SHOWN else ' (the first ones)'}"
        )
    if save:
        json.dump(ends, save, indent=1)
    click.echo(
        f"{counted(count, 'change')} of {counted(len(ends), 'domain')}: all as they were written, none is missing."
    )


def _verified(known: set[str]) -> tuple[int, list[str], dict[str, str]]:
    """How many changes there are, a sentence for each that is wrong, and where each domain's history ends."""
    from sqlalchemy import func, select

    from api.database import snapshot
    from api.models import Change
    from api.store import audit

    broken, count = [], 0
    with snapshot() as session, progress("changes") as step:
        whole = session.scalar(select(func.count()).select_from(Change)) or 0
        for link in audit.links(session):
            count += 1
            known.discard(link.change.chain)
            if link.broken:
                broken.append(f"{link.change.domain}: change {link.change.number} ({link.change.uuid}): {link.broken}.")
            if count % 1000 == 0 or count == whole:
                step(count, whole)
        heads = list(audit.heads(session))
    broken += [f"{head.domain}: {head.broken}." for head in heads if head.broken]
    broken += [f"The history that ended in {chain} is not there any more." for chain in sorted(known)]
    return count, broken, {head.domain: head.chain for head in heads}
