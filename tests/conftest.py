"""Fixtures for every test of the API: a fresh, furnished installation, on each kind of database."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from tests.installation import Databases, Installation
    from tests.postgres import Postgres

# The same examples in every run: a change is judged by what it changes. The long runs draw seeds of their own.
settings.register_profile("repeatable", derandomize=True, database=None)
settings.load_profile("repeatable")

pytest.register_assert_rewrite("tests.installation", "tests.contract.forms")

# Every test that takes a database runs once on each of these; `databases` makes them.
KINDS = ("sqlite", "postgresql")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """For `make test`, which runs several processes: what shares a server, a stack or the lab stays together."""
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        """One process for the tests of a file, or of several files that share something of the machine's."""

        def _split_scope(self, nodeid: str) -> str:
            return _group(config.rootpath / nodeid.partition("::")[0])

    return Together(config, log)


@cache
def _group(path: Path) -> str:
    """The lab is one for its folder, and /run/sshd one for the machine: whoever made it takes it away."""
    if path.parent.name == "lab":
        return "lab"
    return "sshd" if "sshd" in path.read_text() else str(path)


@pytest.fixture(scope="session", params=KINDS)
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> "Databases":
    """One kind of database, migrated and furnished once."""
    from tests.installation import PostgresDatabases, SqliteFiles

    folder = tmp_path_factory.mktemp("template")
    if request.param == "sqlite":
        return SqliteFiles(folder)
    return PostgresDatabases(request.getfixturevalue("postgres"), folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator["Postgres"]:
    """A PostgreSQL server of the tests' own."""
    from tests.postgres import server

    with server() as started:
        yield started


@pytest.fixture
def install(databases: "Databases", tmp_path: Path) -> Iterator[Callable[..., "Installation"]]:
    """Start the application over a database of the test's own, with settings other than the defaults."""
    from api.settings import Settings
    from tests.installation import Installation

    made: list[Installation] = []

    def start(**settings: Any) -> Installation:
        url = databases.fresh(tmp_path)
        made.append(Installation(Settings(data=tmp_path, database_url=url, **settings), databases.secrets))
        return made[-1]

    yield start
    for each in made:
        each.close()


@pytest.fixture(scope="session")
def started(databases: "Databases", tmp_path_factory: pytest.TempPathFactory) -> "Installation":
    """The application with the default settings, started once: what it compiles takes longer than a test."""
    from api.settings import Settings
    from tests.installation import Installation

    folder = tmp_path_factory.mktemp("data")
    return Installation(Settings(data=folder, database_url=databases.fresh(folder)), databases.secrets)


@pytest.fixture
def installation(databases: "Databases", started: "Installation") -> Iterator["Installation"]:
    """The application with the default settings, as just installed: database and memory are new."""
    databases.fresh(started.settings.data)
    started.forget()
    yield started
    started.close()


@pytest.fixture
def app(installation: "Installation") -> "Flask":
    """The Flask application."""
    return installation.app


@pytest.fixture
def alice(installation: "Installation") -> "FlaskClient":
    """A client of the one account, with all permissions."""
    return installation.client()


@pytest.fixture
def bob(installation: "Installation") -> "FlaskClient":
    """A client of the other account, with all permissions."""
    from tests.installation import BOB

    return installation.client(BOB)


@pytest.fixture
def zone(alice: "FlaskClient") -> dict[str, Any]:
    """Alice's zone example.com, empty."""
    answer = alice.post("/api/v1/dns-zones/", json={"domain": "example.com"})
    assert answer.status_code == 201
    return dict(answer.get_json())
