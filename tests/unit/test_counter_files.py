"""Counters on a full disk: the process goes on, and counts in its memory."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from api.counter_files import CounterFile

linux = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="Linux only")
_COUNT = """
from api.metrics import metrics
for number in range({times}):
    metrics().requests.labels("GET", "/%d/" % number, 200).inc()
print(sum(sample.value for sample in metrics().requests.collect()[0].samples if sample.name.endswith("_total")))
"""


def full(*_: object) -> None:
    """A disk without room."""
    raise OSError(errno.ENOSPC, "No space left on device")


def count(file: CounterFile, times: int) -> None:
    """Write so many values."""
    for number in range(times):
        file.write_value(f"key {number}", float(number), 0.0)


@linux
def test_room_is_taken_ahead(tmp_path: Path) -> None:
    path = tmp_path / "counter_1.db"
    file = CounterFile(str(path))
    count(file, 3000)
    assert path.stat().st_size > 1 << 16
    assert path.stat().st_blocks * 512 >= path.stat().st_size
    assert [(value, key) for key, value, _, _ in CounterFile.read_all_values_from_file(str(path))] == [
        (number, f"key {number}") for number in range(3000)
    ]


@linux
def test_disk_that_is_full_at_the_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "posix_fallocate", full)
    file = CounterFile(str(tmp_path / "counter_1.db"))
    count(file, 3000)
    assert file.read_value("key 2999")[0] == 2999
    assert list(tmp_path.iterdir()) == []  # /metrics could not read an empty one


@linux
def test_disk_that_is_full_when_the_file_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "counter_1.db"
    file = CounterFile(str(path))
    count(file, 10)
    monkeypatch.setattr(os, "posix_fallocate", full)
    count(file, 3000)
    assert [file.read_value(f"key {number}")[0] for number in (1, 9, 2999)] == [1, 9, 2999]
    assert path.stat().st_size == 1 << 16
    assert list(CounterFile.read_all_values_from_file(str(path)))[9][:2] == ("key 9", 9.0)


@linux
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk")
@pytest.mark.parametrize("times", [1, 3000])
def test_process_on_a_full_disk_is_not_killed(tmp_path: Path, times: int) -> None:
    """A real one: what prometheus_client does by itself ends with SIGBUS here."""
    size = "100k" if times > 1 else "4k"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "counters", tmp_path], capture_output=True)
    if mounted.returncode:
        pytest.skip("may not mount")
    try:
        environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
        argv = [sys.executable, "-c", _COUNT.format(times=times)]
        done = subprocess.run(argv, env=environment, capture_output=True, text=True)
    finally:
        subprocess.run(["umount", "-l", tmp_path], check=True)
    assert done.returncode != -signal.SIGBUS
    assert (done.stdout, done.returncode) == (f"{float(times)}\n", 0), done.stderr
