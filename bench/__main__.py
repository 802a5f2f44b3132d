"""`python -m bench [--zones N] [--runs N]`."""

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.measure import Measured, load, measure
from bench.parts import PARTS, Samples, read
from nameserver.agent import tools
from tests.stack import Stack, running

_WARM_UP = 10


def main() -> int:
    """Load, warm up, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Commit to both nameservers answering.")
    parser.add_argument("--zones", type=_positive, default=1000, help="how many zones there are (default: 1000)")
    parser.add_argument("--runs", type=_positive, default=50, help="how many changes are measured (default: 50)")
    parser.add_argument("--folder", type=Path, help="where to work, on the disk to be measured (default: temporary)")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="zonewright-bench-", dir=options.folder))
    try:
        with running(folder / "data") as stack:
            print(report(options.zones, options.runs, *_run(stack, options.zones, options.runs), _machine(folder)))
            stack.stop()
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(folder)
    return 0


def report(zones: int, runs: int, measured: Measured, parts: dict[str, Samples], machine: str) -> str:
    """The table."""
    lines = [
        f"One changed record, {zones} zones, {runs} runs; milliseconds",
        machine,
        "",
        f"{'':<42}{'median':>9}{'min':>9}{'max':>9}",
        measured.from_response.row("commit (its response) → both answer"),
        measured.from_request.row("request sent → both answer"),
        measured.response.row("request sent → response, without waiting"),
        measured.waited.row("request with Prefer: wait → response"),
        "",
        "the parts, from the control plane's log:",
        *(parts[part].row(f"  {name}") for part, name in PARTS.items()),
        "",
        f"again: {Path(sys.executable).name} -m bench --zones {zones} --runs {runs}",
    ]
    return "\n".join(lines)


def _run(stack: Stack, zones: int, runs: int) -> tuple[Measured, dict[str, Samples]]:
    made = load(stack, zones, _progress("zones created", zones))
    measure(stack, made, _WARM_UP, _progress("warm-up", _WARM_UP))
    logged = len(stack.log("control"))
    measured = measure(stack, made, runs, _progress("runs", runs))
    return measured, read(stack.log("control")[logged:].splitlines(), measured.changes)


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
    load_average = " ".join(f"{load:.1f}" for load in os.getloadavg())
    return (
        f"{os.cpu_count()} cores, load {load_average}; {platform.system()} {platform.release()} {platform.machine()}, "
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
