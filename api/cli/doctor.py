"""`zonewright doctor`."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.options import data_option, database_option

if TYPE_CHECKING:
    from api.doctor.finding import Finding

_WARNED, _FAULTY = 1, 2


@click.command()
@data_option()
@database_option
@click.option(
    "--api",
    metavar="URL",
    envvar="ZONEWRIGHT_API",
    show_envvar=True,
    help="Where the API answers, if it is to be asked.",
)
@click.option("--json", "json_", is_flag=True, help="Answer as JSON, for scripts.")
@click.option("--strict", is_flag=True, help="Warnings end with status 1.")
def doctor(data: Path, database_url: str | None, api: str | None, json_: bool, strict: bool) -> None:
    """Look at every part of the installation; say what is wrong and how to mend it.

    Nothing is changed. Ends with status 2 when there is a fault.
    """
    from api.doctor.finding import Verdict
    from api.doctor.report import report

    found = []
    for finding in report(data, os.environ, database_url, api):
        found.append(finding)
        if not json_:
            _show(finding)
    counts = Counter(finding.verdict for finding in found)
    if json_:
        click.echo(json.dumps([_as_json(finding) for finding in found], indent=2, ensure_ascii=False))
    else:
        words = (counts[Verdict.OK], counts[Verdict.WARN], counts[Verdict.FAIL])
        click.echo("ok {}, warnings {}, faults {}".format(*words))
    if counts[Verdict.FAIL] or (strict and counts[Verdict.WARN]):
        raise click.exceptions.Exit(_FAULTY if counts[Verdict.FAIL] else _WARNED)


def _show(finding: "Finding") -> None:
    click.echo(f"{finding.verdict:<5} {finding.name}: {finding.sentence}")
    if finding.mend:
        click.echo(f"      → {finding.mend}")


def _as_json(finding: "Finding") -> dict[str, str | None]:
    verdict = finding.verdict.value.lower()
    return {"verdict": verdict, "name": finding.name, "sentence": finding.sentence, "mend": finding.mend}
