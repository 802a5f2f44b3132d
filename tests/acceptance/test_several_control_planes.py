"""Two control planes on one PostgreSQL: one works, the other takes over, and a late one does no harm."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from api.changes import nameservers
from api.database import db
from api.models import Nameserver
from api.settings import Settings
from tests.contract.forms import add, created, records_of, zone_url
from tests.installation import NAMESERVERS, Installation, furnish
from tests.nameservers import RunningNamed
from tests.stack import ROOT, eventually
from tests.watching import watched

if TYPE_CHECKING:
    from tests.postgres import Postgres

# The same program with a lease of a second, and locks that end as soon: both endings are what these tests wait for.
_QUICK = """
from api import __main__, control, database
from api.changes import leases
leases.LEASE_SECONDS, control._RENEW_SECONDS, database.IDLE_SECONDS = 1.0, 0.3, 1.0
__main__.main()
"""
ROUNDS = 4
Json = dict[str, Any]


class World:
    """A database, two nameservers, an API in this process, and control planes beside it."""

    def __init__(self, folder: Path, url: str, nameds: list[RunningNamed]) -> None:
        self.nameds, self._folder, self._url = nameds, folder, url
        settings = Settings(data=folder, database_url=url)
        self.installation = Installation(settings, furnish(settings))
        with self.installation.app.app_context():
            for named in nameds:
                nameservers.put(named.embedded.target)
        self.client = self.installation.client()

    @contextmanager
    def plane(self, name: str, quick: bool) -> Iterator["subprocess.Popen[bytes]"]:
        """A control plane of its own data folder; its end is waited for."""
        data = self._folder / name
        data.mkdir()
        environment = {"ZONEWRIGHT_DATA": str(data), "ZONEWRIGHT_DATABASE_URL": self._url, "PYTHONPATH": str(ROOT)}
        program = ["-c", _QUICK] if quick else ["-m", "api"]
        with (data / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *program, "control"],
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(30)

    def owners(self) -> set[int]:
        """The processes that hold the leases."""
        with self.installation.app.app_context():
            held = db.session.scalars(select(Nameserver.lease_owner)).all()
            db.session.remove()
        return {int(owner.split(":")[1]) if owner else 0 for owner in held}

    def serves(self, zone: Json) -> bool:
        """Do both answer the newest serial?"""
        wanted = self.client.get(zone_url(zone, "status/")).get_json()["serial"]
        return all(named.serial(zone["domain"]) == wanted for named in self.nameds)

    def log(self, name: str) -> str:
        """What a control plane wrote."""
        return (self._folder / name / "log").read_text(errors="replace")


@pytest.fixture
def world(postgres: "Postgres", tmp_path: Path) -> Iterator[World]:
    """Nothing published yet, no control plane running."""
    with ExitStack() as closing:
        nameds = [RunningNamed(tmp_path / name, name) for name in NAMESERVERS]
        for named in nameds:
            closing.callback(named.kill)
            named.start()
        made = World(tmp_path, postgres.create("planes"), nameds)
        closing.callback(made.installation.close)
        yield made


def test_other_takes_over_after_a_kill(world: World) -> None:
    """After its lease, whatever the dead one was about to do."""
    zone = created(world.client, "example.com")
    with world.plane("first", quick=False) as first:
        eventually(lambda: world.serves(zone))
        with world.plane("second", quick=False) as second:
            eventually(lambda: "LISTEN" in _listeners(world, 2))
            assert world.owners() == {first.pid}
            first.kill()
            began = time.monotonic()
            add(world.client, zone, "www A 192.0.2.1")
            eventually(lambda: world.serves(zone))
            print(f"taken over and published {time.monotonic() - began:.1f} s after the kill")
            assert world.owners() == {second.pid}


def _listeners(world: World, number: int) -> str:
    """`LISTEN`, once so many control planes have a doorbell."""
    from sqlalchemy import text

    with world.installation.app.app_context():
        found = db.session.scalar(
            text("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()")
        )
        db.session.remove()
    return "LISTEN" if (found or 0) >= number else ""


def test_frozen_one_that_wakes_up_late_does_no_harm(world: World) -> None:
    """Stopped in the middle of its writing, again and again, woken when the other has gone on."""
    zones = [created(world.client, f"z{number}.example.net") for number in range(4)]
    ports, domains = [named.port for named in world.nameds], [zone["domain"] for zone in zones]
    stopping = threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        client = world.installation.client()
        while not stopping.is_set():
            answer = add(client, zones[written % len(zones)], f"h{written} A 192.0.2.1")
            assert answer.status_code == 201, answer.text
            written += 1

    with world.plane("first", quick=True) as first, world.plane("second", quick=True) as second:
        eventually(lambda: all(map(world.serves, zones)))
        writer = threading.Thread(target=write)
        with watched(ports, domains) as falls:
            writer.start()
            try:
                for _ in range(ROUNDS):
                    holder = eventually(lambda: world.owners() & {first.pid, second.pid})
                    os.kill(pid := min(holder), signal.SIGSTOP)
                    eventually(lambda pid=pid: pid not in world.owners())  # type: ignore[misc]
                    os.kill(pid, signal.SIGCONT)
            finally:
                stopping.set()
                writer.join()
            eventually(lambda: all(map(world.serves, zones)))
        assert falls == []
        assert sum(len(records_of(world.client, zone)) for zone in zones) == written
        for zone in zones:
            files = {named.zone_file(zone["domain"]) for named in world.nameds}
            assert len(files) == 1
            assert files.pop().count(b" IN A ") == len(records_of(world.client, zone))
