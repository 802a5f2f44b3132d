"""What named itself lists: names and serials from its statistics channel (`/json/v1/zones`)."""

import json
from http.client import HTTPConnection, HTTPException
from typing import Any

from nameserver.agent.errors import NamedTrouble

_TIMEOUT = 20.0


def inventory(port: int) -> dict[str, int]:
    """Domain and serial of every primary zone; a zone that is not loaded has none and is left out.

    named must have `zone-statistics` on for its zones (`yes`, `terse` or `full`), or it lists none.
    Raises NamedTrouble.
    """
    zones = _fetch(port).get("views", {}).get("_default", {}).get("zones", [])
    return {zone["name"].lower(): zone["serial"] for zone in zones if _ours(zone)}


def _ours(zone: dict[str, Any]) -> bool:
    return zone.get("type") in ("primary", "master") and zone.get("class") == "IN" and "serial" in zone


def _fetch(port: int) -> dict[str, Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT)
    try:
        connection.request("GET", "/json/v1/zones")
        data = json.loads(connection.getresponse().read())
    except (OSError, HTTPException, ValueError) as error:
        raise NamedTrouble(f"named's statistics channel did not answer ({error}).") from error
    finally:
        connection.close()
    if not isinstance(data, dict):
        raise NamedTrouble("named's statistics channel answered something else.")
    return data
