"""What the agent asks of named over rndc, and what named's answers mean (BIND 9.18, all tried)."""

import re
from contextlib import suppress
from enum import Enum, auto

from nameserver.agent.errors import NamedTrouble
from nameserver.agent.names import Domain
from nameserver.agent.rndc import Reply, Rndc

_ZONES = re.compile(r"^number of zones: (\d+) \((\d+) automatic\)", re.MULTILINE)
_VERSION = re.compile(r"^version: (.*?)(?: \(Extended.*| <id:.*)?$", re.MULTILINE)
_STARTED = re.compile(r"^boot time: (.+)$", re.MULTILINE)


class Reload(Enum):
    """What `reload ZONE` answered: only `QUEUED` gives hope, and only a query proves it."""

    QUEUED = auto()
    UP_TO_DATE = auto()  # the file is not newer than the loaded one: nothing was done
    UNKNOWN_ZONE = auto()


class Control:
    """One method for each verb; every one raises NamedTrouble when rndc itself fails."""

    def __init__(self, rndc: Rndc, folder: str) -> None:
        self._rndc, self._folder = rndc, folder

    def add(self, domain: Domain) -> str | None:
        """addzone: None when named took the zone, else its words (`already exists` is one)."""
        clause = f'{{ type primary; file "{self._folder}/{domain.file_name}"; }};'
        return self._rndc.call(f"addzone {domain.quoted} {clause}").error

    def knows(self, domain: Domain) -> bool:
        """showzone: is the zone in named's own database, so that a restart brings it back?"""
        return self._rndc.call(f"showzone {domain.quoted}").error is None

    def remove(self, domain: Domain) -> str | None:
        """delzone, without -clean, which removes the file of a zone re-created meanwhile. None: it is gone."""
        error = self._rndc.call(f"delzone {domain.quoted}").error
        return None if error == "not found" else error

    def reload(self, domain: Domain) -> Reload:
        """reload ZONE. Raises NamedTrouble with named's words when it refuses outright."""
        reply = self._rndc.call(f"reload {domain.quoted}")
        if reply.error == "not found":
            return Reload.UNKNOWN_ZONE
        if reply.error is not None:
            raise NamedTrouble(f"named refused to reload the zone: {reply.error}.")
        return Reload.UP_TO_DATE if "up-to-date" in reply.text else Reload.QUEUED

    def reconfig(self) -> Reply:
        """reconfig: read named.conf again, load new zones only."""
        return self._rndc.call("reconfig")

    def zones(self) -> int:
        """How many zones named has, its automatic ones left out. Raises NamedTrouble when it does not say."""
        match = _ZONES.search(self._rndc.call("status").text)
        if match is None:
            raise NamedTrouble("named did not say how many zones it has.")
        return int(match[1]) - int(match[2])

    def about(self) -> tuple[str, str] | None:
        """named's version and when it was started; None when it does not answer within three seconds."""
        usual, self._rndc.timeout = self._rndc.timeout, 3.0
        try:
            with suppress(NamedTrouble):
                text = self._rndc.call("status").text
                version, started = _VERSION.search(text), _STARTED.search(text)
                return (version[1], started[1] if started else "") if version else None
            return None
        finally:
            self._rndc.timeout = usual
