"""The bench's reading of the log and its table; what it measures is run by `make bench`."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench import parts
from bench.measure import Measured
from bench.parts import Samples
from bench.report import Result, report

ROOT = Path(__file__).resolve().parents[2]
STAMP = "2026-01-18 16:45:00,123 INFO"
LOG = f"""\
{STAMP} nameserver.gate: rendered 1 zones render=0.31 check=6.02
{STAMP} nameserver.publish: ns1: published a.example.com 2026011801 total=3.10 write=0.90 rndc=0.40 probe=1.20
{STAMP} nameserver.publish: ns2: published a.example.com 2026011801 total=3.30 write=1.10 rndc=0.60 probe=1.40
{STAMP} nameserver.publish: ns1: published b.example.com 2026011807 total=99.00 write=99.00 rndc=99.00 probe=99.00
{STAMP} nameserver.gate: rendered 17 zones render=9.99 check=99.99
{STAMP} nameserver.publish: ns1: published 17 zones total=99.00 write=99.00 rndc=99.00 probe=99.00
{STAMP} nameserver.gate: rendered 1 zones render=0.33 check=7.00
a line that says render=5 and no more
""".splitlines()


def test_parts_of_the_measured_changes_are_read() -> None:
    found = parts.read(LOG, {("a.example.com", 2026011801)})
    assert found.keys() == parts.PARTS.keys()
    assert {name: samples.values for name, samples in found.items()} == {
        "render": [0.31, 0.33],
        "check": [6.02, 7.00],
        "write": [0.90, 1.10],
        "rndc": [0.40, 0.60],
        "probe": [1.20, 1.40],
        "way": [pytest.approx(0.6), pytest.approx(0.2)],
        "total": [3.10, 3.30],
    }


def test_a_row_has_median_least_and_most() -> None:
    assert Samples([3.0, 1.0, 2.0, 10.0]).row("thing").split() == ["thing", "2.5", "1.0", "10.0"]


def test_what_the_log_lacks_is_told() -> None:
    assert parts.read([], set())["check"].row("check").split() == ["check", "not", "in", "the", "log"]


def result(zones: int, delay: int, milliseconds: float) -> Result:
    one = Samples([milliseconds])
    return Result(zones, delay, Measured(one, one, one, one, one), dict.fromkeys(parts.PARTS, one), "0.5")


def test_the_table_has_every_part_and_the_command_to_repeat_it() -> None:
    table = report([result(10, 0, 1.0)], 3, "the machine", "--zones 10 --runs 3")
    assert "One changed record, 3 runs" in table
    assert "10 zones (load 0.5)" in table
    assert "the machine" in table
    assert all(name in table for name in parts.PARTS.values())
    assert "compared" not in table
    assert table.splitlines()[-1].endswith("-m bench --zones 10 --runs 3")


def test_sizes_are_compared_by_ratio_and_distance_by_difference() -> None:
    results = [result(10, 0, 8.0), result(10, 50, 59.5), result(1000, 0, 10.0)]
    lines = report(results, 3, "the machine", "").splitlines()
    assert next(line for line in lines if line.startswith("1000 zones : 10 zones")).split()[-2:] == ["1.25", "1.25"]
    assert next(line for line in lines if "so much later" in line).split()[-2:] == ["51.5", "51.5"]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_help_tells_the_options() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert "--zones" in done.stdout
    assert "--runs" in done.stdout
    assert "--over" in done.stdout


def test_distance_takes_ssh() -> None:
    done = run("--delay", "50")
    assert done.returncode == 2
    assert "--over ssh" in done.stderr


@pytest.mark.parametrize("value", ["0", "-1", "many"])
def test_a_number_that_makes_no_sense_is_refused(value: str) -> None:
    assert run("--zones", value).returncode == 2
