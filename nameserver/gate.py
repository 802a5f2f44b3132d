"""The gate: zones are rendered and checked before anything leaves. One that does not pass is held, alone."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nameserver.check import Checker
from nameserver.errors import InvalidInput
from nameserver.locate import located
from nameserver.records import Record
from nameserver.render import Renderer, ZoneFile, unprintable
from nameserver.zone import Authority, Problem, Severity, Zone

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checked:
    """A zone, its file (None when it cannot be written) and the checker's problems with it."""

    zone: Zone
    file: ZoneFile | None
    problems: Sequence[Problem]


@dataclass(frozen=True, slots=True)
class Gate:
    """Renders and checks by the nameservers' own rules."""

    renderer: Renderer
    checker: Checker
    authority: Authority

    def check(self, zones: Sequence[Zone]) -> Iterator[Checked]:
        """Every zone, in the order given: one by itself, more in a batch. Raises CheckerMissing."""
        began = time.perf_counter()
        files: dict[str, ZoneFile] = {}
        refused: dict[str, list[Problem]] = {}
        for zone in zones:
            try:
                files[zone.domain] = self.renderer.zone_file(zone, self.authority)
            except InvalidInput as error:
                refused[zone.domain] = list(_unprintable(zone)) or [_cannot(error.detail)]
        rendered = time.perf_counter()
        problems = self._check(files)
        parts = (1000 * (rendered - began), 1000 * (time.perf_counter() - rendered))
        if zones:
            log.info("rendered %d zones render=%.2f check=%.2f", len(zones), *parts)
        for zone in zones:
            if file := files.get(zone.domain):
                yield Checked(zone, file, located(zone, file.content, problems[zone.domain]))
            else:
                yield Checked(zone, None, refused[zone.domain])

    def _check(self, files: Mapping[str, ZoneFile]) -> Mapping[str, list[Problem]]:
        if len(files) == 1:
            [(domain, file)] = files.items()
            return {domain: self.checker.check_zone(domain, file)}
        return self.checker.check_zones(files) if files else {}


def _unprintable(zone: Zone) -> Iterator[Problem]:
    """The records that cannot be written into a zone file, each by name."""
    for record in zone.records:
        if reason := unprintable(record):
            yield _cannot(reason, record)


def _cannot(detail: str, record: Record | None = None) -> Problem:
    mend = "Write the record again, or delete it." if record else None
    return Problem("rendering", Severity.ERROR, detail, record, mend=mend)
