"""`python -m bench [--over local|ssh] [--zones N …] [--runs N] [--delay MS] [--poisoned]`."""

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from bench.measure import load, measure
from bench.parts import read
from bench.places import Place, local, over_ssh
from bench.poison import Poisoned
from bench.report import Result, report
from nameserver.agent import tools
from tests.lab.hosts import LabMissing

_WARM_UP = 10
_PLACES = {"local": local, "ssh": over_ssh}


def main() -> int:
    """Load, warm up, measure, print."""
    parser = _parser()
    options = parser.parse_args()
    if options.poisoned and options.over != "local":
        parser.error("--poisoned takes --over local: it writes into the database")
    if options.delay and options.over != "ssh":
        parser.error("--delay takes --over ssh: there is no distance on one machine")
    folder = Path(tempfile.mkdtemp(prefix="zonewright-bench-", dir=options.folder))
    try:
        with _PLACES[options.over](folder) as place:
            results = list(_results(place, sorted(options.zones), options.runs, options.delay, options.poisoned))
        print(report(results, options.runs, _machine(folder), " ".join(sys.argv[1:])))
    except KeyboardInterrupt:
        return 130
    except LabMissing as reason:
        print(f"There is no lab: {reason}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Commit to both nameservers answering.")
    parser.add_argument("--over", choices=_PLACES, default="local", help="this machine, or the lab's hosts (root)")
    parser.add_argument(
        "--zones", type=_positive, nargs="+", default=[1000], help="how many zones there are, one or more (1000)"
    )
    parser.add_argument("--runs", type=_positive, default=50, help="how many changes are measured (default: 50)")
    parser.add_argument("--delay", type=_positive, help="once more with a round trip of so many ms more (--over ssh)")
    parser.add_argument("--poisoned", action="store_true", help="once more beside a zone that cannot be published")
    parser.add_argument("--folder", type=Path, help="where to work, on the disk to be measured (default: temporary)")
    return parser


def _results(place: Place, sizes: list[int], runs: int, delay: int | None, poisoned: bool) -> Iterator[Result]:
    zones: list[dict[str, Any]] = []
    for size in sizes:
        missing = range(len(zones), size)
        zones += place.inside(partial(load, place, missing, _progress("zones created", len(missing))))
        for distance in (0, *([delay] if delay else [])):
            place.delay(distance)
            yield place.inside(partial(_result, place, zones, runs, distance))
        place.delay(0)
    if poisoned:
        yield _beside_poison(place, zones, runs)


def _beside_poison(place: Place, zones: list[dict[str, Any]], runs: int) -> Result:
    """All zones but one, while that one is written to before each run and cannot be published."""
    poison = Poisoned(place, zones[0])
    result = _result(place, zones[1:], runs, 0, poison.bother)
    if (state := poison.state()) != "held":
        raise RuntimeError(f"The poisoned zone is {state}, not held.")
    return replace(result, zones=len(zones), poisoned=True)


def _result(
    place: Place, zones: list[dict[str, Any]], runs: int, delay: int, before: Callable[[], None] = lambda: None
) -> Result:
    measure(place, zones, _WARM_UP, _progress("warm-up", _WARM_UP), before)
    logged = len(place.log())
    measured = measure(place, zones, runs, _progress("runs", runs), before)
    parts = read(place.log()[logged:].splitlines(), measured.changes)
    return Result(len(zones), delay, measured, parts, f"{os.getloadavg()[0]:.1f}")


class _progress:  # noqa: N801  called like a function
    """A line on stderr: rewritten on a terminal, printed once elsewhere."""

    def __init__(self, what: str, of: int) -> None:
        self._what, self._of = what, of

    def __call__(self, done: int) -> None:
        end = "\n" if done == self._of else ""
        if sys.stderr.isatty():
            print(f"\r{self._what}: {done} of {self._of}", end=end, file=sys.stderr, flush=True)
        elif end:
            print(f"{self._what}: {done}", file=sys.stderr, flush=True)


def _machine(folder: Path) -> str:
    named = subprocess.run([tools.find("named"), "-v"], capture_output=True, text=True, timeout=10).stdout
    version = re.search(r"\d+\.\d+\.\d+", named)
    return (
        f"{os.cpu_count()} cores; {platform.system()} {platform.release()} {platform.machine()}, "
        f"Python {platform.python_version()}, BIND {version[0] if version else '?'}; data on {_file_system(folder)}"
    )


def _file_system(folder: Path) -> str:
    done = subprocess.run(["df", "--output=fstype", str(folder)], capture_output=True, text=True)
    return done.stdout.split()[-1] if done.returncode == 0 and done.stdout else "?"


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 on")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
