"""Taking guards out, one after the other, and seeing whether a test notices."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.guards.checkout import Checkout, Ended
from tests.guards.guard import Guard
from tests.guards.outcomes import is_case

_FAILED = 1  # pytest's exit status: tests were collected and run, and some failed
_SECONDS = 300.0
_SECONDS_A_TEST = 60.0
_NOT_RUN = "it is not run"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one guard: the test that noticed and how it failed, or why none did."""

    guard: Guard
    seconds: float
    test: str | None
    why: str

    @property
    def row(self) -> str:
        """The row of the table."""
        test = f"`{self.test}`" if self.test else f"**not noticed**: {self.why}"
        cells = (self.guard.failure, f"`{self.guard.words}`", f"`{self.guard.file}`", test, f"{self.seconds:.1f}")
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


HEAD = "| failure | guard taken out | file | test that noticed | seconds |\n|---|---|---|---|---|"


def untrustworthy(copy: Checkout, guards: Sequence[Guard]) -> dict[str, str]:
    """The tests that do not pass while every guard is in its place, and what is wrong with each."""
    tests = sorted({test for guard in guards for test in guard.tests})
    ended = copy.pytest(tests, _SECONDS_A_TEST * len(tests))
    found = dict.fromkeys(tests, _NOT_RUN)
    for each in ended.outcomes:
        for test in tests:
            if not is_case(each["test"], test):
                continue
            if each["outcome"] != "passed":
                found[test] = f"with all guards in place it is {each['outcome']}: {each['why'] or each['when']}"
            elif found.get(test) == _NOT_RUN:
                del found[test]
    return found


def try_each(copy: Checkout, guards: Sequence[Guard], bad: dict[str, str]) -> Iterator[Result]:
    """Each guard's result, as soon as there is one; a test that fails anyway can notice nothing."""
    for guard in guards:
        began = time.monotonic()
        if unfit := [f"{test}: {bad[test]}" for test in guard.tests if test in bad]:
            yield Result(guard, 0.0, None, unfit[0])
            continue
        try:
            with copy.without(guard):
                ended = copy.pytest(guard.tests, _SECONDS, "-x")
        except LookupError as error:
            yield Result(guard, 0.0, None, str(error))
            continue
        yield Result(guard, time.monotonic() - began, *_judged(guard, ended))


def _judged(guard: Guard, ended: Ended) -> tuple[str | None, str]:
    """A test that failed, in its own course: not what broke before it began. None but the named ones were run."""
    if ended.status == _FAILED:
        for each in ended.outcomes:
            if each["outcome"] == "failed" and each["when"] == "call":
                return each["test"], each["why"]
    if ended.status is None:
        return None, f"no end within {_SECONDS:.0f} s"
    lines = [line for line in ended.output.splitlines() if line.strip()]
    return None, f"pytest ended with {ended.status}: {lines[-1] if lines else 'no word'}"
