"""Drift: where a nameserver differs from what it was given and had answered. Values in, values out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from nameserver.content import Differences


class Kind(StrEnum):
    """What differs."""

    MISSING = "missing"  # the zone is not served
    SERIAL = "serial"  # another serial is served
    FILE = "file"  # only the file on disk is another one: the next restart would make it live
    CONTENT = "content"  # other records are served, with the serial they should have
    STRAY = "stray"  # a zone that the database does not know, or has deleted


@dataclass(frozen=True, slots=True)
class Expected:
    """What a nameserver answered last: `serial` is None for a zone that it was to remove.

    `digest` is the SHA-256 of the zone file (hex). Only what is `settled`, in sync as the database has it, can
    drift. `asked_at` is when it answered: another moment, and it was asked again meanwhile.
    """

    serial: int | None
    digest: str | None
    settled: bool
    asked_at: datetime | None = None

    @property
    def served(self) -> bool:
        """Is it to be there, exactly so?"""
        return self.settled and self.serial is not None


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference of one nameserver; `serial` and `digest` are what was found there, where they were looked at."""

    domain: str
    kind: Kind
    expected: Expected | None
    serial: int | None = None
    digest: str | None = None
    records: Differences | None = None


def strays(known: Mapping[str, Expected], zones: Mapping[str, int]) -> list[Drift]:
    """What a nameserver lists beyond what the database knows of; what it should have removed is due again."""
    gone = (domain for domain, each in known.items() if each.settled and each.serial is None and domain in zones)
    unknown = zones.keys() - known.keys()
    return [Drift(domain, Kind.STRAY, known.get(domain), zones[domain]) for domain in sorted({*gone, *unknown})]


def of_list(known: Mapping[str, Expected], zones: Mapping[str, int]) -> list[Drift]:
    """What is not served, or with another serial than it should be."""
    other = (domain for domain, each in known.items() if each.served and zones.get(domain) != each.serial)
    return [
        Drift(domain, Kind.SERIAL if domain in zones else Kind.MISSING, known[domain], zones.get(domain))
        for domain in sorted(other)
    ]


def of_files(known: Mapping[str, Expected], zones: Mapping[str, int], digests: Mapping[str, str | None]) -> list[Drift]:
    """Whose file on disk is not the one that was published."""
    return [
        Drift(domain, Kind.FILE, known[domain], zones.get(domain), digest)
        for domain, digest in digests.items()
        if domain in known and known[domain].served and known[domain].digest not in (None, digest)
    ]


def sentence(drift: Drift) -> str:
    """The difference in words, without the records."""
    wanted = drift.expected.serial if drift.expected else None
    return {
        Kind.MISSING: "It no longer serves the zone.",
        Kind.SERIAL: f"It serves serial {drift.serial} instead of {wanted}.",
        Kind.FILE: f"The zone's file on its disk {'is gone' if drift.digest is None else 'was changed'}"
        " since it was published; what is served is right.",
        Kind.CONTENT: f"It serves other records than serial {wanted} has.",
        Kind.STRAY: "It serves a zone that the database has deleted."
        if drift.expected
        else "It serves a zone that the database does not know; it is kept.",
    }[drift.kind]


def lines(records: Differences | None) -> Iterable[str]:
    """The records that differ, a line each: `+` is only on the nameserver, `-` is missing there."""
    if records is None:
        return
    for sign, some, count in (("+", records.there, records.there_count), ("-", records.here, records.here_count)):
        yield from (f"{sign} {record}" for record in some)
        if count > len(some):
            yield f"{sign} and {count - len(some)} more"
