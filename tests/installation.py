"""An installation in one process: a database, the application, two accounts, two nameservers, no control plane.

`Databases` is the seam for another kind of database: whatever makes a migrated, furnished one for each test.
"""

import hashlib
import shutil
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from api.app import create_app
from api.auth import LastUsed
from api.changes import accounts, nameservers, observations, tokens
from api.dashboard.rates import Attempts
from api.database import db, now, writing
from api.floods import Floods
from api.models import Nameserver, Record, Token, Zone, checksums
from api.models.zones import reverse_domain
from api.schema import upgrade
from api.settings import Settings
from api.store.records import as_values
from api.waiting import Waiters
from nameserver import records
from nameserver.plan import Action, Item, Outcome, State
from nameserver.publish import Contact, Observation, Published
from nameserver.reconcile import Held
from nameserver.target import Target
from nameserver.zone import Problem, Severity
from tests.postgres import Postgres

ALICE, BOB = "alice@example.org", "bob@example.org"
ALL = tokens.PERMISSIONS
NAMESERVERS = ("ns1", "ns2")
_LONGEST = 20.0


def furnish(settings: Settings) -> dict[str, str]:
    """Migrate the database and put in two nameservers and two accounts; answers each account's secret."""
    app = create_app(settings)
    upgrade(app)
    with app.app_context():
        for name in NAMESERVERS:
            nameservers.put(Target(name, ("false",), ("192.0.2.53",), 53, "nowhere"))
        for account in (ALICE, BOB):
            accounts.create(account)
        secrets = {account: tokens.create(account, "all", ALL, None)[1] for account in (ALICE, BOB)}
        db.session.remove()
        db.engine.dispose()
    return secrets


class Databases(Protocol):
    """One kind of database. `secrets` are those of the tokens with all permissions, by account."""

    secrets: dict[str, str]

    def fresh(self, folder: Path) -> str:
        """The URL of the database of this data folder: furnished anew, whatever it held. Nobody uses it now."""


class SqliteFiles:
    """SQLite: furnished once, then copied."""

    def __init__(self, folder: Path) -> None:
        self._template = folder / "zonewright.db"
        self.secrets = furnish(Settings(data=folder))

    def fresh(self, folder: Path) -> str:
        """A copy in the data folder."""
        for name in ("zonewright.db-wal", "zonewright.db-shm"):
            (folder / name).unlink(missing_ok=True)
        shutil.copy(self._template, folder / self._template.name)
        return f"sqlite:///{folder / self._template.name}"


class PostgresDatabases:
    """PostgreSQL: furnished once, then copied by the server."""

    def __init__(self, server: Postgres, folder: Path) -> None:
        self._server = server
        self.secrets = furnish(Settings(data=folder, database_url=server.create("furnished")))
        server.keep("furnished")

    def fresh(self, folder: Path) -> str:
        """A copy of the folder's own."""
        name = f"copy_{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"
        return self._server.reset(name) if self._server.has(name) else self._server.create(name, "furnished")


class Installation:
    """The application over one database, its clients, and what a control plane would report."""

    def __init__(self, settings: Settings, secrets: dict[str, str]) -> None:
        self.app: Flask = create_app(settings)
        self.settings = settings
        self.secrets = secrets

    def close(self) -> None:
        """Wait for what the application still writes, then let the database go."""
        for thread in threading.enumerate():
            if "_write_last_used" in thread.name:
                thread.join(_LONGEST)
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()

    def forget(self) -> None:
        """What the application keeps in memory goes, as with a new start."""
        self.app.extensions["zonewright_last_used"] = LastUsed()
        self.app.extensions["zonewright_waiters"] = Waiters(self.settings.most_waiters)
        self.app.extensions["zonewright_floods"] = Floods(self.settings)
        self.app.extensions["zonewright_attempts"] = Attempts()

    # ---- clients ----

    def client(self, account: str = ALICE, secret: str | None = None) -> FlaskClient:
        """A client of the account, with all permissions unless another token is given."""
        client = self.app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret or self.secrets[account]}"
        return client

    def token(
        self, *permissions: str, account: str = ALICE, lifetime: timedelta | None = None, name: str = "extra"
    ) -> tuple[Token, str]:
        """A new token of the account, with its secret."""
        with self.app.app_context():
            return tokens.create(account, name, permissions or ALL, lifetime)

    def client_with(self, *permissions: str, account: str = ALICE) -> FlaskClient:
        """A client with a new token that has these permissions only."""
        return self.client(account, self.token(*permissions, account=account)[1])

    # ---- what a control plane would report ----

    def answers(self, nameserver: str, domain: str, serial: int) -> None:
        """The nameserver was asked and answered this serial."""
        self._published(nameserver, Item(domain, Action.PUBLISH, serial), State.IN_SYNC)

    def in_sync(self, domain: str, serial: int) -> None:
        """Both nameservers were asked and answered this serial."""
        for name in NAMESERVERS:
            self.answers(name, domain, serial)

    def no_longer_answers(self, nameserver: str, domain: str, serial: int) -> None:
        """The nameserver was asked and no longer answers the zone, whose tombstone has this serial."""
        self._published(nameserver, Item(domain, Action.REMOVE, serial), State.IN_SYNC)

    def fails(self, nameserver: str, domain: str, serial: int, error: str = "named refused it") -> None:
        """The nameserver did not take this serial."""
        self._published(nameserver, Item(domain, Action.PUBLISH, serial), State.FAILED, error)

    def holds(self, domain: str, serial: int, detail: str = "the checker refused it") -> None:
        """The zone is not published, on purpose."""
        self.report(Held(domain, serial, [Problem("a-rule", Severity.ERROR, detail)]))

    def contact(self, nameserver: str, error: str | None) -> None:
        """The nameserver was reached, or not."""
        self.report(Contact(nameserver, error))

    def report(self, observed: Observation | Held) -> None:
        """Write down what was observed."""
        with self.app.app_context():
            observations.report(observed)

    def _published(self, nameserver: str, item: Item, state: State, error: str | None = None) -> None:
        self.report(Published(nameserver, [item], [Outcome(item.domain, state, item.serial, error)]))

    # ---- the database, past the API ----

    def pause(self, nameserver: str) -> None:
        """Pause the nameserver."""
        with self.app.app_context(), writing() as session:
            session.execute(update(Nameserver).where(Nameserver.name == nameserver).values(paused=True))

    def store_records(self, zone: str, number: int) -> None:
        """So many A records of different names, without a request for each."""
        with self.app.app_context(), writing() as session:
            owner = session.scalars(select(Zone).where(Zone.uuid == zone)).one()
            zone_id = owner.id
            for index in range(number):
                value = f"10.0.{index >> 8}.{index & 255}"
                row = Record(uuid=_uuid(index), zone_id=zone_id, name=f"h{index}", type="A", ttl=300, value=value)
                row.digest, row.created_at = records.digest(records.rdata("A", value, None)), now()
                session.add(row)
                owner.checksum = checksums.moved(owner.checksum, (), as_values([row]))

    def store_zones(self, account: str, number: int) -> None:
        """So many zones of the account, without a request for each."""
        with self.app.app_context(), writing() as session:
            owner = session.scalars(
                select(Token.account_id).join(Token.account).where(Token.account.has(email=account))
            )
            account_id = owner.first()
            for index in range(number):
                domain = f"z{index}.example.net"
                place = {"domain": domain, "reverse_domain": reverse_domain(domain), "account_id": account_id}
                session.add(Zone(uuid=_uuid(index), serial=2026010100, created_at=now(), **place))

    def stored(self, model: Any, *columns: str) -> list[Any]:
        """Every row of a table: the columns named, in the order of their primary keys."""
        with self.app.app_context():
            picked = [getattr(model, column) for column in columns]
            return [tuple(row) for row in db.session.execute(select(*picked).order_by(*model.__table__.primary_key))]


def _uuid(index: int) -> str:
    return f"00000000-0000-4000-8000-{index:012d}"


def together(actions: Sequence[Any], seconds: float = 60) -> list[Any]:
    """Every action in a thread of its own, let loose at the same moment; their results. Raises the first error."""
    barrier, results = threading.Barrier(len(actions)), [None] * len(actions)
    errors: list[Exception] = []

    def run(index: int) -> None:
        try:
            barrier.wait(_LONGEST)
            results[index] = actions[index]()
        except Exception as error:  # noqa: BLE001  raised again below, in the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
    assert not any(thread.is_alive() for thread in threads), f"not done after {seconds} s"
    if errors:
        raise errors[0]
    return results


class Background:
    """A request in a thread: `answer()` waits for it."""

    def __init__(self, action: Any) -> None:
        self._answers: list[TestResponse] = []
        self._thread = threading.Thread(target=lambda: self._answers.append(action()), daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Is it still held?"""
        return self._thread.is_alive()

    def answer(self) -> TestResponse:
        """Its answer. Raises IndexError when there is none in time."""
        with suppress(RuntimeError):
            self._thread.join(_LONGEST)
        return self._answers[0]
