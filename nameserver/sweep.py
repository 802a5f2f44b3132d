"""The comparison of one nameserver with what it should have, in steps so short that no publication waits long.

First its own list of zones and serials, then the digest of every zone file on its disk, then the whole content, as
served, of a share of the zones. What is expected is read before a nameserver is asked, and read again before
anything is called a difference: what a publication changed meanwhile is none.
"""

import random
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import TypeVar

from nameserver import content, drift
from nameserver.content import Differences
from nameserver.drift import Drift, Expected, Kind
from nameserver.errors import InvalidInput
from nameserver.render import Renderer
from nameserver.transport.base import Served, Transport
from nameserver.zone import Authority, Zone

_MOST_FILES = 1000  # in one step
_MOST_CONTENTS = 10
_MOST_RECORDS = 20  # told of one zone
_MOST_STRAYS = 1000

Item = TypeVar("Item")
ExpectedOf = Callable[[str, Sequence[str] | None], Mapping[str, Expected]]
ZonesOf = Callable[[Sequence[str]], Mapping[str, Zone]]


@dataclass(frozen=True, slots=True)
class Inventory:
    """Every zone a nameserver has, with its serial, and which of them the database does not know."""

    nameserver: str
    zones: Mapping[str, int]
    strays: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Drifted:
    """What one step found to differ; mostly nothing."""

    nameserver: str
    drifts: Sequence[Drift]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the nameservers should have: `expected` of a nameserver (None: of all zones), and the `zones` themselves.

    `share` is the part of all zones, 0 to 1, whose whole content each sweep compares.
    """

    expected: ExpectedOf
    zones: ZonesOf
    renderer: Renderer
    authority: Authority
    share: float


class Sweep:
    """One pass over one nameserver; `step` until it answers None. Raises what the transport raises.

    `only` are the zones to look at, None: all. `after` is the domain after which the share begins (None: anywhere);
    at the end it is where the next sweep's share begins.
    """

    def __init__(
        self,
        name: str,
        transport: Transport,
        comparison: Comparison,
        only: frozenset[str] | None = None,
        after: str | None = None,
    ) -> None:
        self._name, self._transport, self._comparison, self._only = name, transport, comparison, only
        self.after = after
        self.zones = self.behind = 0  # how many are compared, and how many are not, being on their way or held
        self.left = 0  # looks still to be taken, at files and contents
        self.unreadable: dict[str, str] = {}  # whose content could not be had, and why
        self._steps = self._run()

    def step(self) -> Inventory | Drifted | None:
        """The next observation; None at the end."""
        return next(self._steps, None)

    def _run(self) -> Iterator[Inventory | Drifted]:
        known = self._comparison.expected(self._name, None)
        zones = self._transport.inventory()
        unknown = [each for each in drift.strays(known, zones) if self._looked_at(each.domain)][:_MOST_STRAYS]
        domains = sorted(domain for domain, each in known.items() if each.served and self._looked_at(domain))
        turn = self._turn(domains)
        self.zones, self.left = len(domains), len(domains) + len(turn)
        self.behind = sum(not each.settled and self._looked_at(domain) for domain, each in known.items())
        yield Inventory(self._name, zones, [each.domain for each in unknown if each.expected is None])
        yield Drifted(self._name, self._confirmed(unknown))
        other = drift.of_list({domain: known[domain] for domain in domains}, zones)
        yield from self._told(other)
        told = {each.domain for each in other}
        for window in _windows(domains, _MOST_FILES):
            asked = self._transport.digests([domain for domain in window if domain not in told])
            other = drift.of_files(known, zones, asked)
            yield from self._told(other)
            told |= {each.domain for each in other}
            self.left -= len(window)
        for window in _windows(turn, _MOST_CONTENTS):
            asked_for = {domain: known[domain] for domain in window if domain not in told}
            yield Drifted(self._name, self._contents(asked_for, zones))
            self.left -= len(window)

    def _looked_at(self, domain: str) -> bool:
        return self._only is None or domain in self._only

    def _turn(self, domains: Sequence[str]) -> Sequence[str]:
        """The zones whose content it is the turn of: the share after the last sweep's, round and round."""
        count = ceil(len(domains) * min(1.0, self._comparison.share))
        if not count:
            return ()
        start = random.randrange(len(domains)) if self.after is None else bisect_right(domains, self.after)  # noqa: S311
        turn = [*domains[start:], *domains[:start]][:count]
        self.after = turn[-1]
        return turn

    def _told(self, found: Sequence[Drift]) -> Iterator[Drifted]:
        """What differs by list or file, with the records that do: they are lost once it is mended."""
        for window in _windows(self._confirmed(found), _MOST_CONTENTS) or [()]:
            served = self._served([each.domain for each in window if each.kind is not Kind.MISSING])
            wanted = self._wanted({each.domain: each.expected for each in window if each.expected})
            told = [_with_records(each, wanted.get(each.domain), served.get(each.domain)) for each in window]
            yield Drifted(self._name, self._confirmed(told))

    def _contents(self, known: Mapping[str, Expected], zones: Mapping[str, int]) -> list[Drift]:
        served, wanted = self._served(list(known)), self._wanted(known)
        compared = (
            Drift(domain, Kind.CONTENT, known[domain], zones.get(domain), None, _differences(wanted[domain], there))
            for domain, there in served.items()
            if domain in wanted
        )
        return self._confirmed([each for each in compared if each.records])

    def _served(self, domains: Sequence[str]) -> Mapping[str, Served]:
        served = self._transport.content(domains) if domains else {}
        self.unreadable |= {domain: each.error for domain, each in served.items() if each.error}
        return served

    def _wanted(self, known: Mapping[str, Expected]) -> dict[str, content.Content]:
        """What was published, as records; a zone that the database has otherwise by now is left out."""
        wanted = {}
        for domain, zone in self._comparison.zones(list(known)).items() if known else ():
            try:
                file = self._comparison.renderer.zone_file(zone, self._comparison.authority)
                if file.digest == known[domain].digest:
                    wanted[domain] = content.of_zone_file(domain, file.content)
            except InvalidInput:  # held by the next publication, with the reason
                continue
        return wanted

    def _confirmed(self, found: Sequence[Drift]) -> list[Drift]:
        now = self._comparison.expected(self._name, [each.domain for each in found]) if found else {}
        return [each for each in found if now.get(each.domain) == each.expected]


def _differences(wanted: content.Content | None, served: Served | None) -> Differences | None:
    if wanted is None or served is None or served.content is None:
        return None
    return content.differences(wanted, served.content, _MOST_RECORDS)


def _with_records(found: Drift, wanted: content.Content | None, served: Served | None) -> Drift:
    records = _differences(wanted, served)
    kind = Kind.CONTENT if records and found.kind is Kind.FILE else found.kind
    return replace(found, kind=kind, records=records)


def _windows(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
