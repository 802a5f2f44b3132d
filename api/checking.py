"""Checking zones as they are in the database: as before publishing, with our own advice, and kept."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from api.changes import checks
from api.changes.checks import Report
from api.database import now, writing
from api.errors import InvalidRequest
from api.models import Check, Zone
from api.settings import Settings
from api.store.checks import last_checks
from api.store.control import desired_zone
from api.store.targets import missing
from nameserver.advice import advise, outside
from nameserver.check import Checker
from nameserver.deep import Resolver
from nameserver.gate import Checked, Gate
from nameserver.render import Renderer
from nameserver.zone import Zone as DesiredZone

BATCH = 500


def last_check(settings: Settings, zone: Zone) -> Check:
    """The last kept check, if it is one of the zone as it is now; else one made and kept now.

    Raises CheckerMissing.
    """
    return next((check for check in last_checks(zone, 1) if check.serial == zone.serial), None) or check_now(
        settings, zone
    )


def check_now(settings: Settings, zone: Zone, deep: bool = False) -> Check:
    """Check the zone and keep that. Raises CheckerMissing, InvalidRequest when deep and no resolver is set."""
    resolver = require_resolver(settings) if deep else None
    list(check_all(settings, [desired_zone(zone)], resolver))
    return last_checks(zone, 1)[0]


def check_all(settings: Settings, zones: Iterable[DesiredZone], resolver: Resolver | None = None) -> Iterator[Report]:
    """Check zones in batches, keep that, and answer each report. Raises CheckerMissing."""
    gate = Gate(Renderer(settings.templates), Checker(), settings.authority)
    rest = iter(zones)
    while batch := list(islice(rest, BATCH)):
        found = reports(gate.check(batch), "deep" if resolver else "asked", gate.checker.version)
        if resolver:
            found = [_deepened(report, zone, resolver, settings) for report, zone in zip(found, batch, strict=True)]
        with writing() as session:
            checks.keep(session, found, settings.checks_kept)
        yield from found


def preview(settings: Settings, zones: Sequence[DesiredZone]) -> list[Report]:
    """Check zones as they would be, and keep nothing of it. Raises CheckerMissing."""
    gate = Gate(Renderer(settings.templates), Checker(), settings.authority)
    return reports(gate.check(zones), "proposed", gate.checker.version) if zones else []


def reports(checked: Iterable[Checked], kind: str, version: str) -> list[Report]:
    """What the checker found and our own advice, of each zone."""
    found, moment = list(checked), now()
    gone = missing({target for each in found for target in outside(each.zone)})
    return [
        Report(
            each.zone.uuid,
            each.zone.domain,
            each.zone.serial,
            moment,
            kind,
            version,
            [*each.problems, *advise(each.zone, gone)],
        )
        for each in found
    ]


def require_resolver(settings: Settings) -> Resolver:
    """The resolver for deep checks. Raises InvalidRequest when none is set."""
    if settings.resolver is None:
        raise InvalidRequest(
            "A deep check asks a resolver, and none is set: give the setting check_resolver its address, "
            "such as 127.0.0.1, and restart.",
            "deep",
        )
    return Resolver(*settings.resolver)


def _deepened(report: Report, zone: DesiredZone, resolver: Resolver, settings: Settings) -> Report:
    further = resolver.problems(zone, settings.nameservers)
    return replace(report, problems=[*report.problems, *further])
