"""On which line of a zone file a record stands: read once more, by dnspython, when there is something to say of one."""

import re
from contextlib import suppress
from typing import Any

import dns.exception
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.tokenizer
import dns.zonefile

_NOT_ASCII = re.compile(r"[\x80-\xff]")


def line_of(domain: str, content: bytes, owner: str, record_type: str, rdata: str) -> int | None:
    """The line of the record, names as named-compilezone prints them; None when it is not found."""
    wanted = (dns.name.from_text(owner), dns.rdatatype.from_text(record_type))
    places = [(line, found) for line, name, kind, found in _placed(domain, content) if (name, kind) == wanted]
    exact = (line for line, found in places if _bare(found) == _bare(rdata))
    return next(exact, places[0][0] if places else None)


def _bare(rdata: str) -> str:
    return rdata.replace(" ", "").replace('"', "").lower().removesuffix(".")


def _placed(domain: str, content: bytes) -> list[tuple[int, dns.name.Name, int, str]]:
    """(line, owner, type, rdata) of each record, as far as dnspython reads the file."""
    # dnspython would take what is not ASCII for U-labels; it is octets.
    text = _NOT_ASCII.sub(lambda match: f"\\{ord(match[0])}", content.decode("latin-1"))
    tokenizer = dns.tokenizer.Tokenizer(text)
    noted = _Noted(dns.name.from_text(domain), tokenizer)
    reader = dns.zonefile.Reader(tokenizer, dns.rdataclass.IN, noted)  # type: ignore[arg-type]  # what it asks of one
    with suppress(dns.exception.DNSException, ValueError, KeyError):  # what comes after is not placed
        reader.read()
    return noted.found


class _Noted:
    """What a reader fills: it asks for the origin and adds records."""

    def __init__(self, origin: dns.name.Name, tokenizer: dns.tokenizer.Tokenizer) -> None:
        self.manager = self
        self.found: list[tuple[int, dns.name.Name, int, str]] = []
        self._origin, self._tokenizer = origin, tokenizer

    def origin_information(self) -> tuple[dns.name.Name, bool, dns.name.Name]:
        """Absolute names, below this one."""
        return self._origin, False, self._origin

    def _set_origin(self, _origin: dns.name.Name) -> None:
        """An $ORIGIN of the file: the reader keeps it itself."""

    def check_put_rdataset(self, _check: Any) -> None:
        """named has checked it."""

    def add(self, name: dns.name.Name, _ttl: int, rdata: Any) -> None:
        """One record; its line has just been read."""
        self.found.append((self._tokenizer.where()[1] - 1, name, rdata.rdtype, rdata.to_text()))
