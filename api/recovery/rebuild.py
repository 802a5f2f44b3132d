"""Zones and records from zone files: when the database is lost, the nameservers still have everything.

Each zone goes through the rules that every write goes through, keeps the serial of its file, and is compared:
when the file that would be rendered is the one that is there, nothing changes on the nameservers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy.orm import Session

from api.changes import zones
from api.changes.become import place
from api.changes.edit import Edit
from api.changes.intent import Intent
from api.changes.records import unique
from api.database import changing
from api.errors import ApiError, OperatorError
from api.models import Record as Row
from api.models import Tombstone
from api.settings import Settings
from api.store import records as stored
from api.store.rows import HeldRows
from api.store.zones import zone_named
from nameserver.errors import InvalidInput
from nameserver.parse import ParsedZone, parse
from nameserver.records import Record
from nameserver.render import Renderer
from nameserver.zone import Authority, Zone


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of one zone: `problem` says why it was not taken; `same`: what is served stays, to the octet.

    `known`: it is in the database, and stays as it is there.
    """

    domain: str
    records: int = 0
    same: bool = False
    problem: str | None = None
    known: bool = False


@dataclass(frozen=True, slots=True)
class Rebuilder:
    """Takes zones into the account of `intent`. `other_settings`: the SOA and NS records of files may be others."""

    settings: Settings
    intent: Intent
    renderer: Renderer
    other_settings: bool = False

    def take(self, domain: str, content: bytes | None) -> Taken:
        """Take one zone, whole or not at all."""
        if zone_named(domain):
            return Taken(domain, known=True)
        if content is None:
            return Taken(domain, problem="The nameserver has no file of it.")
        try:
            parsed = parse(domain, content)
            if not self.other_settings:
                _check_authority(parsed.authority, self.settings.authority)
            return self._stored(parsed, content)
        except (InvalidInput, ApiError) as error:
            return Taken(domain, problem=error.detail)

    def _stored(self, parsed: ParsedZone, content: bytes) -> Taken:
        domain = zones.canonical(self.settings, parsed.domain)
        with unique(), zones.taken(), changing(self.intent.dry_run) as session:
            _refuse_deleted(session, domain)
            zone = zones.new_zone(self.settings, session, self.intent, domain)
            zone.serial = parsed.serial
            edit = Edit(self.settings, session, zone, HeldRows(zone))
            records = parsed.without(self.settings.authority.nameservers)
            rows = [self._created(edit, record) for record in sorted(records, key=place)]
            edit.finish(self.intent, "zone.create")
            again = Zone(zone.uuid, domain, zone.serial, tuple(stored.as_values(rows)))
            same = self.renderer.zone_file(again, self.settings.authority).content == content
            return Taken(domain, len(rows), same)

    def _created(self, edit: Edit, record: Record) -> Row:
        name = f"{record.name}.{edit.zone.domain}." if record.name != "@" else "@"
        body = {"record_type": record.type, "name": name, "value": record.value, "ttl": record.ttl}
        try:
            return edit.create({**body, "priority": record.priority}, {})
        except InvalidInput as error:
            raise InvalidInput(
                error.field, f"{record.name} {record.type} {record.value[:80]}: {error.detail}"
            ) from error


def files_of(folder: Path) -> Iterator[tuple[str, bytes | None]]:
    """Domain and content of every zone file in a folder. Raises OperatorError when there is none."""
    paths = sorted(folder.glob("*.zone"))
    if not paths:
        raise OperatorError(f"There is no file of the form NAME.zone in {folder}.")
    for path in paths:
        content = path.read_bytes()
        words = content.split(b"\n", 1)[0].split()  # "; DOMAIN serial N": not every domain can be a file's name
        named = len(words) == 4 and words[0] == b";" and words[2] == b"serial"
        yield words[1].decode("latin-1") if named else path.name.removesuffix(".zone"), content


def _check_authority(found: Authority, ours: Authority) -> None:
    """Zones are rendered with the settings' SOA and NS records: other ones would be live at once."""
    there = found.primary == ours.primary and set(ours.nameservers) <= set(found.nameservers)
    if there and replace(found, nameservers=()) == replace(ours, nameservers=()):
        return
    lines = (
        f"nameservers = {list(found.nameservers)}, hostmaster = {found.hostmaster}, authority_ttl = {found.ttl}, "
        f"soa_refresh = {found.refresh}, soa_retry = {found.retry}, soa_expire = {found.expire}, "
        f"negative_ttl = {found.negative_ttl}"
    )
    raise InvalidInput("settings", f"It was made with other settings than those of now: {lines}")


def _refuse_deleted(session: Session, domain: str) -> None:
    if session.get(Tombstone, domain):
        raise InvalidInput("domain", "It was deleted; create it if it should come back.")
