"""Put a new named.conf in place, and the previous one back when named refuses it or loses zones over it.

A changed `directory` or `new-zones-directory`, a `view` or a lost `allow-new-zones` makes every zone vanish
while reconfig says 0; one wrong line and the next restart leaves everything down. So: check, write, reconfig,
count the zones, ask a sample.
"""

import hashlib
import random
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from nameserver.agent import tools
from nameserver.agent.ask import ask
from nameserver.agent.config import Config
from nameserver.agent.control import Control
from nameserver.agent.errors import BadRequest, NamedTrouble, Refused
from nameserver.agent.files import replace
from nameserver.agent.zonelist import ZoneList

_SAMPLE = 50
_PATIENCE = 5.0  # seconds until zones that reconfig takes up again must answer
_CHECK_TIMEOUT = 20.0


class Configurer:
    """Replaces named.conf on this machine, called under the lock."""

    def __init__(self, config: Config, control: Control, zones: ZoneList) -> None:
        self._config, self._control, self._zones = config, control, zones
        self._address = (config.address, config.port)

    def configure(self, header: Mapping[str, Any], body: bytes) -> None:
        """Raises BadRequest, Refused (the previous file is back), NamedTrouble (named is away: nothing done)."""
        if len(body) != header.get("size") or hashlib.sha256(body).hexdigest() != header.get("sha256"):
            raise BadRequest("What arrived is not what was sent: the digests differ.")
        self._check(body)
        before, served = self._control.zones(), self._sample()
        previous = self._config.named_conf.read_bytes()
        replace(self._config.named_conf, body)
        try:
            self._take_up(before, served)
        except NamedTrouble as error:
            replace(self._config.named_conf, previous)
            self._return(before, served, error)

    def _check(self, body: bytes) -> None:
        """named-checkconf, of this machine's own version, on a copy beside the file."""
        program = self._config.named_checkconf or tools.find("named-checkconf")
        copy = self._config.named_conf.with_name(f".{self._config.named_conf.name}.check")
        try:
            replace(copy, body)
            done = tools.run((program, str(copy)), self._config.directory, _CHECK_TIMEOUT)
        finally:
            copy.unlink(missing_ok=True)
        if done.returncode:
            raise Refused(f"named-checkconf refuses the new named.conf: {_words(done.stdout + done.stderr, copy)}.")

    def _take_up(self, before: int, served: Mapping[str, int]) -> None:
        reply = self._control.reconfig()
        if reply.error is not None:
            raise NamedTrouble(f"named refused the new named.conf: {reply.error}.")
        after = self._control.zones()
        if after < before:
            raise NamedTrouble(f"named lost {before - after} of its {before} zones with the new named.conf.")
        if lost := self._lost(served):
            raise NamedTrouble(f"named no longer answers {lost} with the new named.conf.")

    def _return(self, before: int, served: Mapping[str, int], cause: NamedTrouble) -> None:
        """The previous file is back on disk; now named must take it up as well."""
        try:
            self._take_up(before, served)
        except NamedTrouble as error:
            raise Refused(f"{cause.sentence} The previous one is back, but: {error.sentence}") from error
        raise Refused(f"{cause.sentence} The previous one is back in place.")

    def _sample(self) -> dict[str, int]:
        names = sorted(self._zones.names())
        chosen = random.sample(names, min(_SAMPLE, len(names)))
        return {name: serial for name, serial in ask(*self._address, chosen).serials.items() if serial is not None}

    def _lost(self, served: Mapping[str, int]) -> str | None:
        """A zone of the sample that stays without answer; reconfig loads zones after it has said yes."""
        end, missing = time.monotonic() + _PATIENCE, sorted(served)
        while missing:
            answers = ask(*self._address, missing, 1.0, 1)
            missing = [name for name in missing if answers.serials.get(name) is None]
            if missing and time.monotonic() > end:
                return missing[0]
            time.sleep(0.02 if missing else 0)
        return None


def digest(path: Path) -> str | None:
    """SHA-256 of named.conf, None when it cannot be read."""
    with suppress(OSError):
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return None


def _words(output: str, copy: Path) -> str:
    """The first complaint, without paths of this server."""
    first = next((line for line in output.splitlines() if line.strip()), "it gave no reason")
    return re.sub(rf"{re.escape(str(copy))}:(\d+)", r"line \1", first).replace(str(copy), "the file").rstrip(".")
