"""A zone's named-checkzone report, made now from the zone as it is in the database."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from api.database import now
from api.models import Zone
from api.settings import Settings
from api.store.control import desired_zone
from nameserver import rules
from nameserver.check import Checker
from nameserver.errors import InvalidInput
from nameserver.render import Renderer
from nameserver.zone import Authority, Problem, Severity
from nameserver.zone import Zone as DesiredZone


@dataclass(frozen=True, slots=True)
class Report:
    """What the checker said of one serial; `verdict` is ok, warning or error."""

    serial: int
    checked_at: datetime
    verdict: str
    problems: list[Problem]


def check_zone(settings: Settings, zone: Zone) -> Report:
    """Check the zone as the control plane does before publishing. Raises CheckerMissing."""
    desired, renderer = desired_zone(zone), Renderer(settings.templates)
    try:
        file = renderer.zone_file(desired, settings.authority)
        problems = [*Checker().check_zone(desired.domain, file.content, file.records), *rules.warnings(desired)]
    except InvalidInput as error:
        named = list(_unprintable(renderer, desired, settings.authority))
        problems = named or [Problem("rendering", Severity.ERROR, error.detail)]
    severities = {problem.severity for problem in problems}
    verdict = "error" if Severity.ERROR in severities else "warning" if severities else "ok"
    return Report(desired.serial, now(), verdict, problems)


def _unprintable(renderer: Renderer, desired: DesiredZone, authority: Authority) -> Iterator[Problem]:
    """The records that cannot be written into a zone file, each by name."""
    for record in desired.records:
        try:
            renderer.zone_file(replace(desired, records=(record,)), authority)
        except InvalidInput as error:
            yield Problem("rendering", Severity.ERROR, error.detail, record.uuid)
