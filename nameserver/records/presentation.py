"""Values in presentation form (RFC 1035, section 5.1): dnspython parses and prints them.

What is printed is always what goes over the wire. Beyond dnspython's checks there are named's: it refuses
some values that dnspython takes, and a value that named refuses would keep the whole zone from loading.
"""

import re
import struct
from typing import Any

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from dns.rdtypes.svcbbase import ParamKey

from nameserver.errors import InvalidInput
from nameserver.names import canonical_host, check_line
from nameserver.records import naptr

_LONGEST_INPUT = 300_000  # the longest rdata, 65,535 octets, with every octet escaped as \DDD

# Which attribute of the rdata is a host name, and whether it may be the root.
_NAMES = {
    "PTR": ("target", False),
    "DNAME": ("target", False),
    "NAPTR": ("replacement", True),
    "SVCB": ("target", True),
    "HTTPS": ("target", True),
}

_SERVICE_BINDINGS = frozenset({dns.rdatatype.SVCB, dns.rdatatype.HTTPS})
_UNKNOWN_TO_NAMED = frozenset({ParamKey.OHTTP, ParamKey.DOCPATH})
_DOHPATH = re.compile(rb"/[^{}\x80-\xff]*\{[?&]?(?:[a-z]+,)*dns(?:,[a-z]+)*\}[^{}\x80-\xff]*")

EXAMPLES = {
    "CAA": '0 issue "letsencrypt.org"',
    "PTR": "host.example.com.",
    "TLSA": "3 1 1 and the SHA-256 digest in hex",
    "SSHFP": "4 2 and the SHA-256 digest in hex",
    "DS": "12345 13 2 and the SHA-256 digest in hex",
    "NAPTR": '100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .',
    "SVCB": '1 . alpn="h2"',
    "HTTPS": '1 . alpn="h2,h3"',
    "DNAME": "example.net.",
    "LOC": "52 22 23.000 N 4 53 32.000 E -2.00m",
    "URI": '10 1 "https://www.example.com/"',
    "SMIMEA": "3 1 1 and the SHA-256 digest in hex",
    "OPENPGPKEY": "the key in Base64",
    "HINFO": '"ARM64" "LINUX"',
}


def canonical(record_type: str, value: str, domain: str) -> str:
    """The value as dnspython prints it, host names in canonical form with their final dot.

    Raises InvalidInput("value").
    """
    check_line(value, "value")
    rdata = _with_canonical_names(record_type, parse(record_type, value), domain)
    _check_for_named(rdata)
    return _as_on_the_wire(record_type, rdata).to_text()


def parse(record_type: str, text: str) -> dns.rdata.Rdata:
    """Typed rdata from presentation form; names without a final dot are absolute. Raises InvalidInput("value")."""
    if len(text) > _LONGEST_INPUT:
        raise InvalidInput("value", "The value is longer than any record can be; shorten it.")
    try:
        rdata = dns.rdata.from_text(
            dns.rdataclass.IN,
            dns.rdatatype.from_text(record_type),
            text,
            origin=dns.name.root,
            relativize=False,
            idna_codec=dns.name.IDNA_2008_UTS_46,
        )
    except (dns.exception.DNSException, ValueError) as error:
        raise _invalid(record_type, error) from error
    if rdata.rdcomment is not None:
        raise InvalidInput("value", 'What follows the ";" would be lost as a comment; put the text in double quotes.')
    return rdata


def _invalid(record_type: str, error: Exception) -> InvalidInput:
    example = EXAMPLES.get(record_type)
    reason = str(error).rstrip(".")
    mend = f"; write it like this: {example}" if example else "."
    return InvalidInput("value", f"This is not a valid value of a {record_type} record ({reason}){mend}")


def _with_canonical_names(record_type: str, rdata: dns.rdata.Rdata, domain: str) -> dns.rdata.Rdata:
    if record_type not in _NAMES:
        return rdata
    attribute, root_allowed = _NAMES[record_type]
    host = canonical_host(getattr(rdata, attribute).to_text(), domain, root_allowed=root_allowed)
    return rdata.replace(**{attribute: dns.name.from_text(host)})


def _as_on_the_wire(record_type: str, rdata: dns.rdata.Rdata) -> dns.rdata.Rdata:
    """The rdata after a way over the wire, so that nothing is printed that would not be served."""
    rdata = normalised(record_type, rdata)
    try:
        wire = rdata.to_wire() or b""
        return dns.rdata.from_wire(rdata.rdclass, rdata.rdtype, wire, 0, len(wire))
    except (dns.exception.DNSException, ValueError, ArithmeticError, struct.error) as error:
        raise _invalid(record_type, error) from error


def normalised(record_type: str, rdata: Any) -> Any:
    """The types of which one meaning has several forms."""
    if record_type == "CAA":
        return rdata.replace(tag=rdata.tag.lower())  # tags match without case (RFC 8659, section 4.1)
    if record_type == "LOC":
        return _whole_centimetres(rdata)
    return rdata


def _whole_centimetres(rdata: Any) -> Any:
    """dnspython counts in floats and cuts them: 0.29 m would be 28 cm on the wire."""
    lengths = (rdata.altitude, rdata.size, rdata.horizontal_precision, rdata.vertical_precision)
    try:
        whole = map(round, lengths)
        return type(rdata)(rdata.rdclass, rdata.rdtype, rdata.latitude, rdata.longitude, *whole)
    except (ValueError, OverflowError) as error:  # nan, inf
        raise _invalid("LOC", error) from error


def _check_for_named(rdata: Any) -> None:
    """Refuse what dnspython takes and named does not."""
    if rdata.rdtype == dns.rdatatype.NAPTR and not naptr.is_sound(rdata.regexp):
        mend = "write it like !^.*$!sip:info@example.com!"
        raise InvalidInput("value", f"The regular expression of the NAPTR record is not valid; {mend}")
    if rdata.rdtype in _SERVICE_BINDINGS and ParamKey.DOHPATH in rdata.params:
        _check_dohpath(rdata.params[ParamKey.DOHPATH])


def _check_dohpath(param: Any) -> None:
    """A relative URI template with the variable dns (RFC 9461, section 5)."""
    if param is None or not _DOHPATH.fullmatch(param.value):
        raise InvalidInput("value", "The dohpath must be a path with the variable dns, such as /dns-query{?dns}")


def servable(rdata: dns.rdata.Rdata) -> dns.rdata.Rdata:
    """The rdata in a form that named reads: SVCB keys newer than BIND 9.18 are printed as RFC 3597 has it."""
    if rdata.rdtype in _SERVICE_BINDINGS and not _UNKNOWN_TO_NAMED.isdisjoint(rdata.params):  # type: ignore[attr-defined]
        return rdata.to_generic()
    return rdata
