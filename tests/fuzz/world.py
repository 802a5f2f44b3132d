"""An installation in one process with a real named behind it: what is written through the API can be asked for."""

import os
import shutil
import sqlite3
import struct
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import dns.message
import dns.name
import dns.query
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import psycopg
from flask.testing import FlaskClient
from sqlalchemy import select

from api.app import create_app
from api.changes import accounts, nameservers, tokens
from api.control import ControlPlane
from api.database import db
from api.models import Publication, Record, Zone
from api.schema import upgrade
from api.settings import Settings
from nameserver.agent.names import parse
from nameserver.agent.tools import find
from tests.installation import ALICE, BOB
from tests.nameservers import ADDRESS, RunningNamed, running

_RAW_HEADER, _RAW_VERSION = 24, 1
_TIMEOUT = 10.0

# One record of a name, as named has it: owner, type, TTL, the octets of its rdata.
Line = tuple[str, str, int, bytes]


class World:
    """The application over a database of its own, two accounts, one real nameserver, the control plane."""

    def __init__(self, folder: Path, named: RunningNamed, database_url: str = "", **settings: Any) -> None:
        self.settings = Settings(data=folder, database_url=database_url, sweep_seconds=3600, **settings)
        self.app = create_app(self.settings)
        self.named = named
        upgrade(self.app)
        with self.app.app_context():
            nameservers.put(named.embedded.target)
            for account in (ALICE, BOB):
                accounts.create(account)
            self.secrets = {each: tokens.create(each, "all", tokens.PERMISSIONS, None)[1] for each in (ALICE, BOB)}
        self._plane = ControlPlane(self.app, self.settings, take_over=True)

    def close(self) -> None:
        """Let go of the nameserver and the database."""
        self._plane.close()
        for thread in threading.enumerate():
            if "_write_last_used" in thread.name:
                thread.join(_TIMEOUT)
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()

    def client(self, account: str = ALICE) -> FlaskClient:
        """A client of the account, with all permissions."""
        client = self.app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {self.secrets[account]}"
        return client

    def new_zone(self, client: FlaskClient, suffix: str = "example.net") -> dict[str, Any]:
        """A zone that nothing else knows of."""
        answer = client.post("/api/v1/dns-zones/", json={"domain": f"z{uuid.uuid4().hex[:12]}.{suffix}"})
        assert answer.status_code == 201, answer.text
        return dict(answer.get_json())

    # ---- the control plane ----

    def publish(self) -> None:
        """Everything that is due goes to named."""
        self._plane.run_once()

    def not_in_sync(self) -> list[tuple[str, str, str | None]]:
        """Publications that named refused, or that are held: domain, state, reason."""
        with self.app.app_context():
            rows = db.session.execute(
                select(Publication.domain, Publication.state, Publication.error).where(Publication.state != "in_sync")
            )
            return [(domain, state, error) for domain, state, error in rows]

    # ---- what is stored, what named has ----

    def stored(self, domain: str) -> set[Line]:
        """The zone's records in the database, in the form in which named has them."""
        with self.app.app_context():
            columns = (Record.name, Record.type, Record.ttl, Record.value, Record.priority)
            rows = db.session.execute(
                select(*columns).join(Zone, Zone.id == Record.zone_id).where(Zone.domain == domain)
            ).all()
        return {
            (_absolute(name, domain), kind, ttl, wire(kind, value, priority))
            for name, kind, ttl, value, priority in rows
        }

    def loaded(self, domain: str) -> set[Line]:
        """What the zone's file on the nameserver's disk says by BIND's own reading, our SOA and NS set left out."""
        path = self.named.directory / "zones" / parse(domain).file_name
        name = parse(domain).text.replace("-", "\\045", 1) if domain.startswith("-") else parse(domain).text
        argv = [find("named-compilezone"), "-q", "-k", "ignore", "-i", "none", "-F", "raw", "-o", "-", name, str(path)]
        done = subprocess.run(argv, capture_output=True, timeout=_TIMEOUT * 6)
        assert done.returncode == 0, (domain, done.stderr.decode(errors="replace"), path.read_bytes()[:4000])
        ours = {dns.name.from_text(each).to_wire() for each in self.settings.nameservers}
        found = list(_read_raw(done.stdout))
        apex = _absolute("@", domain)
        mine = [
            line for line in found if line[0] == apex and (line[1] == "SOA" or (line[1] == "NS" and line[3] in ours))
        ]
        assert len(mine) == 1 + len(ours), mine
        assert len(set(found)) == len(found)
        return set(found) - set(mine)

    def answered(self, owner: str, kind: str) -> set[Line]:
        """What named answers for one name and type over UDP (TCP when it does not fit), delegations and glue too."""
        question = dns.message.make_query(owner, kind)
        answer, _ = dns.query.udp_with_fallback(
            question, ADDRESS, timeout=_TIMEOUT, port=self.named.port, ignore_unexpected=True
        )
        sections = (answer.answer, answer.authority, answer.additional)
        rrsets = [rrset for section in sections for rrset in section]
        return {line for rrset in rrsets for line in _lines(rrset) if line[:2] == (owner, kind)}

    def assert_served(self, domain: str) -> set[Line]:
        """The zone's file and named's answers are what the database says, no more and no less."""
        stored = self.stored(domain)
        loaded = self.loaded(domain)
        assert loaded == stored, f"only named has {loaded - stored}, only the database has {stored - loaded}"
        for owner, kind in sorted({line[:2] for line in stored}):
            expected = {line for line in stored if line[:2] == (owner, kind)}
            found = self.answered(owner, kind)
            if kind == "NS" and owner == _absolute("@", domain):
                ours = {dns.name.from_text(each).to_wire() for each in self.settings.nameservers}
                found = {line for line in found if line[3] not in ours}
            assert found == expected, (owner, kind)
        return stored

    # ---- the database, whole and quick ----

    def snapshot(self) -> "Snapshot":
        """Every zone, record and change, past the application."""
        zones = "SELECT uuid, domain, serial, account_id FROM zones ORDER BY id"
        records = (
            "SELECT r.uuid, z.uuid, r.name, r.type, r.ttl, r.priority, r.value FROM records r JOIN zones z"
            " ON z.id = r.zone_id ORDER BY r.id"
        )
        with self._raw() as ask:
            found_zones = {row[0]: row[1:] for row in ask(zones)}
            found_records = {row[0]: row[1:] for row in ask(records)}
            changes = ask("SELECT count(*) FROM changes")[0][0]
        return Snapshot(found_zones, found_records, changes)

    @contextmanager
    def _raw(self) -> Iterator[Any]:
        if self.settings.sqlite:
            with closing(sqlite3.connect(self.settings.data / "zonewright.db", isolation_level=None)) as connection:
                connection.execute("BEGIN")
                yield lambda query: connection.execute(query).fetchall()
            return
        if not hasattr(self, "_side"):
            url = self.settings.url.replace("postgresql+psycopg://", "postgresql://")
            self._side = psycopg.connect(url, autocommit=True)
        with self._side.transaction():
            self._side.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield lambda query: self._side.execute(query).fetchall()


class Snapshot:
    """The database at one moment: zones and records by uuid in order of creation, and the number of changes."""

    def __init__(self, zones: dict[str, Any], records: dict[str, Any], changes: int) -> None:
        self.zones, self.records, self.changes = zones, records, changes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Snapshot) and vars(self) == vars(other)

    def __repr__(self) -> str:
        return f"<{len(self.zones)} zones, {len(self.records)} records, {self.changes} changes>"


@contextmanager
def world(folder: Path, database_url: str = "", **settings: Any) -> Iterator[World]:
    """A started one; named is ended, and the database let go, when the block is left."""
    data = folder / "data"
    data.mkdir(parents=True)
    with running(folder / "ns1") as named:
        made = World(data, named, database_url, **settings)
        try:
            yield made
        finally:
            if hasattr(made, "_side"):
                made._side.close()
            made.close()


def bind_installed() -> bool:
    """Are named and its tools on this machine?"""
    return shutil.which("named-compilezone", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is not None


def wire(kind: str, value: str, priority: int | None) -> bytes:
    """The rdata that a value the API answered stands for, read without any code of ours."""
    if kind == "TXT":
        return _text(value)
    if kind in ("CNAME", "NS"):
        return dns.name.from_text(value).to_wire() or b""
    if kind == "MX":
        return struct.pack(">H", priority) + (dns.name.from_text(value).to_wire() or b"")
    if kind == "SRV":
        weight, port, target = value.split(" ")
        name = dns.name.from_text(target).to_wire() or b""
        return struct.pack(">HHH", priority, int(weight), int(port)) + name
    octets = dns.rdata.from_text("IN", kind, value, origin=dns.name.root, relativize=False).to_wire() or b""
    return octets if kind != "LOC" else octets[:-4] + _altitude(value)


def _altitude(value: str) -> bytes:
    """Exact: dnspython counts in floats, and makes 28 centimetres of 0.29 m."""
    metres = next(word for word in value.split()[1:] if word.endswith("m"))
    return struct.pack(">I", int(Decimal(metres[:-1]) * 100) + 10_000_000)


def _text(value: str) -> bytes:
    if value.startswith('"'):
        return dns.rdata.from_text("IN", "TXT", value).to_wire() or b""
    octets = value.encode()
    strings = [octets[start : start + 255] for start in range(0, len(octets), 255)] or [b""]
    return b"".join(bytes([len(string)]) + string for string in strings)


def _absolute(name: str, domain: str) -> str:
    return f"{domain}." if name == "@" else f"{name}.{domain}."


def _read_raw(dump: bytes) -> Iterator[Line]:
    """BIND's raw zone format: a header, then RRsets with the octets of the wire."""
    position = _RAW_HEADER
    while position < len(dump):
        total, _, kind, _, ttl, count, length = struct.unpack_from(">IHHHIIH", dump, position)
        start = position + struct.calcsize(">IHHHIIH")
        owner = _shown(dump[start : start + length])
        start += length
        for _ in range(count):
            (size,) = struct.unpack_from(">H", dump, start)
            yield owner, dns.rdatatype.to_text(kind), ttl, dump[start + 2 : start + 2 + size]
            start += 2 + size
        assert start == position + total
        position = start


def _shown(octets: bytes) -> str:
    return dns.name.from_wire(octets, 0)[0].to_text()


def _lines(rrset: dns.rrset.RRset) -> Iterator[Line]:
    for rdata in rrset:
        yield rrset.name.to_text(), dns.rdatatype.to_text(rrset.rdtype), rrset.ttl, rdata.to_wire() or b""
