"""What one check found."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check ended; a skipped one was not made, and its sentence says why."""

    OK = "ok"
    SKIP = "skip"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `mend` says what to do about a fault or a warning."""

    verdict: Verdict
    name: str
    sentence: str
    mend: str | None = None


Findings = Iterator[Finding]


def ok(name: str, sentence: str) -> Finding:
    """It is as it should be."""
    return Finding(Verdict.OK, name, sentence)


def skip(name: str, sentence: str) -> Finding:
    """It was not looked at."""
    return Finding(Verdict.SKIP, name, sentence)


def warn(name: str, sentence: str, mend: str) -> Finding:
    """It works, and it will not for long, or not as meant."""
    return Finding(Verdict.WARN, name, sentence, mend)


def fail(name: str, sentence: str, mend: str) -> Finding:
    """It does not work."""
    return Finding(Verdict.FAIL, name, sentence, mend)
