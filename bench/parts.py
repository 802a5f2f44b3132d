"""The parts of a publication, read from the control plane's log; milliseconds throughout."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from statistics import median

_RENDERED = re.compile(r" nameserver\.gate: rendered 1 zones ((?:\w+=[\d.]+ ?)+)$")
_PUBLISHED = re.compile(r" nameserver\.publish: \S+: published (\S+) (\d+) ((?:\w+=[\d.]+ ?)+)$")
# What the log calls a part, and what it is; in the order in which they happen.
PARTS = {
    "render": "render",
    "check": "check (named-checkzone)",
    "write": "push (write, fsync, rename)",
    "rndc": "rndc",
    "probe": "probe",
    "way": "the way there and back",
    "total": "one nameserver, push to probe",
}


@dataclass(slots=True)
class Samples:
    """Measured times of one thing."""

    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle one."""
        return median(self.values)

    def row(self, name: str) -> str:
        """A line of the table."""
        if not self.values:
            return f"{name:<42}{'not in the log':>27}"
        return f"{name:<42}{self.median:9.1f}{min(self.values):9.1f}{max(self.values):9.1f}"


def read(log: Iterable[str], changes: Collection[tuple[str, int]]) -> dict[str, Samples]:
    """The parts' times of these changes (domain and serial), by the log's names.

    A line about rendering names no zone: every one of a single zone counts.
    """
    parts = {name: Samples() for name in PARTS}
    for line in log:
        if match := _RENDERED.search(line):
            _add(parts, match[1])
        elif (match := _PUBLISHED.search(line)) and (match[1], int(match[2])) in changes:
            times = _add(parts, match[3])
            parts["way"].values.append(2 * times["total"] - sum(times.values()))  # what the agent does not account for
    return parts


def _add(parts: dict[str, Samples], text: str) -> dict[str, float]:
    times = {name: float(value) for name, value in (pair.split("=") for pair in text.split())}
    for name in times.keys() & parts.keys():
        parts[name].values.append(times[name])
    return times
