"""What a record is, which types there are, and which of them have a priority."""

from dataclasses import dataclass

from nameserver.errors import InvalidInput

# The API page's eight first, in its order.
TYPES: tuple[str, ...] = (
    *("A", "AAAA", "CNAME", "MX", "TXT", "NS", "SRV", "CAA"),
    *("PTR", "TLSA", "SSHFP", "DS", "NAPTR", "SVCB", "HTTPS", "DNAME", "LOC", "URI"),
    *("SMIMEA", "OPENPGPKEY", "HINFO"),
)
PRIORITY_TYPES = frozenset({"MX", "SRV"})
HIGHEST_PRIORITY = 65535


@dataclass(frozen=True, slots=True)
class Record:
    """One record as the API answers it.

    `name` is relative to the zone, lower case (`@` for the apex); `value` is in the canonical form of its
    type; `ttl` is seconds; `priority` is 0 to 65535 or None where the type has none.
    """

    uuid: str
    name: str
    type: str
    ttl: int
    value: str
    priority: int | None = None


def canonical_type(text: str) -> str:
    """The record type in upper case. Raises InvalidInput("record_type") for one that isn't ours to store."""
    record_type = text.upper() if text.isascii() else text
    if record_type in TYPES:
        return record_type
    if record_type == "SOA":
        raise InvalidInput("record_type", "The SOA record is ours: it is made from the settings and has no record.")
    raise InvalidInput("record_type", f"The record type is not known; it must be one of {', '.join(TYPES)}.")


def check_priority(record_type: str, priority: int | None) -> None:
    """Does the priority fit the type? Raises InvalidInput("priority"); the first text is the API page's."""
    if record_type not in PRIORITY_TYPES:
        if priority is not None:
            raise InvalidInput("priority", f"{record_type} records have no priority; leave it out, or send null.")
        return
    if priority is None:
        raise InvalidInput("priority", f"{record_type} records require a priority value")
    # In Python, True is an integer; in the contract it is not.
    if isinstance(priority, bool) or not isinstance(priority, int) or not 0 <= priority <= HIGHEST_PRIORITY:
        raise InvalidInput("priority", f"The priority must be an integer from 0 to {HIGHEST_PRIORITY}.")
