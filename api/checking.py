"""A zone's named-checkzone report, made now from the zone as it is in the database."""

from dataclasses import dataclass
from datetime import datetime

from api.database import now
from api.models import Zone
from api.settings import Settings
from api.store.control import desired_zone
from nameserver import rules
from nameserver.check import Checker
from nameserver.errors import InvalidInput
from nameserver.render import Renderer
from nameserver.zone import Problem, Severity


@dataclass(frozen=True, slots=True)
class Report:
    """What the checker said of one serial; `verdict` is ok, warning or error."""

    serial: int
    checked_at: datetime
    verdict: str
    problems: list[Problem]


def check_zone(settings: Settings, zone: Zone) -> Report:
    """Check the zone as the control plane does before publishing. Raises CheckerMissing."""
    desired = desired_zone(zone)
    try:
        file = Renderer(settings.templates).zone_file(desired, settings.authority)
        problems = [*Checker().check_zone(desired.domain, file.content, file.records), *rules.warnings(desired)]
    except InvalidInput as error:
        problems = [Problem("rendering", Severity.ERROR, error.detail)]
    severities = {problem.severity for problem in problems}
    verdict = "error" if Severity.ERROR in severities else "warning" if severities else "ok"
    return Report(desired.serial, now(), verdict, problems)
