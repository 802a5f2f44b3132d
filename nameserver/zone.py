"""A zone as the control plane wants it, and what can be wrong with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from nameserver.records import Record

_MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Authority:
    """What every zone's SOA and apex NS set say (RFC 1035, section 3.3.13); from the settings.

    Names are absolute, lower case, without the final dot; times are seconds.
    """

    nameservers: tuple[str, ...]
    hostmaster: str
    ttl: int = 3600
    refresh: int = 7200
    retry: int = 900
    expire: int = 1209600
    negative_ttl: int = 300

    @property
    def primary(self) -> str:
        """The SOA's MNAME."""
        return self.nameservers[0]


@dataclass(frozen=True, slots=True)
class Zone:
    """One desired zone: `domain` in A-labels without the final dot, `serial` 0 to 2**32 - 1."""

    uuid: str
    domain: str
    serial: int
    records: tuple[Record, ...]


class Severity(StrEnum):
    """An error keeps a zone from being published; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a zone: the rule it breaks, in words, and the record it is about if one is known.

    `words` are a checker's own, `line` is that of the zone file it said them of; `mend` says what to do.
    """

    rule: str
    severity: Severity
    detail: str
    record: Record | None = None
    words: str | None = None
    mend: str | None = None
    line: int | None = None


def reason(problems: Sequence[Problem]) -> str:
    """Why a zone is held, on one line: the first few problems, and how many more there are."""
    told = [problem.detail for problem in problems[:_MOST_TOLD]]
    more = len(problems) - len(told)
    return "; ".join([*told, f"and {more} more"] if more else told)


def verdict(problems: Iterable[Problem]) -> str:
    """What the problems come to: ok, warning or error."""
    severities = {problem.severity for problem in problems}
    return "error" if Severity.ERROR in severities else "warning" if severities else "ok"
