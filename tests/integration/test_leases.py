"""Leases: one control plane works on a nameserver, and its number tells who is the latest."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from api.changes import leases

Advance = Callable[[float], None]


@pytest.fixture(autouse=True)
def _within(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.fixture
def advance(monkeypatch: pytest.MonkeyPatch) -> Advance:
    """Let so many seconds pass."""
    moment = [leases.time.time()]
    monkeypatch.setattr("api.changes.leases.time.time", lambda: moment[0])

    def passed(seconds: float) -> None:
        moment[0] += seconds

    return passed


def test_lease_is_for_one(advance: Advance) -> None:
    """Until it ends, is let go, or is taken by who knows that the other one is dead."""
    assert [each.name for each in leases.take("first")] == ["ns1", "ns2"]
    advance(leases.LEASE_SECONDS - 1)
    assert leases.take("second") == []
    assert len(leases.take("first")) == 2
    advance(leases.LEASE_SECONDS - 1)
    assert leases.take("second") == []
    advance(2)
    assert len(leases.take("second")) == 2
    leases.release("second")
    assert len(leases.take("third")) == 2
    assert len(leases.take("fourth", take_over=True)) == 2
    assert leases.take("third") == []


def test_each_new_owner_has_a_higher_number(advance: Advance) -> None:
    """A renewal keeps it: the nameservers refuse what comes late from an earlier owner."""
    first = [each.fence for each in leases.take("first")]
    assert [each.fence for each in leases.take("first")] == first
    advance(leases.LEASE_SECONDS + 1)
    second = [each.fence for each in leases.take("second")]
    third = [each.fence for each in leases.take("third", take_over=True)]
    assert all(one < two < three for one, two, three in zip(first, second, third, strict=True))
