"""The run that takes guards out: it runs the copy, believes no test that fails anyway, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guards.checkout import Checkout, checkout
from tests.guards.guard import ROOT, Guard
from tests.guards.trial import try_each, untrustworthy
from tests.nameservers import installed
from tests.stack import eventually

_FILE = "tests/unit/test_serial.py"


@pytest.fixture(scope="module")
def copy() -> Iterator[Checkout]:
    """A copy of this checkout."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    with checkout() as made:
        yield made


def taken_out(file: str, old: str, new: str, *tests: str) -> Guard:
    return Guard("a failure", file, old, new, tests)


def test_what_runs_is_the_copy(copy: Checkout, tmp_path: Path) -> None:
    """An editable installation points to the checkout: neither its script nor `python -m` may come from there."""
    script = Path(sys.executable).with_name("zonewright")
    argvs = [[sys.executable, "-m", "api"], [sys.executable, "-P", "-m", "api"], [str(script)]]
    guard = taken_out("api/__main__.py", "    from api.cli import zonewright\n", '    sys.exit("the copy")\n')
    with copy.without(guard):
        for argv in argvs if script.exists() else argvs[:2]:
            done = subprocess.run(argv, cwd=tmp_path, env=copy.environment, capture_output=True, text=True)
            assert done.stderr == "the copy\n"
    done = subprocess.run(argvs[0], cwd=tmp_path, env=copy.environment, capture_output=True, text=True)
    assert "the copy" not in done.stderr


def test_a_guard_that_is_missed_and_one_that_is_not(copy: Checkout) -> None:
    test = f"{_FILE}::test_wrap_skips_0"
    guards = [
        taken_out("nameserver/serial.py", " or 1\n", "\n", test),
        taken_out("nameserver/serial.py", "The serial after this one", "The next serial", test),
        taken_out("nameserver/serial.py", "from functools import reduce\n", "from functools import none\n", test),
        taken_out("nameserver/serial.py", "no such text", "", test),
        taken_out("nameserver/serial.py", " or 1\n", "\n", test + "_or_not"),
    ]
    results = list(try_each(copy, guards[:4], {}))
    assert [each.test for each in results] == [test, None, None, None]
    assert [each.why[:18] for each in results[1:]] == ["pytest ended with ", "pytest ended with ", "“no such text” sta"]
    assert "**not noticed**" in results[1].row
    assert (copy.root / "nameserver/serial.py").read_text() == (ROOT / "nameserver/serial.py").read_text()
    assert [each.test for each in try_each(copy, guards[4:], {})] == [None]


def test_a_test_that_fails_anyway_notices_nothing(copy: Checkout) -> None:
    good, bad = f"{_FILE}::test_first_of_a_day", f"{_FILE}::test_wrap_skips_0"
    spoilt = taken_out(
        _FILE, "def test_wrap_skips_0() -> None:\n", "def test_wrap_skips_0() -> None:\n    raise ValueError\n"
    )
    guards = [taken_out("nameserver/serial.py", "_HALF = 2**31", "_HALF = 2**30", each) for each in (good, bad)]
    with copy.without(spoilt):
        found = untrustworthy(copy, guards)
        [first, second] = try_each(copy, guards, found)
    assert list(found) == [bad]
    assert (first.test, second.test) == (None, None)
    assert "with all guards in place it is failed" in second.why


@pytest.mark.skipif(not installed(), reason="BIND is not installed")
def test_nothing_is_left_when_it_is_stopped(tmp_path: Path) -> None:
    """Neither the copy nor a process, though a test is under way."""
    environment = os.environ | {"TMPDIR": str(tmp_path), "STOPPED": str(tmp_path)}
    argv = [sys.executable, "-m", "tests.guards", "--only", "api/cli/children.py"]
    process = subprocess.Popen(argv, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: list(tmp_path.glob("guards-*/tmp/pytest-of-*/*/*/data/ns1")), 90)
        process.send_signal(signal.SIGTERM)
        assert process.wait(90) == 1
    finally:
        process.kill()
        process.communicate()
    assert list(tmp_path.iterdir()) == []
    mark = f"STOPPED={tmp_path}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            assert mark not in (entry / "environ").read_bytes().split(b"\0"), (entry / "cmdline").read_bytes()
        except OSError:
            continue
