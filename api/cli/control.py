"""`zonewright control` and `zonewright publish`."""

import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from api.cli.options import application, installation

if TYPE_CHECKING:
    from flask import Flask

    from api.settings import Settings

_SECONDS_PATIENCE = 60.0
# Python lets a busy thread run for 5 ms before another one's turn: rendering a heavy zone would hold up every step of
# the others.
_SECONDS_TURN = 0.0005


@click.command()
@installation
def control(settings: "Settings") -> None:
    """Run the control plane: the nameservers are made to serve what the database says, until stopped."""
    from api import logs, metrics

    logs.configure(settings)
    metrics.share(settings, fresh=False)
    app = application(settings)
    from api.control import ControlPlane
    from api.errors import OperatorError

    with _only_one(settings) as alone:
        if settings.sqlite and not alone:
            raise OperatorError(f"A control plane runs on {settings.data} already.")
        sys.setswitchinterval(_SECONDS_TURN)
        plane = ControlPlane(app, settings, take_over=settings.sqlite)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: plane.stop())
        plane.run()


@click.command()
@click.argument("zone", required=False)
@installation
def publish(settings: "Settings", zone: str | None) -> None:
    """One pass: publish what is due, or ZONE in any case; held and failed ones are tried again."""
    app = application(settings)
    from api.changes.nameservers import publish_again
    from api.control import ControlPlane
    from api.errors import NotFound
    from api.store.zones import zone_named
    from nameserver.names import canonical_domain

    domain = canonical_domain(zone, exempt=settings.suffix_exempt) if zone else None
    with app.app_context():
        if domain and zone_named(domain) is None:
            raise NotFound(f"There is no zone {domain}.")
        publish_again(domain)
    with _only_one(settings) as alone:
        worked = False
        if alone:
            plane = ControlPlane(app, settings, take_over=settings.sqlite)
            worked = plane.run_once()
            plane.close()
        if not worked:
            click.echo("A control plane runs already; it was woken.", err=True)
            _wait(app, domain)
    _show(app, domain)


@contextmanager
def _only_one(settings: "Settings") -> Iterator[bool]:
    """Is this the only control plane on this SQLite database? Then earlier ones are dead, their leases void.

    The kernel lets go of the lock when its holder dies. On PostgreSQL the leases decide, over all machines.
    """
    if not settings.sqlite:
        yield True
        return
    file = os.open(settings.data / "control.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(file)


def _wait(app: "Flask", domain: str | None) -> None:
    from api.store.nameservers import open_publications

    end = time.monotonic() + _SECONDS_PATIENCE
    while time.monotonic() < end:
        with app.app_context():
            if not any(row.state == "pending" for row in open_publications(domain)):
                return
        time.sleep(0.05)


def _show(app: "Flask", domain: str | None) -> None:
    from api.store.nameservers import open_publications

    with app.app_context():
        rows = open_publications(domain)
        for row in rows:
            click.echo(f"{row.domain} on {row.nameserver}: {row.state}{f': {row.error}' if row.error else ''}")
    if rows:
        raise click.exceptions.Exit(1)
    click.echo(f"{domain or 'Every zone'} is in sync on every nameserver.")
