"""The children of `up`: none outlives it; one that fails is started again, and told with its reason."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from api.cli.children import Child
from api.cli.following import Follower

_CHILD = "import os; from api.cli.children import die_with_parent; die_with_parent({parent}); print('lives')"


@pytest.mark.parametrize(("parent", "said"), [("os.getppid()", "lives\n"), ("1 + os.getppid()", "")])
def test_child_whose_parent_died_before_it_could_say_so(parent: str, said: str) -> None:
    argv = [sys.executable, "-c", _CHILD.format(parent=parent)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=os.environ)
    assert (done.stdout, done.stderr) == (said, "")


def child(tmp_path: Path, *argv: str, **more: Any) -> Child:
    """One that runs this command, with its log in `tmp_path`."""
    return Child("ns1", lambda: argv, tmp_path / "log" / "ns1.log", **more)


def test_one_that_keeps_failing_is_started_again_later_and_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    failing = child(tmp_path, "false")
    pauses, told = [], []
    for _ in range(16):
        failing.fail()
        pauses.append(failing.due - 1000.0)
        told.append(failing.failures if failing.keeps_failing() and failing.often() else None)
    assert pauses == [0] * 5 + [1, 2, 4, 8, 16] + [30] * 6
    assert [number for number in told if number] == [6, 8, 16]


def test_one_that_ran_for_a_minute_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: moment[0])
    failing = child(tmp_path, "sleep", "60")
    for _ in range(7):
        failing.fail()
    failing.start()
    try:
        assert not failing.recovered()
        moment[0] += 61
        assert failing.recovered()
        assert not failing.recovered()
    finally:
        failing.terminate()
        failing.wait(10)
    failing.fail()
    assert (failing.failures, failing.due) == (1, moment[0])


def test_one_that_was_not_started_counts_as_ended(tmp_path: Path) -> None:
    failing = child(tmp_path, str(tmp_path / "nowhere"))
    with pytest.raises(OSError, match="nowhere"):
        failing.start()
    assert failing.ended()


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["general: info: all is well", "general: notice: running"], "general: notice: running"),
        (
            ["info: reading", "config: error: unknown option 'x'", "critical: exiting"],
            "config: error: unknown option 'x'",
        ),
        (["config: error: of long ago", "general: notice: running"], "general: notice: running"),
        ([], "nothing"),
    ],
)
def test_last_words_are_the_cause(tmp_path: Path, lines: list[str], told: str) -> None:
    log = tmp_path / "start.log"
    log.write_text("".join(f"2026-11-25 {line}\n" for line in lines))
    words = child(tmp_path, "false", logs=[log, tmp_path / "named.log"]).last_words()
    assert words.endswith(told)
    assert not lines or words.startswith(f"{log} ")


def test_last_words_are_of_the_log_written_last(tmp_path: Path) -> None:
    logs = [tmp_path / name for name in ("start.log", "named.log")]
    for age, log in enumerate(logs):
        log.write_text(f"said in {log.name}\n")
        os.utime(log, (1000 - age, 1000 - age))
    assert child(tmp_path, "false", logs=logs).last_words() == f"{logs[0]} ends with: said in start.log"


def test_words_are_found_however_the_log_is_rotated(tmp_path: Path) -> None:
    log = tmp_path / "named.log"
    log.write_text("an earlier start: all zones loaded\n" * 9)
    follower = Follower(log)
    assert not follower.says(b"all zones loaded")
    log.rename(tmp_path / "named.log.0")
    log.write_text("a warning\n")
    assert not follower.says(b"all zones loaded")
    with log.open("a") as stream:
        stream.write("all zones lo")
        stream.flush()
        assert not follower.says(b"all zones loaded")
        stream.write("aded\n")
    (tmp_path / "named.log.0").rename(tmp_path / "named.log.1")
    log.rename(tmp_path / "named.log.0")
    log.write_text("more warnings\n" * 99)
    assert follower.says(b"all zones loaded")


def test_words_are_found_in_a_log_that_began_anew(tmp_path: Path) -> None:
    log = tmp_path / "named.log"
    log.write_text("all zones loaded\n" * 9)
    follower = Follower(log)
    log.write_text("all zones loaded\n")
    assert follower.says(b"all zones loaded")
