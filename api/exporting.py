"""A zone of the database as one file."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from api.models import Zone as Row
from api.settings import Settings
from api.store.pages import EVERYTHING
from api.store.records import as_values, records_of
from nameserver.agent.names import parse
from nameserver.outgoing.exported import Exported
from nameserver.outgoing.octodns import as_octodns
from nameserver.outgoing.tables import as_csv, as_json
from nameserver.outgoing.tinydns import as_tinydns
from nameserver.render import Renderer
from nameserver.zone import Authority, Zone

_FORMATS: dict[str, Callable[[Zone, Authority], Exported]] = {
    "json": as_json,
    "csv": as_csv,
    "octodns": as_octodns,
    "tinydns": as_tinydns,
}
FORMATS = ("zone", *_FORMATS)


@dataclass(frozen=True, slots=True)
class File:
    """An export with the name of its file."""

    file_name: str
    content: bytes
    media_type: str
    left_out: tuple[str, ...]


def exported(settings: Settings, row: Row, form: str) -> File:
    """The zone in one of FORMATS; the same zone gives the same bytes. Raises InvalidInput when it cannot be printed."""
    zone = Zone(row.uuid, row.domain, row.serial, tuple(as_values(records_of(row, EVERYTHING))))
    found = _zone_file(settings, zone) if form == "zone" else _FORMATS[form](zone, settings.authority)
    stem = parse(row.domain).file_name.removesuffix(".zone").lstrip("~")
    return File(f"{stem}.{found.suffix}", found.content, found.media_type, found.left_out)


def _zone_file(settings: Settings, zone: Zone) -> Exported:
    """The very file that the nameservers have."""
    return Exported(_renderer(settings.templates).zone_file(zone, settings.authority).content, "text/dns", "zone")


@cache
def _renderer(templates: Path) -> Renderer:
    return Renderer(templates)
