"""What named-checkzone and named-checkconf say, as problems: the rule, a plain sentence and a mend for each message.

The messages are those of BIND 9.18 (lib/dns/zone.c, lib/dns/master.c, lib/dns/rdata.c). Words that are not in the
table make a problem all the same.
"""

import re
from dataclasses import dataclass

from nameserver.zone import Problem, Severity

UNKNOWN = "named-checkzone"
OUT_OF_ZONE = "out-of-zone"  #: it never keeps a zone from loading: the record is left out
_ADDRESS = "A or AAAA record"
# A record named by the checker: its owner (left out at the apex), its type, and the host it names.
_TARGET = r"(?:(?P<owner>\S+)/)?(?P<type>NS|MX|SRV) '(?P<target>[^']+)' "


@dataclass(frozen=True, slots=True)
class _Message:
    """One message: `severity` None is an error when the zone does not load, else a warning."""

    words: str
    rule: str
    detail: str
    mend: str
    severity: Severity | None = None


_MESSAGES = (
    _Message(
        _TARGET + r"is a CNAME \(illegal\)",
        "target-is-alias",
        "The {type} record of {owner} names {target}, which is a CNAME: such a name must be a host's own.",
        "Name the host that {target} points to, or give {target} an " + _ADDRESS + " instead of the CNAME.",
    ),
    _Message(
        _TARGET + r"is below a DNAME '(?P<dname>[^']+)' \(illegal\)",
        "target-below-dname",
        "The {type} record of {owner} names {target}, which the DNAME at {dname} redirects.",
        "Name a host that is not below {dname}.",
    ),
    _Message(
        _TARGET + r"has no REQUIRED GLUE address records \(A or AAAA\)",
        "missing-glue",
        "{owner} is delegated to {target}, a name within the delegation, and its address is nowhere to be found.",
        "Add an " + _ADDRESS + " for {target}, as glue.",
    ),
    _Message(
        _TARGET + r"has no SIBLING GLUE address records \(A or AAAA\)",
        "missing-sibling-glue",
        "{owner} is delegated to {target}, which is in another delegation of this zone and has no address here.",
        "Add an " + _ADDRESS + " for {target}, as glue.",
    ),
    _Message(
        _TARGET + r"has no address records \(A or AAAA\)",
        "target-without-address",
        "The {type} record of {owner} names {target}, which has no address in this zone.",
        "Add an " + _ADDRESS + " for {target}, or name another host.",
    ),
    _Message(
        r"(?P<owner>\S+): bad owner name \(check-names\)",
        "owner-not-hostname",
        "{owner} is no host name (letters, digits, inner hyphens), so some software won't use its record.",
        "Rename it, if hosts or mail are to use it.",
        Severity.WARNING,
    ),
    _Message(
        r"(?:warning: )?(?P<target>\S+): bad name \(check-names\)",
        "target-not-hostname",
        "{target} is no host name (letters, digits, inner hyphens), so some software won't use it.",
        "Name a host by a host name.",
        Severity.WARNING,
    ),
    _Message(
        r"(?:warning: )?'(?P<target>[^']+)': MX is an address|NS record '(?P<target2>[^']+)' appears to be an address",
        "target-is-address",
        "{target} is an address where a host name belongs: nobody can use it.",
        "Give the address to a name by an " + _ADDRESS + ", and write that name here.",
    ),
    _Message(
        r"TTL set to prior TTL \((?P<ttl>\d+)\)",
        "ttl-differs",
        "The record has another TTL than the others of its name and type; it is served with theirs, {ttl} seconds.",
        "Write one TTL on all of them.",
        Severity.WARNING,
    ),
    _Message(
        r"\$TTL (?P<ttl>\d+) > MAXTTL, setting \$TTL to 0",
        "ttl-too-high",
        "The TTL {ttl} is higher than 2147483647 seconds, and would be served as 0.",
        "Write a lower TTL.",
        Severity.ERROR,
    ),
    _Message(
        r"(?P<owner>\S+): CNAME and other data",
        "cname-not-alone",
        "{owner} has a CNAME record and others: a CNAME must be the only record at its name.",
        "Remove either the CNAME or the others.",
    ),
    _Message(
        r"(?P<owner>\S+): multiple RRs of singleton type",
        "more-than-one",
        "{owner} has more than one record of a type of which there can be one only.",
        "Remove all but one.",
    ),
    _Message(
        r"(?P<owner>\S+): invalid NS owner name \(wildcard\)",
        "wildcard-ns",
        "{owner} is a wildcard, which cannot be delegated.",
        "Delegate each subdomain by its name.",
    ),
    _Message(
        r"(?P<type>\S+) record at top of zone \((?P<owner>[^)]+)\)",
        "above-the-apex",
        "A {type} record cannot stand at {owner}, the zone's own name: it belongs in the zone above it.",
        "Remove it here, and give it to the registrar.",
        Severity.ERROR,
    ),
    _Message(
        r"SOA record not at top of zone \((?P<owner>[^)]+)\)",
        "soa-elsewhere",
        "The SOA record stands at {owner}, which is not the zone's own name.",
        "Write it at the zone's own name, or give the zone that it is of.",
        Severity.ERROR,
    ),
    _Message(
        r"no TTL specified; zone rejected",
        "no-ttl",
        "The record has no TTL, and neither a $TTL nor an SOA record stands before it.",
        "Begin the file with a line such as $TTL 3600, then the SOA record and the NS records.",
        Severity.ERROR,
    ),
    _Message(
        r"ignoring out-of-zone data \((?P<owner>\S+)\)",
        OUT_OF_ZONE,
        "{owner} is not in this zone: its record would not be served.",
        "Put it into the zone that it belongs to.",
        Severity.ERROR,  # it loads, without the record
    ),
    _Message(
        r"warning: ownername '(?P<owner>[^']+)' contains an non-terminal wildcard",
        "inner-wildcard",
        "The * within {owner} is no wildcard: it stands for itself alone.",
        "Put the * leftmost, or leave it out.",
        Severity.WARNING,
    ),
    _Message(
        r"(?P<owner>\S+)/DS deprecated (?P<what>digest type|algorithm) (?P<number>\d+) \((?P<name>[^)]*)\)",
        "ds-deprecated",
        "The DS record of {owner} uses {what} {number} ({name}), which validators no longer trust.",
        "Let the delegated zone make a new DS, of digest type 2 and algorithm 13, say.",
        Severity.WARNING,
    ),
    _Message(
        r"(?P<owner>\S+)/(?P<type>\S+) has semantically identical records",
        "identical-records",
        "Two {type} records of {owner} mean the same.",
        "Remove one of them.",
        Severity.WARNING,
    ),
    _Message(
        r"unknown RR type '(?P<type>[^']*)'",
        "unknown-type",
        "{type} is no record type that the nameserver knows.",
        "Remove the record, or write it with another type.",
    ),
    _Message(
        r"has (?:no NS|(?P<number>\d+) SOA) records",
        "apex-records",
        "The zone lacks the SOA or NS records at its own name.",
        "Look at the settings nameservers and hostmaster, and at the zone template.",
    ),
    _Message(
        r"syntax error|near '[^']{256,}': syntax error",  # without `near` the value is a quoted string
        "not-readable",
        "A string of the record cannot be read, most likely because it is longer than 255 octets.",
        'Split it into strings of at most 255 octets, such as "first part" "second part".',
    ),
    _Message(
        r"near (?:'(?P<near>.*)'|(?P<end>eol|eof)): (?P<reason>.+)",
        "not-readable",
        "The nameserver cannot read the record's value at {near}: {reason}.",
        "Write the record again.",
    ),
    _Message(
        r"(?P<reason>empty label|label too long|name too long|unbalanced quotes|unbalanced parentheses"
        r"|unexpected end of \w+|bad escape|class '[^']*' != zone class '[^']*')",
        "not-readable",
        "The nameserver cannot read the record: {reason}.",
        "Write the record again.",
    ),
)  # fmt: skip
_TABLE = tuple((re.compile(message.words), message) for message in _MESSAGES)
_MOST_CHARACTERS = 500


def problem(domain: str, words: str, failed: bool, line: int | None = None, severe: bool = True) -> Problem:
    """What the checker said of a zone, or of a line of its file. `failed`: the zone did not load.

    `severe` False: these words alone did not keep it from loading.
    """
    words = words.rstrip(".")[:_MOST_CHARACTERS]
    for pattern, message in _TABLE:
        if match := pattern.fullmatch(words):
            return _known(domain, message, match, failed, line)
    severity = Severity.ERROR if failed and severe else Severity.WARNING
    return Problem(UNKNOWN, severity, f"named-checkzone says: {words}.", words=words, line=line)


def named_by(words: str) -> tuple[str | None, str | None, str | None]:
    """(owner, type, target) of the record that the words name; what they don't tell is None."""
    for pattern, _ in _TABLE:
        if match := pattern.fullmatch(words):
            found = match.groupdict()
            return found.get("owner"), found.get("type"), found.get("target")
    return None, None, None


def _known(domain: str, message: _Message, match: re.Match[str], failed: bool, line: int | None) -> Problem:
    found = {key: value for key, value in match.groupdict().items() if value is not None}
    values = {"owner": domain, "target": found.get("target2", ""), "near": "its end"} | found
    # What is said of a record below the apex never keeps a zone from loading.
    loads = "target" in found and "owner" in found
    severity = message.severity or (Severity.ERROR if failed and not loads else Severity.WARNING)
    detail, mend = message.detail.format_map(values), message.mend.format_map(values)
    return Problem(message.rule, severity, detail, words=match[0], mend=mend, line=line)
