"""The conditions a request puts on its write: `dry_run`, `If-Match`, `Idempotency-Key`."""

import hashlib
import re

from flask import g, request

from api.auth import caller
from api.changes.intent import Deadline, Intent, Key
from api.errors import InvalidRequest
from api.schemas.loading import content_of_request

_LONGEST_REASON = 500
_TAG = re.compile(r'(W/)?("[^"]*")')
_TAGS = re.compile(rf"[ \t,]*(?:{_TAG.pattern}[ \t]*(?:,[ \t,]*|$))+")


def intent() -> Intent:
    """What the caller of this request wants to write, and under which conditions. Raises InvalidRequest."""
    dry_run, confirm_removals = (bool(g.query.get(flag)) for flag in ("dry_run", "confirm_removals"))
    return Intent(
        caller().actor(),
        dry_run,
        tags("If-Match", weak=False),
        key(),
        confirm_removals,
        reason(),
        deadline=Deadline.within(g.query.get("confirm_within")),
    )


def reason() -> str | None:
    """Why the caller writes, kept with the change. Raises InvalidRequest."""
    # The octets of a header come as Latin-1 (PEP 3333); clients send UTF-8.
    octets = request.headers.get("X-Change-Reason", "").strip().encode("latin-1")
    text = octets.decode(errors="surrogateescape")
    if len(text) > _LONGEST_REASON or not text.isprintable():  # a surrogate is not printable either
        raise InvalidRequest(
            f"The X-Change-Reason must have at most {_LONGEST_REASON} characters of UTF-8, all of them printable.",
            "X-Change-Reason",
        )
    return text or None


def key() -> Key | None:
    """The request's Idempotency-Key with the request's fingerprint. Raises InvalidRequest."""
    text = request.headers.get("Idempotency-Key")
    if text is None or g.query.get("dry_run"):
        return None
    if not (0 < len(text) <= 255 and text.isascii() and text.isprintable()):
        raise InvalidRequest("The Idempotency-Key must have 1 to 255 printable ASCII characters.", "Idempotency-Key")
    digest = hashlib.sha256(f"{request.method} {request.full_path}\n".encode() + content_of_request())
    return Key(text, digest.hexdigest())


def tags(header: str, weak: bool = True) -> frozenset[str] | None:
    """The entity tags of a header (RFC 9110, section 8.8.3), with the weak ones or without; `*` stands alone.

    None without the header. Raises InvalidRequest.
    """
    if header not in request.headers:
        return None
    text = request.headers[header]
    if text.strip() == "*":
        return frozenset("*")
    if not _TAGS.fullmatch(text):
        raise InvalidRequest(f'{header} must hold entity tags such as "abc", or *.', header)
    return frozenset(match[2] for match in _TAG.finditer(text) if weak or not match[1])
