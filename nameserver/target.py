"""A nameserver as the control plane sees it: how to reach its agent, and what its named.conf says."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Target:
    """The description of one nameserver.

    `agent` is the argv that starts (or, over SSH, reaches) its agent. `addresses` and `port` are where it
    answers; `directory` is named's working directory on that machine, with the zone files in `zones/`.
    rndc and the statistics channel are on the machine's own loopback. `exempt` are the networks that rate
    limiting leaves alone besides loopback: the control hosts. `listen` is what named binds (`any` for
    everything); empty: the addresses.
    """

    name: str
    agent: tuple[str, ...]
    addresses: tuple[str, ...]
    port: int
    directory: str
    rndc_port: int = 953
    statistics_port: int = 8553
    key_file: str = "/etc/zonewright/rndc.key"
    exempt: tuple[str, ...] = ()
    listen: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The target as plain JSON values, for the database."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Target":
        """The target that `to_json` described. Raises TypeError on unknown or missing keys."""
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        return cls(**values)
