"""Zone names: from presentation format (RFC 1035, section 5.1) to the wire, to rndc, to a file name."""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

from nameserver.agent.errors import BadRequest

# One octet of a label: \DDD, \X, or the plain character.
_OCTET = re.compile(r"\\(\d{3})|\\([^\d])|([^\\.])|(\.)")
_PLAIN_FILE = re.compile(r"[a-z0-9_][a-z0-9._-]{0,199}")
_ESCAPED = b'"().;\\@$'  # what dns_name_totext escapes with a backslash
_BARE = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_/+*=:~")


@dataclass(frozen=True, slots=True)
class Domain:
    """A zone's name; `text` is in lower case as named prints it, `labels` are raw octets."""

    text: str
    labels: tuple[bytes, ...]

    @property
    def wire(self) -> bytes:
        """The name in wire format, without compression (RFC 1035, section 3.1)."""
        return b"".join(bytes([len(label)]) + label for label in self.labels) + b"\0"

    @property
    def quoted(self) -> str:
        r"""The name as one quoted token for rndc and named.conf; a quote or backslash within is \DDD."""
        return '"' + ".".join("".join(map(_bare, label)) for label in self.labels) + '"'

    @property
    def file_name(self) -> str:
        """The zone file's name: readable where the name is plain, else `~` and a digest."""
        if _PLAIN_FILE.fullmatch(self.text):
            return f"{self.text}.zone"
        return f"~{hashlib.sha256(self.text.encode()).hexdigest()[:40]}.zone"


@lru_cache(maxsize=4096)
def parse(domain: str) -> Domain:
    """The domain, without regard to case and a final dot. Raises BadRequest when it is no name."""
    labels = [bytes(label).lower() for label in _split(domain)]
    if labels and not labels[-1]:
        labels.pop()
    _check(domain, labels)
    return Domain(".".join("".join(map(_printed, label)) for label in labels), tuple(labels))


def _split(domain: str) -> list[bytearray]:
    labels, at = [bytearray()], 0
    while at < len(domain):
        match = _OCTET.match(domain, at)
        if match is None:
            raise BadRequest(f"{domain!r} is not a domain name.")
        at = match.end()
        if match[4]:
            labels.append(bytearray())
        else:
            labels[-1] += _octet(domain, match)
    return labels


def _octet(domain: str, match: re.Match[str]) -> bytes:
    try:
        return bytes([int(match[1])]) if match[1] else (match[2] or match[3]).encode("ascii")
    except ValueError as error:  # \999, or a character that is not ASCII
        raise BadRequest(f"{domain!r} is not a domain name.") from error


def _check(domain: str, labels: list[bytes]) -> None:
    length = sum(len(label) + 1 for label in labels) + 1
    if not labels or length > 255 or not all(0 < len(label) <= 63 for label in labels):
        raise BadRequest(f"{domain!r} is not a domain name.")


def _printed(octet: int) -> str:
    if octet in _ESCAPED:
        return "\\" + chr(octet)
    return chr(octet) if 0x20 < octet < 0x7F else f"\\{octet:03d}"


def _bare(octet: int) -> str:
    return chr(octet) if octet in _BARE else f"\\{octet:03d}"
