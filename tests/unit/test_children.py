"""A child of `up` never outlives it, whenever `up` dies."""

import os
import subprocess
import sys

import pytest

_CHILD = "import os; from api.cli.children import die_with_parent; die_with_parent({parent}); print('lives')"


@pytest.mark.parametrize(("parent", "said"), [("os.getppid()", "lives\n"), ("1 + os.getppid()", "")])
def test_child_whose_parent_died_before_it_could_say_so(parent: str, said: str) -> None:
    argv = [sys.executable, "-c", _CHILD.format(parent=parent)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=os.environ)
    assert (done.stdout, done.stderr) == (said, "")
