"""A zone as a YAML file of octoDNS (its YamlProvider): names, and for each its types with their values.

What octoDNS has no form for is left out, and said in the file as well.
"""

import re
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from nameserver import records
from nameserver.outgoing.exported import Exported, described, published
from nameserver.records import Record
from nameserver.zone import Authority, Zone

_SINGLE = ("CNAME", "DNAME")  # one value, not a list
_NAMES = ("CNAME", "DNAME", "MX", "NS", "PTR", "SRV")  # those of RFC 2317, with a slash, are none to octoDNS
_SERVICE = re.compile(r"(?:\*|_[^.]+)\.[^.]")


def as_octodns(zone: Zone, authority: Authority) -> Exported:
    """The zone with the NS records of the settings."""
    values = [(each, _value(each)) for each in published(zone, authority)]
    unheld = (f"{described(each)}: octoDNS has no form for it." for each, value in values if value is None)
    left_out = ("The SOA record: octoDNS leaves it to the provider.", *unheld)
    lines = [f"# Left out: {_comment(each)}" for each in left_out] + ["---"]
    held = [(each, value) for each, value in values if value is not None]
    held.sort(key=lambda pair: _natural(pair[0].name))
    for name, there in groupby(held, key=lambda pair: pair[0].name):
        lines += [f"{_quoted('' if name == '@' else name)}:", *_types(list(there))]
    content = "\n".join(lines if held else [*lines, "{}"]) + "\n"
    return Exported(content.encode(), "application/yaml", "yaml", left_out)


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """The order that octoDNS demands of keys: numbers within names by their value; the zone's own name is empty."""
    parts = re.findall(r"\d+|\D+", "" if name == "@" else name)
    return [(not each.isdigit(), int(each) if each.isdigit() else 0, each) for each in parts]


def _types(there: list[tuple[Record, Any]]) -> Iterator[str]:
    for kind, group in groupby(there, key=lambda pair: pair[0].type):
        found = list(group)
        yield f"  - ttl: {found[0][0].ttl}"
        yield f"    type: {kind}"
        if kind in _SINGLE:
            yield f"    value: {_written(found[0][1])}"
        else:
            yield "    values:"
            yield from (f"      - {_written(value)}" for _, value in found)


def _written(value: Any) -> str:
    """A value in YAML's flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_written(each)}" for key, each in sorted(value.items())) + "}"
    return str(value) if isinstance(value, int) else _quoted(value)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _comment(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)


def _value(record: Record) -> Any:
    """The value as octoDNS has it; None when it has none, or would refuse it (tried with octoDNS 1.22)."""
    if record.type not in _VALUES or (record.type in _NAMES and "/" in record.value):
        return None
    if record.type == "SRV" and not _SERVICE.match(record.name):
        return None
    return _VALUES[record.type](record)


def _fields(*names: str) -> Callable[[Record], Any]:
    """The fields of the presentation form under octoDNS's names; numbers as numbers."""

    def value(record: Record) -> Any:
        text = f"{'' if record.priority is None else record.priority} {_absolute(record)}"
        words = text.split(None, len(names) - 1)
        return {
            name: int(word) if word.isdigit() and name in _NUMBERS else word
            for name, word in zip(names, words, strict=True)
        }

    return value


_NUMBERS = frozenset(
    {"preference", "priority", "weight", "port", "flags", "algorithm", "fingerprint_type", "certificate_usage"}
    | {"selector", "matching_type", "key_tag", "digest_type"}
)


def _absolute(record: Record) -> str:
    """octoDNS writes host names with their final dot."""
    return record.value if record.value.endswith(".") else f"{record.value}."


def _mail(record: Record) -> Any:
    return {"exchange": _absolute(record), "preference": record.priority}


def _caa(record: Record) -> Any:
    rdata: Any = records.rdata(record.type, record.value, None)
    value = rdata.value.decode("latin-1")
    plain = value.isascii() and value.isprintable()
    return {"flags": rdata.flags, "tag": rdata.tag.decode(), "value": value} if plain else None


def _text(record: Record) -> Any:
    """Printable ASCII; it wants semicolons escaped, and a backslash or quote would be read in another way."""
    plain = record.value.isascii() and record.value.isprintable() and record.value
    return record.value.replace(";", "\\;") if plain and not {'"', "\\"} & set(record.value) else None


def _digest(*names: str) -> Callable[[Record], Any]:
    def value(record: Record) -> Any:
        words = record.value.split(None, len(names) - 1)
        words[-1] = words[-1].replace(" ", "")
        return {name: int(word) if name in _NUMBERS else word for name, word in zip(names, words, strict=True)}

    return value


_VALUES: dict[str, Callable[[Record], Any]] = {
    "A": lambda record: record.value,
    "AAAA": lambda record: record.value,
    "CNAME": _absolute,
    "DNAME": _absolute,
    "NS": _absolute,
    "PTR": _absolute,
    "MX": _mail,
    "SRV": _fields("priority", "weight", "port", "target"),
    "CAA": _caa,
    "TXT": _text,
    "SSHFP": _digest("algorithm", "fingerprint_type", "fingerprint"),
    "TLSA": _digest("certificate_usage", "selector", "matching_type", "certificate_association_data"),
    "DS": _digest("key_tag", "algorithm", "digest_type", "digest"),
}
