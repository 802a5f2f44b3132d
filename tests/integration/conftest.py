"""A real named shared by a module's tests, and one of its own for tests that kill or starve it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from nameserver.transport.pipe import PipeTransport
from tests.nameservers import RunningNamed, installed, running


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNamed]:
    """One named for the whole module: each test has zones of its own."""
    if not installed():
        pytest.skip("BIND is not installed")
    with running(tmp_path_factory.mktemp("named") / "ns1") as named:
        yield named


@pytest.fixture
def pipe(shared: RunningNamed) -> Iterator[PipeTransport]:
    """A way to the shared named's agent."""
    with shared.transport() as transport:
        yield transport


@pytest.fixture
def named(tmp_path: Path) -> Iterator[Callable[..., RunningNamed]]:
    """Start a named for this test alone: `named(changes={...})`."""
    if not installed():
        pytest.skip("BIND is not installed")
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(running(tmp_path / "ns1", **options))
