"""The list of guards fits the code and the table of failures."""

import ast
from functools import cache

import pytest

from tests.guards import GUARDS, NOT_TAKEN_OUT
from tests.guards.guard import ROOT, Guard, failures
from tests.guards.outcomes import is_case

EVERY = pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: f"{guard.file}: {guard.words}")


@cache
def functions_of(name: str) -> set[str]:
    """The tests of a file."""
    return {node.name for node in ast.parse((ROOT / name).read_text()).body if isinstance(node, ast.FunctionDef)}


@EVERY
def test_guard_can_be_taken_out(guard: Guard) -> None:
    whole = (ROOT / guard.file).read_text()
    without = guard.without(whole)
    assert without != whole
    if guard.file.endswith(".py"):
        compile(without, guard.file, "exec")


@EVERY
def test_tests_of_a_guard_are_there(guard: Guard) -> None:
    assert guard.tests
    for test in guard.tests:
        name, _, function = test.partition("[")[0].partition("::")
        assert function in functions_of(name), test


def test_every_failure_has_a_guard_that_is_taken_out() -> None:
    tried = {guard.failure for guard in GUARDS}
    assert [each for each in failures() if each not in tried and each not in NOT_TAKEN_OUT] == []
    assert sorted({*tried, *NOT_TAKEN_OUT} - set(failures())) == []
    assert sorted(tried & NOT_TAKEN_OUT.keys()) == []


def test_no_guard_stands_twice() -> None:
    assert len({(guard.failure, guard.file, guard.old, guard.new) for guard in GUARDS}) == len(GUARDS)


def test_table_is_read() -> None:
    """An expression that no longer matches would ask for nothing."""
    assert len(failures()) > 50


@pytest.mark.parametrize(
    ("test", "named", "same"),
    [
        ("a.py::test_x", "a.py::test_x", True),
        ("a.py::test_x[sqlite]", "a.py::test_x", True),
        ("a.py::test_x[sqlite]", "a.py::test_x[sqlite]", True),
        ("a.py::test_x[sqlite-1]", "a.py::test_x[sqlite]", True),
        ("a.py::test_x[postgresql-1]", "a.py::test_x[sqlite]", False),
        ("a.py::test_xy", "a.py::test_x", False),
    ],
)
def test_case(test: str, named: str, same: bool) -> None:
    assert is_case(test, named) == same
