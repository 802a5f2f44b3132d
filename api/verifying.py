"""Looks through all zones, a few at a time, for records that went without a change."""

import time
from dataclasses import dataclass

from api.changes import observations
from api.store import control as store

#: Zones in one look, one look a second: no publication waits for it, and 100,000 zones take half an hour.
_ZONES = 50
_PAUSE = 1.0


@dataclass
class Verifier:
    """One round over all zones at most every `round_seconds`."""

    round_seconds: float
    _after: str = ""
    _not_before: float = 0.0

    def look(self) -> None:
        """Look at the next zones where it is time; those that are not what their changes left are held."""
        if time.monotonic() < self._not_before:
            return
        held, self._after = store.tampered_zones(self._after, _ZONES)
        for each in held:
            observations.hold(each)
        self._not_before = time.monotonic() + (_PAUSE if self._after else self.round_seconds)
