"""Every guard taken out in turn: a test notices each time."""

import subprocess
import sys

import pytest

from tests.guards.guard import ROOT


@pytest.mark.long
@pytest.mark.timeout(2 * 60 * 60)
def test_every_guard_is_missed() -> None:
    done = subprocess.run([sys.executable, "-m", "tests.guards"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    print(done.stdout)
    assert done.returncode == 0, done.stdout
