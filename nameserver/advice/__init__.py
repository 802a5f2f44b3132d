"""Our own advice on a zone that named serves as it is: what will surprise somebody all the same.

A rule is a pure function of the zone that yields problems, all of them warnings; `advise` asks each. What a checker
of BIND's says by itself (nameserver.checkzone) is no rule here.
"""

from collections.abc import Collection, Iterable

from nameserver.advice import mail
from nameserver.advice.targets import dangling, outside
from nameserver.zone import Problem, Zone

__all__ = ["advise", "outside"]


def advise(zone: Zone, missing: Collection[str] = ()) -> list[Problem]:
    """The advice on a zone. `missing`: which of the names of `outside` are in a zone of ours and do not exist."""
    found: Iterable[Iterable[Problem]] = (dangling(zone, missing), *(rule(zone) for rule in mail.RULES))
    return [problem for problems in found for problem in problems]
