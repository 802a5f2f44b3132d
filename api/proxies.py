"""Who really called, behind proxies: `trusted_proxies` names those whose X-Forwarded-For and -Proto are believed."""

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_HEADER = "HTTP_X_FORWARDED_FOR"
_SCHEME = "HTTP_X_FORWARDED_PROTO"


class TrustedProxies:
    """A WSGI application whose REMOTE_ADDR and scheme are the client's, for requests that a trusted proxy passes on."""

    def __init__(self, application: Callable[..., Iterable[bytes]], networks: Sequence[str]) -> None:
        self._application = application
        self._networks = [ipaddress.ip_network(network) for network in networks]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """See PEP 3333."""
        peer = environ.get("REMOTE_ADDR", "")
        if self._trusts(_address(peer)) and environ.get(_SCHEME) in ("http", "https"):
            environ["wsgi.url_scheme"] = environ[_SCHEME]
        environ["REMOTE_ADDR"] = self.client(peer, environ.get(_HEADER, ""))
        return self._application(environ, start_response)

    def client(self, peer: str, forwarded: str) -> str:
        """The nearest address that is no trusted proxy's. What stands left of it, anybody may have written."""
        last = peer
        for hop in (peer, *reversed(forwarded.split(","))):
            address = _address(hop)
            if address is None:
                break
            last = str(address)
            if not self._trusts(address):
                break
        return last

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
