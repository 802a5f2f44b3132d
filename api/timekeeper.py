"""What is to happen at its time: unconfirmed writes go back, scheduled ones are done, records expire."""

import time
from dataclasses import dataclass

from flask import Flask

from api.changes import confirming, expiring
from api.database import db
from api.replay import carry_out_due
from api.settings import Settings

#: How often is looked: three questions to an index each time.
PAUSE = 0.5


@dataclass
class Timekeeper:
    """Looks now and then; what it missed while nothing ran, it does at its first look."""

    app: Flask
    settings: Settings
    _not_before: float = 0.0

    def look(self) -> None:
        """Do what is due, when it is time to look. What is written is published like any other write."""
        if time.monotonic() < self._not_before:
            return
        with self.app.app_context():
            confirming.revert_unconfirmed(self.settings)
            expiring.expire(self.settings)
            db.session.remove()
        carry_out_due(self.app)
        self._not_before = time.monotonic() + PAUSE
