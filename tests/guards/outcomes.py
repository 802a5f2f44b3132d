"""A pytest plugin that writes down how each test ended, for the run that is watched from outside."""

import json
import os
from pathlib import Path

import pytest

#: The environment's names of the file that is written to, and of the tests (JSON).
WRITTEN, NAMED = "GUARDS_OUTCOMES", "GUARDS_TESTS"


def is_case(test: str, named: str) -> bool:
    """Is the test what was named, or a case of it? `[sqlite]` names all cases whose first parameter that is."""
    return test == named or test.startswith((f"{named}[", f"{named.removesuffix(']')}-"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Only the cases that were named run; pytest itself was given whole tests."""
    named = json.loads(os.environ[NAMED])
    left = [item for item in items if any(is_case(item.nodeid, each) for each in named)]
    config.hook.pytest_deselected(items=[item for item in items if item not in left])
    items[:] = left


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A line of JSON: the test, its phase (setup, call, teardown), how it ended, and why."""
    crash = getattr(report.longrepr, "reprcrash", None)
    why = next(iter(crash.message.splitlines()), "") if crash else ""
    line = {"test": report.nodeid, "when": report.when, "outcome": report.outcome, "why": why}
    with Path(os.environ[WRITTEN]).open("a") as stream:
        stream.write(json.dumps(line) + "\n")
