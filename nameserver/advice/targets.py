"""The hosts that a zone's records name, and whether those exist."""

from collections.abc import Collection, Iterable, Iterator

from nameserver import names
from nameserver.records import Record
from nameserver.zone import Problem, Severity, Zone

_TARGETS = ("CNAME", "MX", "NS", "SRV")


def target_of(record: Record) -> str | None:
    """The host a CNAME, MX, NS or SRV record names; None for the root and for other types."""
    if record.type not in _TARGETS:
        return None
    host = record.value.split(" ")[-1]
    return host if host != "." else None


def outside(zone: Zone) -> set[str]:
    """The hosts outside the zone that its records name."""
    targets = {target for record in zone.records if (target := target_of(record))}
    return {target for target in targets if names.relative(target, zone.domain) is None}


def with_above(owners: Iterable[str]) -> set[str]:
    """The owner names and all above them, which exist by them (RFC 4592, section 2.2.2)."""
    return {name for owner in owners for name in (owner, *names.ancestors(owner))}


def exists(name: str, existing: Collection[str], cuts: Collection[str]) -> bool:
    """Is there anything at the name (relative to its zone), as far as the zone's names (`with_above`) tell?

    Itself or a name below it, a wildcard (RFC 4592), or what a delegation or DNAME (`cuts`) hands on to others.
    """
    if name == "@" or name in existing:
        return True
    above = names.ancestors(name)
    if any(cut in cuts for cut in (name, *above)):
        return True
    encloser = next((each for each in above if each in existing), None)
    return (f"*.{encloser}" if encloser else "*") in existing


def dangling(zone: Zone, missing: Collection[str]) -> Iterator[Problem]:
    """`dangling-target`: a name in this zone or in another one of ours that does not exist.

    In this zone of CNAMEs only: of the other types named-checkzone says it.
    """
    existing = with_above({record.name for record in zone.records})
    cuts = _cuts(zone.records)
    known: dict[str, bool] = {}
    for record in zone.records:
        target = target_of(record)
        if target is None:
            continue
        inside = names.relative(target, zone.domain)
        if inside is not None and record.type == "CNAME" and inside not in known:
            known[inside] = exists(inside, existing, cuts)
        if target in missing or (inside is not None and not known.get(inside, True)):
            yield _dangling(zone, record, target)


def _cuts(records: Iterable[Record]) -> set[str]:
    return {record.name for record in records if record.name != "@" and record.type in ("NS", "DNAME")}


def _dangling(zone: Zone, record: Record, target: str) -> Problem:
    owner = names.absolute(record.name, zone.domain)
    detail = f"The {record.type} record of {owner} names {target}, which does not exist."
    mend = f"Add the records of {target}, or remove this one: whoever may make that name takes what is sent to this."
    return Problem("dangling-target", Severity.WARNING, detail, record, mend=mend)
