"""A guard: how it is taken out, and which tests must notice."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = "docs/explanation/failure-modes.md"


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard against one failure, a row of failure-modes.md.

    In `file`, `old` stands exactly once; with `new` in its place exactly this guard is gone. Then one of `tests`
    must fail: node ids of pytest, whose parameters may be the first ones only (`[sqlite]`) or left out.
    """

    failure: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    @property
    def words(self) -> str:
        """What is taken out, on one line."""
        line = " ".join(self.old.split())
        return line if len(line) <= 70 else f"{line[:69]}…"

    def without(self, text: str) -> str:
        """The file's text without the guard. Raises LookupError unless `old` stands there exactly once."""
        if (found := text.count(self.old)) != 1:
            raise LookupError(f"“{self.words}” stands {found} times in {self.file}, instead of once.")
        return text.replace(self.old, self.new)


def failures() -> list[str]:
    """The failures of failure-modes.md, in its order."""
    rows = [line for line in (ROOT / TABLE).read_text().splitlines() if re.match(r"\| (?!failure \|)", line)]
    return [re.split(r"(?<!\\)\|", row)[1].strip() for row in rows]
