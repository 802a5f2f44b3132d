"""The agent's configuration: one JSON file, written by provisioning (or by nameserver.embedded)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nameserver.agent.errors import AgentError


@dataclass(frozen=True, slots=True)
class Config:
    """Where named and its files are on this machine; ports are on its loopback unless said otherwise."""

    directory: Path
    zones: str
    named_conf: Path
    state: Path
    rndc_port: int
    key_file: Path
    address: str
    port: int
    statistics_port: int
    named_checkconf: str | None = None

    @property
    def zone_folder(self) -> Path:
        """The folder of the zone files."""
        return self.directory / self.zones


def load(path: Path) -> Config:
    """Read the configuration. Raises AgentError when it is missing, not JSON or incomplete."""
    try:
        return _from_json(json.loads(path.read_text()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AgentError(f"The agent's configuration cannot be used: {error}.") from error


def _from_json(data: dict[str, Any]) -> Config:
    return Config(
        directory=Path(data["directory"]),
        zones=data.get("zones", "zones"),
        named_conf=Path(data["named_conf"]),
        state=Path(data["state"]),
        rndc_port=int(data["rndc"]["port"]),
        key_file=Path(data["rndc"]["key_file"]),
        address=data["dns"]["address"],
        port=int(data["dns"]["port"]),
        statistics_port=int(data["statistics_port"]),
        named_checkconf=data.get("named_checkconf"),
    )
