"""What `up` does about a part that fails: before it is ready it ends with the reason, then never again."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from api.cli import stack as up
from api.cli.children import Child
from api.errors import OperatorError
from nameserver.errors import NameserverError


def broken(tmp_path: Path, error: Exception) -> Child:
    """A nameserver whose start raises this."""

    def argv() -> Sequence[str]:
        raise error

    return Child("ns1", argv, tmp_path / "log" / "ns1.log")


@pytest.fixture
def stack(tmp_path: Path) -> up.Stack:
    """Nothing of it runs."""
    return up.Stack(tmp_path, ("127.0.0.1", 8053), [], None)


@pytest.mark.parametrize("error", [NameserverError("no room"), OperatorError("no room"), OSError("no room")])
def test_start_that_raises_is_a_failure_among_others(
    stack: up.Stack, tmp_path: Path, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    stack._children = [broken(tmp_path, error)]
    with pytest.raises(type(error)):
        stack._revive()
    stack._ready = True
    for _ in range(9):  # from the sixth on it waits
        stack._revive()
    said = capsys.readouterr().err.splitlines()
    assert said[:5] == ["ns1 could not be started and is started again. no room"] * 5
    assert said[5:] == ["ns1 failed 6 times and is tried again at intervals. no room"]
    assert stack._children[0].failures == 6


def test_stderr_that_is_gone_stops_nothing(stack: up.Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object, **__: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(up.click, "echo", gone)
    stack._children, stack._ready = [broken(tmp_path, OSError("no room"))], True
    stack._revive()
    assert stack._children[0].failures == 1


def test_what_does_not_answer_in_time_is_named(stack: up.Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(up, "_SECONDS_TO_START", 0.0)
    monkeypatch.setattr(stack, "_embedded", {"ns1": None, "ns2": None})
    monkeypatch.setattr(stack, "_loaded", lambda name: name == "ns1")
    monkeypatch.setattr(stack, "_api_answers", lambda: True)
    with pytest.raises(OperatorError, match="there is no answer from ns2,"):
        stack._until_ready()
