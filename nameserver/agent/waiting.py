"""Wait until named answers what was put before it, or is known to have refused it."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from nameserver.agent.ask import Answers, ask
from nameserver.agent.errors import NamedSilent, NamedTrouble
from nameserver.agent.names import Domain
from nameserver.agent.refusals import Refusals

_SPEED = 1_000_000  # octets a second that even a busy named loads; it manages 15 times as much when idle
_LEAST, _MOST = 5.0, 40.0  # seconds of patience


class End(Enum):
    """How the wait for one zone ended."""

    SERVED = auto()
    REFUSED = auto()  # named logged why
    UNCHANGED = auto()  # it answers, but not this
    SILENT = auto()  # it does not answer at all


@dataclass(slots=True)
class Awaited:
    """A zone and the serial it must answer; None waits until it is answered no more."""

    domain: Domain
    serial: int | None
    answered: int | None = None
    end: End | None = None
    reason: str | None = None
    again: bool = field(default=False)  # the command was sent a second time


class Wait:
    """Polls for a batch; `again` sends one zone's command once more: a running load may have swallowed it."""

    def __init__(self, address: tuple[str, int], refusals: Refusals, again: Callable[[Domain], None]) -> None:
        self._address, self._refusals, self._again = address, refusals, again
        self._rndc_answers = True  # one command that hung is enough

    def run(self, awaited: Iterable[Awaited], size: int) -> None:
        """Set the end of each; patience grows with the octets that named has to load."""
        pending = list(awaited)
        started = time.monotonic()
        patience = min(_MOST, _LEAST + size / _SPEED)
        pause = 0.0002
        while pending:
            waited = time.monotonic() - started
            self._look(pending, waited, patience)
            pending = [one for one in pending if one.end is None]
            if pending:
                time.sleep(pause)
                pause = min(0.05, pause * 1.5)

    def _look(self, pending: list[Awaited], waited: float, patience: float) -> None:
        answers = ask(*self._address, (one.domain.text for one in pending), max(0.2, min(2.0, patience - waited)), 1)
        self._refusals.read()
        for one in pending:
            self._judge(one, answers)
            if one.end is None and waited > patience / 5:
                self._send_again(one)
            if one.end is None and waited > patience:
                one.end = End.SILENT if one.domain.text in answers.silent else End.UNCHANGED

    def _send_again(self, one: Awaited) -> None:
        if not one.again and self._rndc_answers:
            one.again = True
            try:
                self._again(one.domain)
            except NamedSilent:
                self._rndc_answers = False
            except NamedTrouble as error:
                one.reason = error.sentence

    def _judge(self, one: Awaited, answers: Answers) -> None:
        silent = one.domain.text in answers.silent
        one.answered = answers.serials.get(one.domain.text)
        if not silent and one.answered == one.serial:
            one.end = End.SERVED
        elif reason := self._refusals.reason(one.domain):
            one.end, one.reason = End.REFUSED, reason
