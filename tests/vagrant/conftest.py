"""The machines of deploy/lab/vagrant-offline: its verb `test` runs these tests, no other call collects them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vagrant.machines import Machines

RUNNING = "ZONEWRIGHT_VAGRANT"
collect_ignore_glob = [] if RUNNING in os.environ else ["test_*.py"]


@pytest.fixture(scope="session")
def machines() -> Iterator[Machines]:
    """The machines, with an account of the tests' own."""
    made = Machines(Path(os.environ[RUNNING]))
    yield made
    made.end()
