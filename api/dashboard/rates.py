"""How often one may try a password: by address and by account, in each minute."""

from flask import Flask, current_app, request

from api.rates import Rate, source

FROM_AN_ADDRESS, ON_AN_ACCOUNT = 20, 10


class Attempts:
    """The rates of one process, which takes its share."""

    def __init__(self, processes: int = 1) -> None:
        self.addresses = Rate(-(-FROM_AN_ADDRESS // processes))
        self.accounts = Rate(-(-ON_AN_ACCOUNT // processes))


def register(app: Flask, processes: int) -> None:
    """Count from now on."""
    app.extensions["zonewright_attempts"] = Attempts(processes)


def attempt(email: str) -> None:
    """Somebody tries a password. Raises RateLimited, whether the account is there or not."""
    attempts: Attempts = current_app.extensions["zonewright_attempts"]
    attempts.addresses.hit(source(request.remote_addr))
    attempts.accounts.hit(email)
