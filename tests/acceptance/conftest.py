"""Stacks for the acceptance tests: one for all tests that only use it, one each for those that break it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from tests.nameservers import installed
from tests.stack import PROC, Stack, running


@pytest.fixture(scope="session", autouse=True)
def _possible() -> None:
    if not installed():
        pytest.skip("BIND is not installed")
    if not (PROC / "self" / "stat").exists():
        pytest.skip("these tests read /proc")


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that no test breaks; each test has zones of its own."""
    with running(tmp_path_factory.mktemp("stack") / "data") as stack:
        yield stack
        stack.stop()


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A stack for this test alone, ready, with a fresh data folder."""
    with running(tmp_path / "data") as stack:
        yield stack


@pytest.fixture
def prepared(tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    """Makes stacks that are not started; `prepared(environment={...})`."""
    with ExitStack() as closing:

        def prepare(**options: object) -> Stack:
            stack = Stack(tmp_path / "data", **options)  # type: ignore[arg-type]
            closing.callback(stack.close)
            return stack

        yield prepare


@pytest.fixture
def domain() -> Callable[[], str]:
    """Domains that no other test has."""
    return _domain


_numbers = count(1)


def _domain() -> str:
    return f"zone{next(_numbers)}.example.com"
