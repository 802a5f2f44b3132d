"""Advice on mail: SPF (RFC 7208) and DMARC (RFC 7489) records that receivers will not follow."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from nameserver import names
from nameserver.errors import InvalidInput
from nameserver.records import Record, txt
from nameserver.zone import Problem, Severity, Zone

_MOST_LOOKUPS = 10  # RFC 7208, section 4.6.4
_SPF = re.compile(r"v=spf1(?: .*)?", re.IGNORECASE | re.DOTALL)
_LOOKUP = re.compile(
    r"[+?~-]?(?P<kind>include|exists|ptr|mx|a)(?:[:/](?P<name>\S+))?|redirect=(?P<to>\S+)", re.IGNORECASE
)
_DMARC = re.compile(r"v\s*=\s*DMARC1\s*(?:;.*)?", re.DOTALL)
_URI = r"mailto:[^\s,;!]+@[^\s,;!]+(?:![0-9]+[kmgt]?)?"
_URIS = re.compile(rf"{_URI}(?:\s*,\s*{_URI})*", re.IGNORECASE)
_POLICY = re.compile(r"none|quarantine|reject", re.IGNORECASE)
# RFC 7489, sections 6.3 and 6.4.
_TAGS = {
    "p": (_POLICY, "none, quarantine or reject"),
    "sp": (_POLICY, "none, quarantine or reject"),
    "adkim": (re.compile(r"[rs]", re.IGNORECASE), "r or s"),
    "aspf": (re.compile(r"[rs]", re.IGNORECASE), "r or s"),
    "pct": (re.compile(r"100|[1-9]?[0-9]"), "a number from 0 to 100"),
    "ri": (re.compile(r"[0-9]{1,10}"), "a number of seconds"),
    "fo": (re.compile(r"[01ds](?::[01ds])*", re.IGNORECASE), "0, 1, d and s, with : between"),
    "rua": (_URIS, "mailto: addresses with commas between"),
    "ruf": (_URIS, "mailto: addresses with commas between"),
}

Texts = Mapping[str, Sequence[tuple[Record, str]]]


def spf_twice(zone: Zone) -> Iterator[Problem]:
    """`spf-twice`: of two SPF records at a name receivers use neither (RFC 7208, section 3.2)."""
    for owner, found in _spf(zone).items():
        for record, _ in found[1:]:
            detail = f"{names.absolute(owner, zone.domain)} has {len(found)} SPF records; receivers use none then."
            yield _warning("spf-twice", detail, record, "Join them into one record with one v=spf1.")


def spf_lookups(zone: Zone) -> Iterator[Problem]:
    """`spf-lookups`: more than ten look-ups is an error for receivers (RFC 7208, section 4.6.4).

    Counted are the terms of the record and of what it includes from this zone; other domains' cost more.
    """
    records = _spf(zone)
    for owner, found in records.items():
        for record, text in found:
            if _lookups(zone.domain, text, records, {owner}, _MOST_LOOKUPS) > _MOST_LOOKUPS:
                detail = f"The SPF record of {names.absolute(owner, zone.domain)} takes more than {_MOST_LOOKUPS}"
                detail += " look-ups; receivers give up then."
                yield _warning("spf-lookups", detail, record, "Write addresses (ip4:, ip6:) instead of some names.")


def dmarc_twice(zone: Zone) -> Iterator[Problem]:
    """`dmarc-twice`: of two DMARC records receivers use neither (RFC 7489, section 6.6.3)."""
    for owner, found in _dmarc(zone).items():
        valid = [record for record, text in found if _DMARC.fullmatch(text)]
        for record in valid[1:]:
            detail = f"{names.absolute(owner, zone.domain)} has {len(valid)} DMARC records; receivers use none then."
            yield _warning("dmarc-twice", detail, record, "Leave one of them.")


def dmarc_syntax(zone: Zone) -> Iterator[Problem]:
    """`dmarc-syntax`: what receivers cannot read (RFC 7489, sections 6.3 and 6.4)."""
    for found in _dmarc(zone).values():
        for record, text in found:
            if fault := dmarc_fault(text):
                owner = names.absolute(record.name, zone.domain)
                detail = f"The DMARC record of {owner} is not one that receivers follow: {fault}."
                yield _warning("dmarc-syntax", detail, record, "Write it like this: v=DMARC1; p=quarantine")


def dmarc_fault(text: str) -> str | None:
    """What is wrong with the text of a DMARC record."""
    if not _DMARC.fullmatch(text):
        return "it does not begin with v=DMARC1"
    tags: dict[str, str] = {}
    for part in (part.strip() for part in text.split(";")[1:]):
        name, equals, value = (each.strip() for each in part.partition("="))
        if part and not (equals and name):
            return f"“{part[:40]}” is no tag=value"
        if name in tags:
            return f"it has the tag {name} twice"
        if part:
            tags[name] = value
    if "p" not in tags and "rua" not in tags:
        return "the tag p is missing"
    wrong = (name for name, value in tags.items() if name in _TAGS and not _TAGS[name][0].fullmatch(value))
    return next((f"the tag {name} must be {_TAGS[name][1]}" for name in wrong), None)


def _lookups(domain: str, text: str, records: Texts, seen: set[str], most: int) -> int:
    """How many look-ups the text takes, counted to one more than `most`."""
    count = 0
    for match in filter(None, map(_LOOKUP.fullmatch, text.split()[1:])):
        if count > most:  # records that include each other would be counted through for hours
            break
        count += 1
        further = match["to"] or (match["name"] if (match["kind"] or "").lower() == "include" else None)
        owner = names.relative((further or "").lower().rstrip("."), domain)
        if owner and owner in records and owner not in seen:
            count += _lookups(domain, records[owner][0][1], records, seen | {owner}, most - count)
    return count


def _spf(zone: Zone) -> Texts:
    return _texts(zone, lambda _, text: bool(_SPF.fullmatch(text)))


def _dmarc(zone: Zone) -> Texts:
    return _texts(zone, lambda record, _: record.name.split(".")[0] == "_dmarc")


def _texts(zone: Zone, wanted: Callable[[Record, str], bool]) -> Texts:
    """The wanted TXT records by owner, each with its strings joined (RFC 7208, section 3.3)."""
    found: dict[str, list[tuple[Record, str]]] = defaultdict(list)
    for record in zone.records:
        if record.type == "TXT":
            text = _joined(record)
            if wanted(record, text):
                found[record.name].append((record, text))
    return found


def _joined(record: Record) -> str:
    try:
        return b"".join(txt.strings(record.value)).decode(errors="replace")
    except InvalidInput:
        return ""


def _warning(rule: str, detail: str, record: Record, mend: str) -> Problem:
    return Problem(rule, Severity.WARNING, detail, record, mend=mend)


RULES: tuple[Callable[[Zone], Iterator[Problem]], ...] = (spf_twice, spf_lookups, dmarc_twice, dmarc_syntax)
