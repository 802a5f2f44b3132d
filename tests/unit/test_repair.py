"""The test of named's zone database before each start: what becomes of one that does not come to its end."""

from pathlib import Path

import pytest

from nameserver import embedded
from nameserver.errors import NameserverError
from nameserver.target import Target


def target(tmp_path: Path, script: str) -> Target:
    """A nameserver whose agent is this shell script; `$N` counts its runs."""
    counted = f"cd {tmp_path}; echo >>runs; N=$(wc -l <runs); {script}"
    return Target("ns1", ("sh", "-c", counted), (), 53, str(tmp_path))


def runs(tmp_path: Path) -> int:
    return len((tmp_path / "runs").read_text().splitlines())


def test_one_that_was_killed_is_done_again(tmp_path: Path) -> None:
    embedded.repair(target(tmp_path, "[ $N = 3 ] || kill -KILL $$"))
    assert runs(tmp_path) == 3


def test_one_that_is_killed_each_time_is_told(tmp_path: Path) -> None:
    with pytest.raises(NameserverError, match="ns1 could not be tested: it was killed"):
        embedded.repair(target(tmp_path, "kill -KILL $$"))


def test_what_it_says_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(NameserverError, match="could not be tested: the disk is full"):
        embedded.repair(target(tmp_path, "echo the disk is full >&2; exit 1"))
    assert runs(tmp_path) == 1


def test_one_that_takes_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_REPAIR_TIMEOUT", 0.2)
    with pytest.raises(NameserverError, match="longer than 0 s"):
        embedded.repair(target(tmp_path, "exec sleep 60"))
