"""A record as a client wrote it, made canonical field by field: the first fault in field order is named."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.settings import Settings
from nameserver import names, records, rules
from nameserver.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Draft:
    """The fields of a record; `ttl` None: that of the RRset, or the default."""

    type: str
    name: str
    value: str
    ttl: int | None
    priority: int | None


def draft(body: Mapping[str, Any], faults: Mapping[str, str], domain: str, settings: Settings) -> Draft:
    """The draft a body makes. `faults` are the faults of shape by field (absent fields included).

    Raises InvalidInput for the first faulty field, whether its shape or its meaning is at fault.
    """

    def given(field: str) -> Any:
        if field in faults:
            raise InvalidInput(field, faults[field])
        return body.get(field)

    record_type = records.canonical_type(given("record_type"))
    name = names.canonical_owner(given("name"), domain)
    value = records.canonical_value(record_type, given("value"), _usable(body.get("priority")), domain)
    ttl = given("ttl")
    if ttl is not None:
        rules.check_ttl(ttl, settings.lowest_ttl, settings.highest_ttl)
    priority = given("priority")
    records.check_priority(record_type, priority)
    for field in faults:
        raise InvalidInput(field, faults[field])
    return Draft(record_type, name, value, ttl, priority)


def _usable(priority: object) -> int | None:
    """The priority for parsing the value beside it; whether it is right is checked after the value."""
    return priority if type(priority) is int and 0 <= priority <= 65535 else 0
