"""Serials: RFC 1982's arithmetic, the wrap, the clock that goes back."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nameserver.serial import MODULUS, following, newer, newest, next_serial

HALF = 2**31
serials = st.integers(0, MODULUS - 1)
days = st.dates(date(2000, 1, 1), date(4290, 12, 31))


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (2, 1, True),
        (1, 2, False),
        (1, 1, False),
        (0, MODULUS - 1, True),
        (MODULUS - 1, 0, False),
        (HALF - 1, 0, True),
        (HALF, 0, False),  # not comparable, either way
        (0, HALF, False),
    ],
)
def test_newer(left: int, right: int, expected: bool) -> None:
    assert newer(left, right) is expected


@given(serials, serials)
def test_never_newer_than_each_other(left: int, right: int) -> None:
    assert not (newer(left, right) and newer(right, left))


@given(serials)
def test_following_is_newer_and_never_0(serial: int) -> None:
    assert newer(following(serial), serial)
    assert following(serial) != 0


def test_newest_over_the_wrap() -> None:
    assert newest([MODULUS - 5, 3, MODULUS - 1]) == 3


def test_first_of_a_day() -> None:
    assert next_serial(date(2026, 3, 9)) == 2026030900
    assert next_serial(date(2026, 3, 9), 2026030899) == 2026030900


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ((2026030900,), 2026030901),
        ((2026030999,), 2026031000),  # more than 100 changes a day run on
        ((2027030900,), 2027030901),  # the clock went back a year
        ((2026030905, 2026030917, 2026030901), 2026030918),  # a server is ahead of a restored database
        ((MODULUS - 1,), 2026030900),
        ((4100000000,), 4100000001),
        ((0,), 2026030900),
    ],
)
def test_next(known: tuple[int, ...], expected: int) -> None:
    assert next_serial(date(2026, 3, 9), *known) == expected


def test_wrap_skips_0() -> None:
    # 2147-12-31 is beyond 2**31, so the day's own form is not newer than this serial.
    assert next_serial(date(2200, 1, 1), MODULUS - 1) == 1


def test_newer_than_one_from_before_the_wrap() -> None:
    # The day's form is newer than 50, but more than half the circle away from 4100000000.
    assert newer(next_serial(date(2026, 1, 1), 4100000000, 50), 4100000000)


@given(days, serials, st.lists(st.integers(0, HALF - 3), min_size=1, max_size=6))
def test_newer_than_every_known(today: date, start: int, offsets: list[int]) -> None:
    """All serials a zone ever had lie within half the circle, or no serial is newer than all of them."""
    known = [(start + offset) % MODULUS for offset in offsets]
    chosen = next_serial(today, *known)
    assert 0 <= chosen < MODULUS
    assert all(newer(chosen, serial) for serial in known)
