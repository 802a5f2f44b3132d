"""Floods: how many requests a minute a token, and an address without a valid one, may send (429).

An address over its limit is refused before the database is asked; a token that was valid a moment ago is not, so
that who guesses tokens shuts out nobody else at that address. Each process takes its share of a limit.
"""

from flask import Flask, Response, current_app, g, request

from api import auth
from api.rates import Rate, source
from api.settings import Settings

# A monitor must get its answer whatever else happens.
FREE = ("/healthz", "/metrics")


class Floods:
    """The rates of one process, and the hashes of the tokens that were valid when it saw them last."""

    def __init__(self, settings: Settings, processes: int = 1) -> None:
        self.tokens = Rate(-(-settings.requests_per_minute // processes))
        self.addresses = Rate(-(-settings.requests_per_minute_address // processes))
        self.known: set[str] = set()


def register(app: Flask) -> None:
    """Refuse before anything else is done, and count what comes without a valid token."""
    app.before_request(_admit)
    app.after_request(_count)


def _admit() -> None:
    g.token = auth.presented()
    g.stranger = g.token not in _floods().known and not _free()
    if g.stranger:
        _floods().addresses.check(source(request.remote_addr))
    elif not _free():
        _floods().tokens.hit(g.token)


def _count(response: Response) -> Response:
    """A stranger with a valid token is none from then on; a known token that is no longer valid makes one."""
    floods = _floods()
    if response.status_code == 401:
        floods.known.discard(g.token)
        floods.addresses.count(source(request.remote_addr))
    elif "caller" in g and g.stranger:
        floods.known.add(g.token)
        floods.tokens.count(g.token)
    elif g.get("stranger"):
        floods.addresses.count(source(request.remote_addr))
    return response


def _free() -> bool:
    """What is never refused; preflights are answered without looking at anything."""
    return request.method == "OPTIONS" or (request.url_rule is not None and request.url_rule.rule in FREE)


def _floods() -> Floods:
    found: Floods = current_app.extensions["zonewright_floods"]
    return found
