"""A name that a zone file has in UTF-8: what it would be in A-labels (RFC 5890, section 2.3.2.1)."""

import re

from nameserver import names
from nameserver.errors import InvalidInput
from nameserver.incoming.lines import Fault

_ESCAPE = re.compile(rb"\\(\d{3})")
_HOSTS = ("CNAME", "DNAME", "MX", "NS", "PTR", "SRV")


def not_ascii(domain: str, fault: Fault) -> str | None:
    """What to write instead of the name that is at fault; None when the fault is another."""
    owner, record_type, rdata, error = fault
    text = owner if error.field == "name" else rdata.split(" ")[-1] if record_type in _HOSTS else ""
    name = _decoded(text)
    if name is None or name.isascii():
        return None
    return f"{name} is not in ASCII, as names in a zone file must be: {_mend(domain, name)}"


def _decoded(text: str) -> str | None:
    """What named prints as `w\\195\\164`."""
    try:
        return _ESCAPE.sub(lambda match: bytes([int(match[1])]), text.encode()).decode()
    except UnicodeDecodeError:
        return None


def _mend(domain: str, name: str) -> str:
    try:
        labels = names.canonical_host(name, domain)
    except InvalidInput as error:
        return error.detail
    return f"write {labels}{'.' if name.endswith('.') else ''}"
