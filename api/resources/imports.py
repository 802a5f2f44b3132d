"""Importing zones: one as `text/dns`, several as a form or as a tar archive."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Response, current_app, g, request

from api import auth
from api.changes import imports as changes
from api.changes.imports import Mode, Siblings
from api.changes.journal import Written
from api.changes.zones import canonical
from api.errors import ApiError, InvalidRequest, UnsupportedMediaType
from api.resources.writes import finished
from api.schemas import imports as schema
from api.schemas.loading import content
from api.settings import Settings
from nameserver.errors import InvalidInput
from nameserver.incoming.archives import files
from nameserver.incoming.domains import domain_of
from nameserver.incoming.incoming import Incoming, incoming

_ZONE_FILES = ("text/dns", "text/plain", "application/dns")
_ARCHIVES = ("application/x-tar", "application/tar", "application/gzip", "application/x-gzip")
_FORM = "multipart/form-data"


def import_zones() -> Response:
    """Zones from zone files: each whole or not at all, and every loss is named."""
    mode, body = authorized(), content()
    if body.media_type in _ZONE_FILES:
        return finished(*changes.bring(_settings(), g.intent, _one(body.octets), mode, schema.answer))
    if body.media_type == _FORM:
        return _several(_of_form(), mode)
    if body.media_type in _ARCHIVES:
        return _several([("", *file) for file in files(body.octets, _settings().import_limit)], mode)
    raise UnsupportedMediaType(
        "Send a zone file as text/dns, several as multipart/form-data or as a tar archive (application/x-tar)."
    )


def authorized() -> Mode:
    """The mode wanted. Raises PermissionDenied when it takes a permission that the token lacks."""
    mode = Mode(g.query.get("mode", "create"))
    for permission in ("dns:update", "dns:delete") if mode is not Mode.CREATE else ():
        auth.require(permission)
    return mode


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def _one(content: bytes) -> Incoming:
    domain = g.query.get("domain")
    if domain is None:
        raise InvalidInput("domain", "Say which zone it is: ?domain=example.com.")
    return _read(domain, content)


def _read(domain: str, content: bytes) -> Incoming:
    settings = _settings()
    return incoming(canonical(settings, domain), content, settings.authority, settings.records_per_zone)


def _of_form() -> list[tuple[str, str, bytes]]:
    """(domain or nothing, file name, content) of each; a part that is named like a domain says which zone it is."""
    found = [(part, each.filename or part, each.read()) for part, each in request.files.items(multi=True)]
    if not found:
        raise InvalidRequest("The form has no files: send each zone file as a file.", "file")
    return [(part if "." in part else "", name, content) for part, name, content in found]


def _several(given: list[tuple[str, str, bytes]], mode: Mode) -> Response:
    """All are planned before the first is imported; one that is refused, and none is."""
    if g.query.get("domain") is not None:
        raise InvalidInput(
            "domain", "`domain` goes with one zone file; several say by their names which zones they are."
        )
    if g.intent.key is not None:
        raise InvalidRequest(
            "An Idempotency-Key goes with one zone file: each zone is a write of its own.", "Idempotency-Key"
        )
    if g.intent.watch is not None:
        raise InvalidRequest("Several zones cannot be kept for later: propose each zone file alone.", "propose")
    zones = [(name, _read_file(name, domain, content)) for domain, name, content in given]
    domains = [zone.domain for _, zone in zones]
    _refuse_twice(domains)
    siblings = Siblings.among(domains)
    for name, zone in zones:
        with _refusing_all(name):
            changes.planned(_settings(), g.intent, zone, mode, siblings)
    results, written = [], []
    for _, each in zones:
        body, done = _brought(each, mode)
        results.append(body)
        written += done
    return finished({"zones": results}, *written)


def _read_file(name: str, domain: str, content: bytes) -> Incoming:
    with _refusing_all(name):
        return _read(domain or domain_of(name, content), content)


@contextmanager
def _refusing_all(name: str) -> Iterator[None]:
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput(error.field, f"{name}: {error.detail} Nothing was imported.") from error


def _refuse_twice(domains: list[str]) -> None:
    for domain, times in Counter(domains).items():
        if times > 1:
            raise InvalidInput("file", f"{domain} is there {times} times; send each zone once.")


def _brought(zone: Incoming, mode: Mode) -> tuple[Any, list[Written]]:
    """What came of one zone; another write may have come between the plan and this."""
    try:
        body, written = changes.bring(_settings(), g.intent, zone, mode, schema.answer)
    except (InvalidInput, ApiError) as error:
        return {"domain": zone.domain, "error": error.detail}, []
    return body | {"error": None}, [written]
