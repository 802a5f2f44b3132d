"""`zonewright drift`: where the nameservers differ from the database now, and where they did before."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from api.cli.options import application, as_json, installation, show, table
from api.cli.writes import zone_of

if TYPE_CHECKING:
    from api.comparing import Asked
    from api.settings import Settings


@click.command()
@click.argument("zones", nargs=-1, metavar="[ZONE]...")
@click.option("--all", "all_", is_flag=True, help="Every zone: the same as naming none.")
@click.option("--deep", is_flag=True, help="Compare the whole content as served, too, not only the files.")
@click.option("--repair/--no-repair", default=True, help="Have the control plane mend what differs (the default).")
@click.option("--log", "logged", is_flag=True, help="Ask nobody; show what was found so far and how it was mended.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many lines --log shows.")
@as_json
@installation
def drift(settings: "Settings", zones: tuple[str, ...], all_: bool, logged: bool, limit: int, **options: Any) -> None:
    """Ask every nameserver now where it differs from the database.

    Ends with status 0 when nothing differs, 1 when something does, 2 when something could not be asked.
    """
    if all_ and zones:
        raise click.UsageError("Give zones or --all, not both.")
    app = application(settings)
    from api.store.integrity import VANISHED
    from api.store.vanished import all_vanished
    from nameserver.names import canonical_domain

    domains = [canonical_domain(zone, exempt=(zone.lower().rstrip("."),)) for zone in zones]
    with app.app_context():
        if logged:
            _log(domains, limit, options["json_"])
            return
        for domain in domains:
            zone_of(domain)
        asked = _ask(settings, frozenset(domains) or None, options["deep"], options["repair"])
        gone = [] if domains else list(all_vanished())
    if options["json_"]:
        click.echo(json.dumps([_described(each) for each in asked], indent=2, ensure_ascii=False))
    else:
        _tell(asked, options["repair"])
    for domain in gone:
        click.echo(f"{domain}: {VANISHED.detail}", err=True)
    if gone or any(each.drifts for each in asked):
        raise click.exceptions.Exit(1)
    if any(each.reason or each.unreadable for each in asked):
        raise click.exceptions.Exit(2)


def _ask(settings: "Settings", only: frozenset[str] | None, deep: bool, repair: bool) -> "list[Asked]":
    from api.changes import drifts
    from api.comparing import compare
    from api.store.nameservers import all_nameservers
    from nameserver.sweep import Drifted

    asked = []
    for nameserver, _ in all_nameservers():
        with _progress(nameserver.name) as progress:
            asked.append(compare(settings, nameserver, only, deep, progress))
        if repair:
            drifts.record(Drifted(nameserver.name, asked[-1].drifts))
    return asked


@contextmanager
def _progress(name: str) -> Iterator[Any]:
    """A bar on a terminal: called with how many looks were taken and how many are left."""
    with click.progressbar(length=1, label=name, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def progress(done: int, left: int) -> None:
            bar.length = max(1, bar.pos + done + left)
            bar.update(done)

        yield progress


def _tell(asked: "Sequence[Asked]", repair: bool) -> None:
    from nameserver.drift import lines, sentence

    rows = [
        [
            each.name,
            each.state,
            *([each.zones, len(each.drifts), each.behind] if each.zones is not None else [None] * 3),
        ]
        for each in asked
    ]
    table(["NAMESERVER", "STATE", "COMPARED", "DIFFER", "BEHIND"], rows)
    for each in asked:
        for found in each.drifts:
            click.echo(f"{each.name}: {found.domain}: {sentence(found)}")
            for line in lines(found.records):
                click.echo(f"  {line}")
        for domain, reason in each.unreadable.items():
            click.echo(f"{each.name}: {domain}: its content could not be compared: {reason}")
        if each.reason:
            click.echo(f"{each.name} could not be asked, so nothing is known of it: {each.reason}")
    if repair and any(found.expected for each in asked for found in each.drifts):
        click.echo("The control plane mends what differs; `zonewright drift --log` tells how.")


def _described(asked: "Asked") -> dict[str, Any]:
    return {
        "nameserver": asked.name,
        "state": asked.state,
        "reason": asked.reason,
        "compared": asked.zones,
        "behind": asked.behind,
        "unreadable": asked.unreadable,
        "drifts": [_drift(found) for found in asked.drifts],
    }


def _drift(found: Any) -> dict[str, Any]:
    from nameserver.drift import sentence

    return {
        "zone": found.domain,
        "kind": found.kind.value,
        "detail": sentence(found),
        "expected_serial": found.expected.serial if found.expected else None,
        "expected_digest": found.expected.digest if found.expected else None,
        "found_serial": found.serial,
        "found_digest": found.digest,
        "only_there": list(found.records.there) if found.records else [],
        "only_here": list(found.records.here) if found.records else [],
    }


def _log(domains: Sequence[str], limit: int, json_: bool) -> None:
    from api.schemas.times import stamp
    from api.store.drifts import found

    headings = ["FOUND", "NAMESERVER", "ZONE", "KIND", "DETAIL", "ONLY THERE", "ONLY HERE", "MENDED", "HOW"]
    rows = [
        [
            stamp(row.found_at),
            *(row.nameserver, row.domain, row.kind, row.detail),
            *((row.records or {}).get(side, []) for side in ("there", "here")),
            row.repaired_at and stamp(row.repaired_at),
            row.repair,
        ]
        for row in found(domains, limit)
    ]
    if json_:
        show(headings, rows, json_)
        return
    table([*headings[:4], *headings[7:]], [[*row[:4], *row[7:]] for row in rows])
    if domains:
        for row in rows:
            click.echo(f"{row[0]} {row[1]}: {row[4]}")
            for sign, records in (("+", row[5]), ("-", row[6])):
                for record in records:
                    click.echo(f"  {sign} {record}")
