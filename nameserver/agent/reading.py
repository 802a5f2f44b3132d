"""Giving the zone files back: for a control plane whose database is lost."""

from collections.abc import Mapping, Set
from typing import Any

from nameserver.agent import names
from nameserver.agent.errors import BadRequest
from nameserver.agent.files import ZoneFiles

MOST_OCTETS = 2 << 20  # of one answer; JSON may need six for one of them


def read(request: Mapping[str, Any], files: ZoneFiles, listed: Set[str]) -> dict[str, Any]:
    """The zones after `after` in order, each with its file, as far as one answer goes; nothing is changed.

    `pieces` are [domain, text, size]: octets as Latin-1, null for a zone without a file. A file longer than one
    answer comes in pieces: `offset` asks for the next one of the first zone. Raises BadRequest.
    """
    after, offset = request.get("after"), request.get("offset", 0)
    if not isinstance(after, str) or not isinstance(offset, int) or offset < 0:
        raise BadRequest("The place to read from is not a domain and a number of octets.")
    pieces: list[list[Any]] = []
    left = MOST_OCTETS
    todo = [domain for domain in sorted(listed) if domain > after or (offset and domain == after)]
    for domain in todo:
        if left <= 0:
            break
        text, size = _piece(files, domain, offset if domain == after else 0, left)
        pieces.append([domain, text, size])
        left -= len(text or "") + 100
    return {"pieces": pieces}


def _piece(files: ZoneFiles, domain: str, offset: int, most: int) -> tuple[str | None, int]:
    try:
        with files.path(names.parse(domain)).open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(offset)
            return stream.read(most).decode("latin-1"), size
    except FileNotFoundError:
        return None, 0
