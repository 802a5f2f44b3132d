"""Ask a nameserver's public address for the serials of zones: what the world would get from there.

A serial counts when an authoritative answer holds, in its answer section, an SOA whose owner is the apex.
"""

from collections.abc import Iterable

from nameserver.agent.ask import Answers
from nameserver.agent.ask import ask as _ask


def ask(address: str, port: int, domains: Iterable[str], timeout: float = 2.0) -> dict[str, int | None]:
    """The serial of each domain; None where the zone is not served, or no answer came. Raises nothing of the net."""
    answers = survey(address, port, domains, timeout)
    return answers.serials | dict.fromkeys(answers.silent)


def survey(address: str, port: int, domains: Iterable[str], timeout: float = 2.0) -> Answers:
    """The same with "does not answer the zone" (`serials[domain]` is None) told from "no answer" (`silent`).

    `reachable` is False when nothing at all answered. `timeout` is seconds without any answer, for each of
    three tries. Raises BadRequest (nameserver.agent.errors) for a domain that is no name.
    """
    return _ask(address, port, domains, timeout)
