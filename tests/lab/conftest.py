"""The lab, brought up once for all tests of this folder, and whole again after each."""

from collections.abc import Iterator

import pytest

from tests.lab.hosts import Host, Lab, LabMissing


@pytest.fixture(scope="session")
def running_lab() -> Iterator[Lab]:
    """The lab; tests that need it are skipped where it cannot be had."""
    lab = Lab()
    try:
        lab.up()
        yield lab
    except LabMissing as reason:
        pytest.skip(f"no lab: {reason}")
    finally:
        lab.down()


@pytest.fixture
def lab(running_lab: Lab) -> Iterator[Lab]:
    """The lab with no fault in it, before and after."""
    yield running_lab
    running_lab.heal_all()


@pytest.fixture
def ns1(lab: Lab) -> Host:
    """The first nameserver."""
    return lab.host("ns1")


@pytest.fixture
def ns2(lab: Lab) -> Host:
    """The second nameserver."""
    return lab.host("ns2")
