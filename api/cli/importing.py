"""`zonewright zone import`."""

import gc
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from api.cli.options import application, as_json, installation, progress, table
from api.cli.sources import Source, of_named_conf, of_paths, of_powerdns, of_transfer
from api.cli.writes import intent_of, wait_option, watch

if TYPE_CHECKING:
    from api.changes.imports import Mode, Plan, Siblings
    from api.changes.intent import Intent
    from api.changes.journal import Written
    from api.settings import Settings
    from nameserver.incoming.incoming import Incoming

_Item = TypeVar("_Item")
_MOST_LINES = 20
_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@dataclass(frozen=True, slots=True)
class Planned:
    """One zone that was looked at: its plan, or why it is refused."""

    name: str
    zone: "Incoming | None" = None
    plan: "Plan | None" = None
    refusal: str | None = None


@click.command("import")
@click.argument("what", nargs=-1, metavar="[FILE|FOLDER|ZONE]...")
@click.option("--account", "email", help="The owner's e-mail address; the only account when not given.")
@click.option("--domain", help="Which zone the one FILE is; else its content or its name tells.")
@click.option("--mode", type=click.Choice(["create", "replace", "merge"]), default="create", show_default=True,
              help="create a new zone; replace all its records; or merge the file's RRsets into it.")  # fmt: skip
@click.option(
    "--named-conf", type=click.Path(path_type=Path, exists=True), help="Take the primary zones of named.conf."
)
@click.option("--axfr", metavar="HOST[:PORT]", help="Have each ZONE transferred from this nameserver.")
@click.option("--tsig", metavar="KEY", help="The key for --axfr: a file with it, or NAME:ALGORITHM:SECRET.")
@click.option("--powerdns", metavar="URL", help="Take each ZONE, or all, from the API of a PowerDNS server.")
@click.option("--powerdns-key", type=click.File(), help="A file with its API key; else it is asked for.")
@click.option("--include-root", type=_FOLDER, help="Follow $INCLUDE to files below this folder.")
@click.option("--skip-refused", is_flag=True, help="Import the others when some are refused.")
@click.option("--confirm-removals", is_flag=True, help="It is meant that much of a zone is removed.")
@click.option("--dry-run", is_flag=True, help="Only show the plan.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@wait_option
@installation
def import_zones(settings: "Settings", what: tuple[str, ...], email: str | None, mode: str, **options: Any) -> None:
    """Import zones, after showing what comes of it and what is lost.

    Nothing is imported when one zone is refused, unless --skip-refused says so. Each zone is one change.
    """
    sources, root = _sources(settings, what, options)
    app = application(settings)
    from api.changes.imports import Mode

    gc.disable()  # a million small objects, none in a circle: looking for those takes a quarter of the time
    with app.app_context():
        intent = replace(intent_of(_owner(email)), confirm_removals=options["confirm_removals"])
        importer = _Importer(settings, intent, Mode(mode), root or options["include_root"])
        planned = importer.plan(sources)
        _show(planned, options["json_"])
        if not _may_go_on(planned, options):
            return
        _finish(importer.run([each.zone for each in planned if each.zone]), options)


def _sources(settings: "Settings", what: tuple[str, ...], options: dict[str, Any]) -> tuple[list[Source], Path | None]:
    named_conf, axfr, powerdns = options["named_conf"], options["axfr"], options["powerdns"]
    if sum(map(bool, (named_conf, axfr, powerdns))) > 1 or (named_conf and what):
        raise click.UsageError("Give files, --named-conf, --axfr or --powerdns: one of them.")
    if not (what or named_conf or powerdns):
        raise click.UsageError(
            "Give the zones to transfer." if axfr else "Give zone files, or where to take zones from."
        )
    if named_conf:
        return of_named_conf(named_conf)
    if axfr:
        return list(of_transfer(axfr, what, options["tsig"])), None
    if powerdns:
        file = options["powerdns_key"]
        key = file.read().strip() if file else click.prompt("API key of PowerDNS", hide_input=True, err=True)
        return list(of_powerdns(powerdns, what, key)), None
    found = list(of_paths(what, options["domain"], settings.import_limit))
    if options["domain"] and len(found) != 1:
        raise click.UsageError("--domain goes with one file.")
    return found, None


def _owner(email: str | None) -> Any:
    from api.cli.rebuild import owner

    return owner(email)


class _Importer:
    """Plans zones, then imports them one by one."""

    def __init__(self, settings: "Settings", intent: "Intent", mode: "Mode", root: Path | None) -> None:
        self._settings, self._intent, self._mode, self._root = settings, intent, mode, root

    def plan(self, sources: Sequence[Source]) -> list[Planned]:
        """Look at all of them."""
        from api.changes.imports import Siblings

        read = [self._read(each) for each in _shown("reading", sources)]
        times = Counter(each.zone.domain for each in read if each.zone)
        siblings = Siblings.among(times)
        return [self._planned(_once(each, times), siblings) for each in _shown("planning", read)]

    def _read(self, source: Source) -> Planned:
        from api.changes import zones
        from api.errors import ApiError
        from nameserver.errors import InvalidInput
        from nameserver.incoming.domains import domain_of
        from nameserver.incoming.incoming import incoming

        try:
            content = source.read()
            domain = zones.canonical(self._settings, source.domain or domain_of(source.name, content))
            most = self._settings.records_per_zone
            return Planned(source.name, incoming(domain, content, self._settings.authority, most, self._root))
        except (InvalidInput, ApiError) as error:
            return Planned(source.name, refusal=error.detail)
        except OSError as error:
            return Planned(source.name, refusal=f"It cannot be read: {error.strerror}.")

    def _planned(self, read: Planned, siblings: "Siblings") -> Planned:
        from api.changes import imports
        from api.errors import ApiError
        from nameserver.errors import InvalidInput

        if read.zone is None:
            return read
        try:
            plan = imports.planned(self._settings, self._intent, read.zone, self._mode, siblings)
        except (InvalidInput, ApiError) as error:
            return Planned(read.name, refusal=error.detail.replace("send it again with ?", "say so with --").replace(
                "--confirm_removals=true", "--confirm-removals"))  # fmt: skip
        return Planned(read.name, read.zone, plan)

    def run(self, zones: Sequence["Incoming"]) -> list[tuple[str, "Plan | None", "Written | None", str | None]]:
        """Import them; what came of each."""
        return [self._brought(each) for each in _shown("importing", zones)]

    def _brought(self, zone: "Incoming") -> tuple[str, "Plan | None", "Written | None", str | None]:
        from api.changes import imports
        from api.errors import ApiError
        from nameserver.errors import InvalidInput

        try:
            plan, written = imports.bring(self._settings, self._intent, zone, self._mode, _plan_of)
        except (InvalidInput, ApiError) as error:
            return zone.domain, None, None, error.detail
        return zone.domain, plan, written, None


def _shown(label: str, items: Sequence[_Item]) -> Iterator[_Item]:
    """The items, with a bar that shows how many are done."""
    with progress(label) as step:
        for item in items:
            yield item
            step(1, len(items))


def _plan_of(_zone: Any, plan: "Plan") -> "Plan":
    return plan


def _once(each: Planned, times: Counter[str]) -> Planned:
    if each.zone is None or times[each.zone.domain] == 1:
        return each
    return Planned(each.name, refusal=f"{each.zone.domain} is there {times[each.zone.domain]} times.")


def _show(planned: Sequence[Planned], json_: bool) -> None:
    if json_:
        click.echo(json.dumps([_described(each) for each in planned], indent=2, ensure_ascii=False))
        return
    plans = [each.plan for each in planned if each.plan]
    rows = [
        [each.domain, each.mode.value, len(each.added), len(each.changed), len(each.removed), each.unchanged]
        for each in plans
    ]
    if rows:
        table(["ZONE", "MODE", "ADDED", "CHANGED", "REMOVED", "UNCHANGED"], rows)
    for plan in plans:
        _tell(plan)
    for each in planned:
        if each.refusal:
            click.echo(f"{each.name} is refused: {each.refusal}")


def _tell(plan: "Plan") -> None:
    """What is lost, changed and removed, by name."""
    from api.schemas.imports import line

    for loss in plan.losses:
        click.echo(f"{plan.domain}: {loss.detail}")
    changed = [f"~ {line(before)}, TTL {after.ttl}" for before, after in plan.changed]
    for sign in (changed, [f"- {line(each)}" for each in plan.removed]):
        for each in sign[:_MOST_LINES]:
            click.echo(f"  {plan.domain} {each}")
        if len(sign) > _MOST_LINES:
            click.echo(f"  {plan.domain} … and {len(sign) - _MOST_LINES} more")


def _described(each: Planned) -> dict[str, Any]:
    from api.schemas.imports import plan_answer

    plan = plan_answer(each.plan) if each.plan else None
    return {
        "source": each.name,
        "domain": each.plan.domain if each.plan else None,
        "plan": plan,
        "refusal": each.refusal,
    }


def _may_go_on(planned: Sequence[Planned], options: dict[str, Any]) -> bool:
    refused = sum(1 for each in planned if each.refusal)
    ready = len(planned) - refused
    if refused and not (options["skip_refused"] and ready):
        click.echo(f"Nothing was imported: {refused} of {len(planned)} zones refused.", err=True)
        raise click.exceptions.Exit(1)
    if options["dry_run"]:
        return False
    if not options["yes"]:
        click.confirm(f"Import {ready} zone{'s' if ready > 1 else ''}?", abort=True, err=True)
    return ready > 0


def _finish(results: Sequence[Any], options: dict[str, Any]) -> None:
    for domain, plan, each, refusal in results:
        click.echo(f"{domain}: {refusal or _done(plan, each)}", err=options["json_"])
    written = [each for _, _, each, _ in results if each]
    if len(results) == 1 and written and written[0].change and not options["json_"]:
        watch(written[0], options["seconds"])
    if len(written) < len(results):
        raise click.exceptions.Exit(1)


def _done(plan: "Plan", written: "Written") -> str:
    return f"imported, {plan.records} records" if written.change else "nothing to change"
