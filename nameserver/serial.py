"""Serial arithmetic (RFC 1982) and the next serial of a zone (YYYYMMDDnn, always forward)."""

from collections.abc import Iterable
from datetime import date
from functools import reduce

MODULUS = 2**32
_HALF = 2**31


def newer(left: int, right: int) -> bool:
    """Is `left` newer than `right`? Both are 0 to 2**32 - 1 (RFC 1982, section 3.2).

    Two serials exactly 2**31 apart are not comparable; neither is newer.
    """
    return left != right and (left - right) % MODULUS < _HALF


def newest(serials: Iterable[int]) -> int:
    """The newest of one or more serials, by RFC 1982. Raises TypeError when there is none."""
    return reduce(lambda left, right: right if newer(right, left) else left, serials)


def following(serial: int) -> int:
    """The serial after this one; 0 is skipped, since some software takes it for "none"."""
    return (serial + 1) % MODULUS or 1


def next_serial(today: date, *known: int) -> int:
    """The serial for a change made today, newer than every known serial.

    `known` are the serials the database, a tombstone or a nameserver holds. The form is YYYYMMDDnn;
    with more than 100 changes a day, or a clock that went back, the number simply runs on.
    """
    start = (today.year * 10000 + today.month * 100 + today.day) * 100
    if not known:
        return start
    # "Newer" is no order over the whole circle: the day's first serial must be newer than each of them.
    return start if all(newer(start, serial) for serial in known) else following(newest(known))
