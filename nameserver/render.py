"""Zone files and named.conf from typed data, with Jinja2. The same data gives the same bytes.

Values are printed by dnspython from parsed rdata, never copied from what a user typed (RFC 1035,
section 5.1 gives a newline, a quote or a `$` a meaning of its own).
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dns.exception
import dns.name
import jinja2

from nameserver import records
from nameserver.errors import InvalidInput
from nameserver.target import Target
from nameserver.zone import Authority, Zone

Line = tuple[str, int, str, str]

_HIGHEST_TTL = 2**31 - 1
# A value that came past our rules, by hand or by a fault of ours: its zone is held, the others must go out.
_NOT_VALID = (dns.exception.DNSException, ValueError, TypeError, KeyError, AttributeError)
# A line of a zone file that is one record and nothing else, whatever its values: quotes are closed on the line, and
# what is special to a reader (RFC 1035, section 5.1) stands in quotes or is escaped.
_TOKEN = rb'(?:[^\s"();\\$@]|\\.)(?:[^\s"();\\]|\\.)*+|@|"(?:[^"\\\n]|\\.)*+"'
_RECORD = re.compile(rb"(?:" + _TOKEN + rb") \d+ IN [A-Z0-9-]+(?: (?:" + _TOKEN + rb"))++")
_OTHER_LINE = re.compile(rb";.*|\$ORIGIN [^\s;()\"]+|\$TTL \d+|")


@dataclass(frozen=True, slots=True)
class ZoneFile:
    """A zone file, and how many records it must load as, the SOA included."""

    content: bytes
    records: int

    @property
    def digest(self) -> str:
        """SHA-256 of the file, in hex."""
        return hashlib.sha256(self.content).hexdigest()


class Renderer:
    """Renders with the templates in one folder (`bind-templates/`)."""

    def __init__(self, templates: Path) -> None:
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(templates),
            undefined=jinja2.StrictUndefined,
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,  # noqa: S701  zone files are not HTML; values come from rdata only
        )

    def zone_file(self, zone: Zone, authority: Authority) -> ZoneFile:
        """The zone's file, complete. Raises InvalidInput when what is stored is not valid, whatever it is."""
        try:
            if len(dns.name.from_text(zone.domain)) < 2:
                raise ValueError(f"{zone.domain!r} is no zone's name")
            lines = sorted(zone_lines(zone, authority))
        except _NOT_VALID as error:
            raise InvalidInput("records", _reason(error)) from error
        return ZoneFile(self._render("zone.j2", zone=zone, authority=authority, lines=lines), 1 + len(lines))

    def named_conf(self, target: Target) -> bytes:
        """The named.conf of one nameserver, without zones: those live in named's own database."""
        return self._render("named.conf.j2", target=target)

    def _render(self, template: str, **data: Any) -> bytes:
        return self._environment.get_template(template).render(**data).encode()


def unprintable(record: records.Record) -> str | None:
    """Why the record cannot be written into a zone file; None when it can."""
    try:
        record_line(record)
    except (*_NOT_VALID, InvalidInput) as error:
        return _reason(error)
    return None


def _reason(error: Exception) -> str:
    return f"A record of the zone cannot be printed: {str(error) or type(error).__name__}"


def counted(content: bytes) -> int | None:
    """How many different records a zone file of our own has, line by line; None when a line is anything else.

    No parser, and none is needed: it is as quick as reading, and whatever is not plain is looked at by one.
    """
    records = set()
    for line in content.split(b"\n"):
        if _RECORD.fullmatch(line):
            records.add(line)
        elif not _OTHER_LINE.fullmatch(line):
            return None
    return len(records)


def zone_lines(zone: Zone, authority: Authority) -> list[Line]:
    """(owner, ttl, type, rdata) of every record but the SOA; the apex NS set of the settings included."""
    users = [record_line(record) for record in zone.records]
    # An RRset has one TTL (RFC 2181, section 5.2): beside a user's NS records at the apex, ours take theirs.
    ttl = next((ttl for owner, ttl, type_, _ in users if (owner, type_) == ("@", "NS")), authority.ttl)
    ours = [("@", ttl, "NS", f"{name}.") for name in authority.nameservers]
    return ours + [line for line in users if line not in ours]


def record_line(record: records.Record) -> Line:
    """One record as (owner, ttl, type, rdata), the owner relative to the zone and escaped for a zone file."""
    if not record.name.isprintable() or not record.name or (record.type != "TXT" and "\n" in record.value):
        raise ValueError(f"{record.name!r} {record.type} has a line break or no name")
    if not 0 <= record.ttl <= _HIGHEST_TTL:  # named takes a higher one for 0 (RFC 2181, section 8)
        raise ValueError(f"{record.name!r} {record.type} has the TTL {record.ttl}")
    owner = "@" if record.name == "@" else dns.name.from_text(record.name, origin=None).to_text()
    return owner, record.ttl, record.type, records.rdata(record.type, record.value, record.priority).to_text()
