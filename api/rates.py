"""Rates: how often a key came within the present minute."""

import ipaddress
import threading
from time import monotonic

from api.errors import RateLimited

_SECONDS = 60


class Rate:
    """At most `most` of each key within a minute, one minute for all keys; 0 is no limit.

    The counts of a minute are thrown away whole, so what strangers send costs no memory for long. (The library
    limits walks all its keys a hundred times a second: half a processor with 100,000 addresses.)
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._minute = 0
        self._counts: dict[str, int] = {}

    def hit(self, key: str) -> None:
        """Count this one. Raises RateLimited when it is one too many."""
        self._require(self.count(key))

    def count(self, key: str) -> int:
        """Count this one, whatever comes of it; answers which one in this minute it is, 0 without a limit."""
        if not self._most:
            return 0
        with self._lock:
            counts = self._present()
            counts[key] = counts.get(key, 0) + 1
            return counts[key]

    def check(self, key: str) -> None:
        """Raises RateLimited when one more would be too many."""
        with self._lock:
            count = self._present().get(key, 0)
        self._require(count + 1)

    def _require(self, number: int) -> None:
        if self._most and number > self._most:
            raise RateLimited(retry_after=_SECONDS - int(monotonic()) % _SECONDS)

    def _present(self) -> dict[str, int]:
        minute = int(monotonic()) // _SECONDS
        if minute != self._minute:
            self._minute, self._counts = minute, {}
        return self._counts


def source(address: str | None) -> str:
    """What one sender has: an IPv4 address, or the 64 bits of IPv6 that a network gives to each machine."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.IPv6Network((int(found) >> 64 << 64, 64)))
