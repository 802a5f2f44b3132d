"""Backups from each kind of database into the other, whole or not at all; zones taken from files."""

import gzip
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from api.app import create_app
from api.changes import leases
from api.changes.actor import Actor
from api.changes.intent import Intent
from api.database import db, writing
from api.errors import OperatorError
from api.models import Lock, Nameserver, Publication, Record, Token, Zone
from api.recovery import files, stream
from api.recovery.dump import differing, dump
from api.recovery.load import load
from api.recovery.places import place_of
from api.recovery.rebuild import Rebuilder
from api.settings import Settings
from nameserver.render import Renderer
from tests.contract.forms import add, locked
from tests.installation import ALICE, Installation
from tests.postgres import Postgres

ROWS = (Zone, "domain", "serial"), (Record, "uuid", "value"), (Token, "hash", "expires_at"), (Lock, "uuid", "name")


def quiet(_done: int, _all: int) -> None:
    """Nobody looks."""


def back_up(installation: Installation, file: Path, force: bool = False) -> None:
    kept = files.collect(installation.settings, keys=True)
    with installation.app.app_context(), stream.written(file, force) as out:
        dump(db.engine, installation.settings, kept, out, quiet)


def restore(settings: Settings, file: Path, replacing: bool = False, paused: bool = False) -> str | None:
    place = place_of(settings)
    place.check(replacing)
    with place.open(create_app(place.settings)) as connection:
        load(connection, stream.Backup(file), settings.data, paused, quiet)
    return place.aside


@pytest.fixture
def elsewhere(tmp_path: Path, postgres: Postgres) -> Callable[[str], Settings]:
    """An empty installation on the kind of database."""

    def settings(kind: str) -> Settings:
        folder = tmp_path / kind
        folder.mkdir()
        return Settings(data=folder, database_url=postgres.create("elsewhere") if kind == "postgresql" else "")

    return settings


@pytest.fixture
def opened() -> Iterator[Callable[[Settings, Installation], Installation]]:
    """Opens another installation with the same tokens."""
    made = []

    def start(settings: Settings, like: Installation) -> Installation:
        made.append(Installation(settings, like.secrets))
        return made[-1]

    yield start
    for each in made:
        each.close()


def test_restored_on_either_kind_of_database(
    installation: Installation,
    alice: FlaskClient,
    zone: dict,
    tmp_path: Path,
    elsewhere: Callable[[str], Settings],
    opened: Callable[[Settings, Installation], Installation],
) -> None:
    """Every row comes along, tokens and numbers too; what was observed is to be observed again."""
    path = f"/api/v1/dns-zones/{zone['uuid']}/records/"
    for value in ("é\n\\;", '"a" "b"', "x" * 60_000):
        assert alice.post(path, json={"record_type": "TXT", "name": "t", "value": value}).status_code == 201
    locked(alice, zone, "reserved", name="reserved")
    serial = installation.stored(Zone, "serial")[0][0]
    installation.in_sync("example.com", serial)
    back_up(installation, tmp_path / "file")
    for kind in ("sqlite", "postgresql"):
        settings = elsewhere(kind)
        assert restore(settings, tmp_path / "file") is None
        there = opened(settings, installation)
        for model, *columns in ROWS:
            assert there.stored(model, *columns) == installation.stored(model, *columns)
        rows = there.stored(Publication, "domain", "wanted", "served", "state")
        assert rows == [("example.com", serial, None, "pending")] * 2
        client = there.client(ALICE)
        assert client.get(path).get_json() == alice.get(path).get_json()
        # The numbers of new rows go on above those that came.
        assert client.post(path, json={"record_type": "A", "name": "new", "value": "192.0.2.1"}).status_code == 201
        assert client.post("/api/v1/dns-zones/", json={"domain": "example.net"}).status_code == 201
        assert add(client, zone, "reserved A 192.0.2.1").status_code == 409
        locked(client, zone, "another", name="another")


def test_control_plane_of_a_restored_database_is_not_fenced_out(
    installation: Installation,
    tmp_path: Path,
    elsewhere: Callable[[str], Settings],
    opened: Callable[[Settings, Installation], Installation],
) -> None:
    """The agents have seen higher numbers than the backup has; a lease of the time of the backup is void."""
    with installation.app.app_context(), writing() as session:
        session.execute(update(Nameserver).values(fence=7, lease_owner="the old one", lease_expires=time.time() + 60))
    back_up(installation, tmp_path / "file")
    settings, earlier = elsewhere("sqlite"), leases.first_fence()
    restore(settings, tmp_path / "file")
    there = opened(settings, installation)
    with there.app.app_context():
        taken = leases.take("the new one")
    assert [each.fence > earlier for each in taken] == [True, True]


def test_paused_for_a_drill(
    installation: Installation,
    tmp_path: Path,
    elsewhere: Callable[[str], Settings],
    opened: Callable[[Settings, Installation], Installation],
) -> None:
    back_up(installation, tmp_path / "file")
    settings = elsewhere("sqlite")
    restore(settings, tmp_path / "file", paused=True)
    assert opened(settings, installation).stored(Nameserver, "paused") == [(True,), (True,)]


def test_database_with_zones_is_replaced_only_when_asked_and_kept(
    installation: Installation, alice: FlaskClient, zone: dict, tmp_path: Path
) -> None:
    back_up(installation, tmp_path / "file")
    assert alice.delete(f"/api/v1/dns-zones/{zone['uuid']}/").status_code == 204
    assert alice.post("/api/v1/dns-zones/", json={"domain": "later.example"}).status_code == 201
    installation.close()
    with pytest.raises(OperatorError, match="has 1 zones; with --replace"):
        restore(installation.settings, tmp_path / "file")
    assert installation.stored(Zone, "domain") == [("later.example",)]
    installation.close()
    aside = restore(installation.settings, tmp_path / "file", replacing=True)
    assert installation.stored(Zone, "domain") == [("example.com",)]
    assert aside
    if installation.settings.sqlite:
        with closing(sqlite3.connect(aside)) as database:
            assert database.execute("SELECT domain FROM zones").fetchall() == [("later.example",)]
    else:
        with installation.app.app_context(), db.engine.connect() as connection:
            schema = aside.removeprefix("the schema ")
            assert connection.exec_driver_sql(f"SELECT domain FROM {schema}.zones").all() == [("later.example",)]
            connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
            connection.commit()


def test_database_in_use_is_not_replaced(installation: Installation, zone: dict, tmp_path: Path) -> None:
    back_up(installation, tmp_path / "file")
    with installation.app.app_context(), db.engine.connect(), pytest.raises(OperatorError, match="in use"):
        restore(installation.settings, tmp_path / "file", replacing=True)
    assert installation.stored(Zone, "uuid") == [(zone["uuid"],)]


def test_damage_anywhere_restores_nothing(
    installation: Installation, zone: dict, tmp_path: Path, elsewhere: Callable[[str], Settings]
) -> None:
    """Cut at any place, one line lost, one octet changed: refused, and the old database is still there."""
    back_up(installation, tmp_path / "file")
    whole, settings = gzip.decompress((tmp_path / "file").read_bytes()), elsewhere("sqlite")
    lines = whole.splitlines(keepends=True)
    damaged = [gzip.compress(whole[:length]) for length in range(0, len(whole), 500)]
    damaged += [gzip.compress(b"".join(lines[:at] + lines[at + 1 :])) for at in range(len(lines))]
    damaged += [gzip.compress(whole.replace(b"example.com", b"example.org")), gzip.compress(whole + b"{}\n")]
    damaged += [(tmp_path / "file").read_bytes()[:-30], b"", b"not gzip"]
    for content in damaged:
        (tmp_path / "damaged").write_bytes(content)
        with pytest.raises(OperatorError, match="damaged or cut off"):
            for _ in stream.Backup(tmp_path / "damaged").lines():
                pass
    (tmp_path / "damaged").write_bytes(gzip.compress(whole.replace(b"example.com", b"example.org")))
    restore(settings, tmp_path / "file")
    with pytest.raises(OperatorError, match="damaged"):
        restore(settings, tmp_path / "damaged", replacing=True)
    assert sorted(path.name for path in settings.data.iterdir() if path.name != "write.lock") == ["zonewright.db"]
    there = Installation(settings, installation.secrets)
    assert there.stored(Zone, "domain") == [(zone["domain"],)]
    there.close()


def test_what_cannot_be_read_back_is_no_backup(
    installation: Installation, zone: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Damaged on its way to the disk: it is told at once, and the backup of before is still there."""
    back_up(installation, tmp_path / "file")
    good = (tmp_path / "file").read_bytes()
    monkeypatch.setattr(stream.Writer, "end", lambda _: None)
    with pytest.raises(OperatorError, match="damaged or cut off"):
        back_up(installation, tmp_path / "file", force=True)
    assert (tmp_path / "file").read_bytes() == good
    assert not list(tmp_path.glob("*.partial"))
    assert not list(tmp_path.glob(".*.partial"))


def test_settings_and_keys_come_along(installation: Installation, tmp_path: Path) -> None:
    """Into an empty folder; what is there already stays, with the backup's beside it."""
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "ssh").mkdir(parents=True)
    target.mkdir()
    (source / "settings.toml").write_text('default_ttl = 60\ndatabase_url = "postgresql://x"\n')
    (source / "ssh/id_ed25519").write_text("a key")
    then = replace(installation.settings, data=source, default_ttl=60, nameservers=("a.example", "b.example"))
    kept = files.collect(then, keys=True)
    assert [each.name for each in files.collect(then, keys=False)] == ["settings.toml"]
    assert list(files.put(Settings(data=target), kept, differing(then), differing(Settings(data=target))))
    assert (target / "ssh/id_ed25519").read_text() == "a key"
    text = (target / "settings.toml").read_text()
    assert "# database_url" in text
    assert text.endswith('nameservers = ["a.example", "b.example"]\n')
    assert text.count("default_ttl") == 1
    from api.settings import load as read

    assert read(target, {}).nameservers == then.nameservers
    (target / "ssh/id_ed25519").write_text("a newer key")
    told = list(files.put(Settings(data=target), kept, differing(then), {}))
    assert (target / "ssh/id_ed25519").read_text() == "a newer key"
    assert (target / "ssh/id_ed25519.restored").read_text() == "a key"
    assert any("nameservers = " in line for line in told)


@pytest.fixture
def rebuilder(installation: Installation) -> Iterator[Rebuilder]:
    """Takes zones for Alice."""
    from api.store.accounts import account_of

    with installation.app.app_context():
        account = account_of(ALICE)
        intent = Intent(Actor(account.id, account.uuid, account.email, "cli"))
        yield Rebuilder(installation.settings, intent, Renderer(installation.settings.templates))


def file_of(domain: str, *lines: str, primary: str = "ns1.zonewright.test") -> bytes:
    soa = f"@ 3600 IN SOA {primary}. hostmaster.zonewright.test. 2026010107 7200 900 1209600 300"
    ours = ("@ 3600 IN NS ns1.zonewright.test.", "@ 3600 IN NS ns2.zonewright.test.")
    return "\n".join([f"; {domain} serial 2026010107", f"$ORIGIN {domain}.", soa, *ours, *lines, ""]).encode()


def test_zone_is_taken_with_its_serial(installation: Installation, rebuilder: Rebuilder) -> None:
    content = file_of("taken.example", "www 300 IN A 192.0.2.1")
    taken = rebuilder.take("taken.example", content)
    assert (taken.records, taken.same, taken.problem) == (1, True, None)
    assert installation.stored(Zone, "domain", "serial") == [("taken.example", 2026010107)]
    assert rebuilder.take("taken.example", content).known


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (file_of("a.example", "x 60 IN CNAME a.example.", "x 60 IN A 192.0.2.1"), "CNAME"),
        (file_of("a.example", "x 60 IN TYPE65300 \\# 1 00"), "record type is not known"),
        (file_of("a.example", "$INCLUDE /etc/passwd"), "cannot be read"),
        (file_of("a.example", "\\000 60 IN A 192.0.2.1"), "\\000 A 192.0.2.1: "),
        (file_of("a.example", primary="other.example"), "other settings"),
        (b"", "cannot be read"),
        (b"\xff\x00", "cannot be read"),
        (None, "no file"),
    ],
)
def test_zone_that_cannot_be_taken_says_why_and_leaves_nothing(
    installation: Installation, rebuilder: Rebuilder, content: bytes | None, reason: str
) -> None:
    problem = rebuilder.take("a.example", content).problem
    assert problem is not None
    assert reason in problem
    assert installation.stored(Zone, "domain") == []
    assert installation.stored(Record, "uuid") == []


def test_deleted_zone_is_not_taken(
    installation: Installation, rebuilder: Rebuilder, alice: FlaskClient, zone: dict
) -> None:
    alice.delete(f"/api/v1/dns-zones/{zone['uuid']}/")
    problem = rebuilder.take(zone["domain"], file_of(zone["domain"])).problem
    assert problem is not None
    assert "deleted" in problem
    assert installation.stored(Zone, "domain") == []
