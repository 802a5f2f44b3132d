"""Zones from PowerDNS, through its HTTP API."""

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from nameserver.errors import InvalidInput

_SECONDS = 60.0
_MOST = 1 << 30


class PowerDNS:
    """One PowerDNS server: `url` such as http://127.0.0.1:8081, and the api-key of its configuration."""

    def __init__(self, url: str, key: str) -> None:
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise InvalidInput("powerdns", "The URL of PowerDNS's API is like http://127.0.0.1:8081")
        self._url, self._key = f"{url.rstrip('/')}/api/v1/servers/localhost/zones", key

    def domains(self) -> list[str]:
        """The domains it is the primary of, or has by itself. Raises InvalidInput("powerdns")."""
        try:
            zones: list[dict[str, Any]] = json.loads(self._get(""))
            primary = [each["name"] for each in zones if each["kind"].lower() in ("native", "master", "primary")]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidInput("powerdns", "What answers there is not PowerDNS's API.") from error
        return sorted(name.rstrip(".") for name in primary)

    def zone_file(self, domain: str) -> bytes:
        """The zone as PowerDNS exports it. Raises InvalidInput("powerdns")."""
        return self._get(f"/{urllib.parse.quote(domain, safe='')}./export")

    def _get(self, path: str) -> bytes:
        request = urllib.request.Request(self._url + path, headers={"X-API-Key": self._key})  # noqa: S310  http(s) only
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
                content: bytes = answer.read(_MOST)
                return content
        except urllib.error.HTTPError as error:
            mend = "is the key right?" if error.code == 401 else "does it have this zone?"
            raise InvalidInput("powerdns", f"PowerDNS answers {error.code} at {path or '/'}: {mend}") from error
        except (OSError, ValueError) as error:
            raise InvalidInput("powerdns", f"PowerDNS cannot be asked: {error}.") from error
