"""What is to happen at its time: unconfirmed writes go back, scheduled ones are done, records expire.

Now and then the history is thinned, if that is wanted.
"""

import time
from dataclasses import dataclass

from flask import Flask

from api.changes import confirming, expiring, thinning
from api.database import db
from api.replay import carry_out_due
from api.settings import Settings

#: How often is looked: three questions to an index each time.
PAUSE = 0.5
_THIN_PAUSE = 3600.0


@dataclass
class Timekeeper:
    """Looks now and then; what it missed while nothing ran, it does at its first look."""

    app: Flask
    settings: Settings
    _not_before: float = 0.0
    _thin_not_before: float = 0.0

    def look(self) -> None:
        """Do what is due, when it is time to look. What is written is published like any other write."""
        if time.monotonic() < self._not_before:
            return
        with self.app.app_context():
            confirming.revert_unconfirmed(self.settings)
            expiring.expire(self.settings)
            db.session.remove()
        carry_out_due(self.app)
        self._thin()
        self._not_before = time.monotonic() + PAUSE

    def _thin(self) -> None:
        if time.monotonic() < self._thin_not_before:
            return
        with self.app.app_context():
            more = thinning.thin(self.settings)
            db.session.remove()
        self._thin_not_before = time.monotonic() + (0 if more else _THIN_PAUSE)
