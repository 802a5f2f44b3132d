"""TXT values: the raw text or, where that would be read otherwise, quoted strings.

A TXT record is one or more strings of at most 255 octets (RFC 1035, section 3.3.14). Raw text is cut into
strings by us. A value that is nothing but quoted strings is read as presentation form (section 5.1), and is
how we answer strings that raw text can't express.
"""

import re

import dns.rdataclass
import dns.rdatatype
from dns.rdtypes.ANY.TXT import TXT

from nameserver.errors import InvalidInput
from nameserver.names import check_text

MOST_OCTETS = 64_000
_MOST_STRING = 255
_MOST_WIRE = MOST_OCTETS + -(-MOST_OCTETS // _MOST_STRING)  # a length octet before each string

# The possessive quantifiers (*+, ++) never step back, so the time is linear in the length of hostile input.
_INSIDE = r'"((?:[^"\\]|\\.)*+)"'
_ONE_STRING = re.compile(_INSIDE, re.DOTALL)
_ONLY_STRINGS = re.compile(rf"[ \t\r\n]*+(?:{_INSIDE}[ \t\r\n]*+)++", re.DOTALL)
_ESCAPE = re.compile(rb"\\([0-9]{1,3}|.)", re.DOTALL)


def canonical(value: str) -> str:
    """The value as the API answers it. Raises InvalidInput("value")."""
    return written(strings(value))


def rdata(value: str) -> TXT:
    """The typed rdata of a TXT value. Raises InvalidInput("value")."""
    return _rdata(strings(value))


def strings(value: str) -> tuple[bytes, ...]:
    """The strings that a value stands for, at least one. Raises InvalidInput("value")."""
    check_text(value, "value")
    found = _quoted(value) if _ONLY_STRINGS.fullmatch(value) else _cut(value.encode())
    octets = sum(map(len, found))
    if octets > MOST_OCTETS or octets + len(found) > _MOST_WIRE:
        raise InvalidInput("value", f"The text is longer than {MOST_OCTETS} octets; shorten it.")
    return found


def written(found: tuple[bytes, ...]) -> str:
    """The value for these strings: raw if it would be read as the same strings again, else quoted."""
    try:
        text = b"".join(found).decode()
    except UnicodeDecodeError:
        return _presentation(found)
    # A text that starts with a quote is always quoted, so that nobody has to guess which of the two it is.
    if text.startswith('"') or "\0" in text or _ONLY_STRINGS.fullmatch(text) or _cut(text.encode()) != found:
        return _presentation(found)
    return text


def _presentation(found: tuple[bytes, ...]) -> str:
    return _rdata(found).to_text()


def _rdata(found: tuple[bytes, ...]) -> TXT:
    return TXT(dns.rdataclass.IN, dns.rdatatype.TXT, found)


def _cut(octets: bytes) -> tuple[bytes, ...]:
    """Strings of 255 octets and a rest. A character may be cut in two: readers join before they decode."""
    return tuple(octets[start : start + _MOST_STRING] for start in range(0, len(octets), _MOST_STRING)) or (b"",)


def _quoted(value: str) -> tuple[bytes, ...]:
    found = tuple(_unescaped(match[1].encode()) for match in _ONE_STRING.finditer(value))
    if any(len(string) > _MOST_STRING for string in found):
        mend = "leave the quotes out, and the text is split for you"
        raise InvalidInput("value", f"A quoted string is longer than {_MOST_STRING} octets; {mend}.")
    return found


def _unescaped(octets: bytes) -> bytes:
    return _ESCAPE.sub(_octet, octets)


def _octet(match: re.Match[bytes]) -> bytes:
    """What one escape stands for: \\DDD is the octet of that number, \\X is X (RFC 1035, section 5.1)."""
    escaped = match[1]
    if not escaped[:1].isdigit():
        return escaped
    if len(escaped) < 3 or int(escaped) > 255:
        raise InvalidInput("value", "A \\ before a digit in a quoted string needs three digits from 000 to 255.")
    return bytes([int(escaped)])
