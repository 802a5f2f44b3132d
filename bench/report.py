"""The table of what was measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bench.measure import Measured
from bench.parts import PARTS, Samples


@dataclass(frozen=True, slots=True)
class Result:
    """One measurement: with so many zones, a round trip of so many milliseconds more, at this load."""

    zones: int
    delay: int
    measured: Measured
    parts: dict[str, Samples]
    load: str
    poisoned: bool = False

    @property
    def title(self) -> str:
        """What was measured, in words."""
        return (
            f"{self.zones} zones"
            + (f", {self.delay} ms farther" if self.delay else "")
            + (", one poisoned" if self.poisoned else "")
        )


def report(results: Sequence[Result], runs: int, machine: str, arguments: str) -> str:
    """All tables, and how they compare."""
    lines = [f"One changed record, {runs} runs each; milliseconds", machine]
    for result in results:
        lines += ["", *_table(result)]
    if len(results) > 1:
        lines += ["", *_compared(results)]
    return "\n".join([*lines, "", f"again: python -m bench {arguments}"])


def _table(result: Result) -> list[str]:
    measured = result.measured
    return [
        f"{f'{result.title} (load {result.load})':<42}{'median':>9}{'min':>9}{'max':>9}",
        measured.from_response.row("commit (its response) → both answer"),
        measured.from_request.row("request sent → both answer"),
        measured.response.row("request sent → response, without waiting"),
        measured.waited.row("request with Prefer: wait → response"),
        measured.noise.row("a nap is so much too long: the noise"),
        "the parts, from the control plane's log:",
        *(result.parts[part].row(f"  {name}") for part, name in PARTS.items()),
    ]


def _compared(results: Sequence[Result]) -> list[str]:
    """The medians of each measurement against those of the one before, and against the same without distance."""
    lines = [f"{'compared (medians)':<42}{'→ answer':>9}{'→ in sync':>10}"]
    for before, after in pairwise([each for each in results if not each.delay]):
        ratios = [new.median / old.median for old, new in zip(_medians(before), _medians(after), strict=True)]
        lines.append(f"{f'{after.title} : {before.title}, ratio':<42}{ratios[0]:9.2f}{ratios[1]:10.2f}")
    near = {each.zones: each for each in results if not each.delay}
    for far in (each for each in results if each.delay):
        more = [new.median - old.median for old, new in zip(_medians(near[far.zones]), _medians(far), strict=True)]
        lines.append(f"{f'{far.title}: so much later':<42}{more[0]:9.1f}{more[1]:10.1f}")
    return lines


def _medians(result: Result) -> tuple[Samples, Samples]:
    return result.measured.from_response, result.measured.waited
