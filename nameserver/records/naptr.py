"""The substitution expression of a NAPTR record (RFC 3402, section 3.2), as strict as named is.

named refuses the whole zone for an expression that is not sound: `!pattern!replacement!` with an optional `i`,
a POSIX extended regular expression, and no reference to a group that isn't there. Python's `re` reads a dialect
of it; what Python takes and POSIX does not is refused besides. Where the two differ, we are the stricter.
"""

import re
import warnings

_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_BRACKETS = re.compile(rb"\[\^?\]?(?:\[:[a-z]+:\]|\[(?!:)|[^][])*+\]")
_BACKSLASH_IN_BRACKETS = re.compile(rb"\[[^]]*\\")  # literal there for POSIX, an escape for Python
# An open bracket, two repetitions in a row, Python's extensions, empty alternatives, counts over 255 (RE_DUP_MAX).
_NOT_POSIX = re.compile(rb"\[|[*+?}][*+?{]|\(\?|(?:^|[|(])\||\|(?:$|\))|[0-9]{4}|[3-9][0-9]{2}|25[6-9]|2[6-9][0-9]")


def is_sound(expression: bytes) -> bool:
    """Would named take the expression? An empty one means that there is none, and is fine."""
    if not expression:
        return True
    delimiter, rest = expression[:1], expression[1:]
    if delimiter in b"0123456789\\i" or b"\0" in expression:
        return False
    parts = _form(delimiter).fullmatch(rest)
    return parts is not None and _highest_reference(parts[2]) <= _groups(parts[1])


def _form(delimiter: bytes) -> re.Pattern[bytes]:
    """Pattern, delimiter, replacement, delimiter, flags. A backslash takes the next octet with it."""
    part = rb"((?:[^\\%b]|\\.)*+)%b" % (re.escape(delimiter), re.escape(delimiter))
    return re.compile(part + part + rb"i*", re.DOTALL)


def _groups(pattern: bytes) -> int:
    """How many groups the pattern has, or -1 when it is no POSIX regular expression."""
    bare = _BRACKETS.sub(b"x", _ESCAPED.sub(b"x", pattern))
    if not bare or _NOT_POSIX.search(bare) or _BACKSLASH_IN_BRACKETS.search(pattern):
        return -1
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's plans for its own dialect
            return re.compile(pattern).groups
    except (re.error, OverflowError, RecursionError):
        return -1


def _highest_reference(replacement: bytes) -> int:
    r"""The highest of \1 to \9 in the replacement; \0 is one that no pattern has."""
    digits = [int(octets[1:]) for octets in _ESCAPED.findall(replacement) if octets[1:].isdigit()]
    return 99 if 0 in digits else max(digits, default=0)
