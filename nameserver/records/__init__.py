"""Records: what a record is, its types, and the way between a user's value and typed rdata.

record        the Record, the types, and which of them have a priority
txt           TXT values: raw text or quoted strings
presentation  values read and printed by dnspython, and what named asks beyond that
naptr         a NAPTR's regular expression, as strict as named
values        one door for all types: canonical_value, rdata, digest, rdata_length
wire          the canonical wire form, quickly for the common types: canonical_wire
"""

from nameserver.records.record import PRIORITY_TYPES, TYPES, Record, canonical_type, check_priority
from nameserver.records.values import canonical_value, digest, rdata, rdata_length
from nameserver.records.wire import canonical_wire

__all__ = [
    "PRIORITY_TYPES",
    "TYPES",
    "Record",
    "canonical_type",
    "canonical_value",
    "canonical_wire",
    "check_priority",
    "digest",
    "rdata",
    "rdata_length",
]
