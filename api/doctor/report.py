"""All checks in an order that tells the cause first; what does not depend on each other runs side by side."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from flask import Flask

from api.app import create_app
from api.database import db
from api.doctor import api_server, configuration, control_plane, database, disk, folder, tools, zones
from api.doctor import nameserver as one_nameserver
from api.doctor.examination import Examination
from api.doctor.finding import Finding, Findings, Verdict, skip
from api.models import Nameserver
from api.settings import Settings
from api.store.nameservers import all_nameservers
from nameserver.target import Target

_SOON = 15.0
_INTEGRITY = 60.0
_NAMESERVER = 60.0  # the way, the agent's three answers, and port 53 over UDP and TCP, each with its own time-out


def report(data: Path, environ: Mapping[str, str], database_url: str | None, api: str | None) -> Iterator[Finding]:
    """Look at everything; each finding is told as soon as those before it are."""
    yield from Examination("data folder", _SOON, partial(folder.check, data)).findings()
    if not data.is_dir():
        return
    settings = configuration.read(data, environ, database_url)
    if isinstance(settings, Finding):
        yield settings
        return
    first = [
        Examination("settings", _SOON, partial(configuration.check, settings)),
        Examination("disk", _SOON, partial(disk.check, settings)),
        Examination("checkers", _SOON, tools.check),
        Examination("API", _SOON, partial(api_server.check, api)),
    ]
    for examination in first:
        yield from examination.findings()
    yield from _from_database(settings)


def _from_database(settings: Settings) -> Iterator[Finding]:
    if lacking := database.missing(settings):
        yield lacking
        yield _not_asked()
        return
    app = create_app(settings)
    try:
        yield from _usable(app, settings)
    finally:
        with app.app_context():
            db.engine.dispose()


def _usable(app: Flask, settings: Settings) -> Iterator[Finding]:
    found = Examination("database", _SOON, partial(database.check, app, settings)).findings()
    yield from found
    if any(finding.verdict is Verdict.FAIL for finding in found):
        yield _not_asked()
        return
    whole = Examination("database integrity", _INTEGRITY, partial(database.check_integrity, app))
    nameservers, subjects = _nameservers(app)
    asked = [
        Examination(each.target.name, _NAMESERVER, partial(one_nameserver.check, each, settings)) for each in subjects
    ]
    if settings.sqlite:
        yield from whole.findings()
    yield from control_plane.check(nameservers)
    for examination in asked:
        yield from examination.findings()
    yield from Examination("zones", _SOON, _inside(app, zones.check)).findings()


def _nameservers(app: Flask) -> tuple[list[Nameserver], list[one_nameserver.Subject]]:
    with app.app_context():
        rows = [row for row, _ in all_nameservers()]
    subject = one_nameserver.Subject
    return rows, [
        subject(Target.from_json(row.target), row.paused, row.configuration_error, row.strays) for row in rows
    ]


def _inside(app: Flask, check: Callable[[], Findings]) -> Callable[[], Findings]:
    def within() -> Findings:
        with app.app_context():
            yield from check()

    return within


def _not_asked() -> Finding:
    return skip("nameservers", "Not asked: the database tells which there are.")
