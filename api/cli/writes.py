"""Writes from the command line: made as the zone's owner, and watched until the nameservers answer them."""

import getpass
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from api.changes.intent import Intent
    from api.changes.journal import Written
    from api.models import Account, Zone


_REASON = "zonewright.reason"
_LONGEST_REASON = 500


def wait_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --wait, and --reason, which `intent_of` and `operator` take up."""
    words = "Seconds to wait until every nameserver answers it; 0 does not wait."
    wait = click.option("--wait", "seconds", type=click.FloatRange(0), default=10, show_default=True, help=words)
    why = click.option("--reason", callback=_keep_reason, expose_value=False, help="Why, kept with the change.")
    return wait(why(command))


def _keep_reason(context: click.Context, _option: click.Parameter, text: str | None) -> None:
    if text and not (text.isprintable() and len(text) <= _LONGEST_REASON):
        raise click.BadParameter(f"at most {_LONGEST_REASON} characters, all of them printable.")
    context.meta[_REASON] = text or None


def _reason() -> str | None:
    context = click.get_current_context(silent=True)
    found: str | None = context.meta.get(_REASON) if context else None
    return found


def intent_of(account: "Account") -> "Intent":
    """A write that a person at this machine makes for an account."""
    from api.changes.actor import Actor
    from api.changes.intent import Intent

    actor = Actor(account.id, account.uuid, account.email, "cli")
    return Intent(actor, confirm_removals=True, reason=_reason())


def operator() -> "Intent":
    """A write that a person at this machine makes, for no account."""
    from api.changes.actor import Actor
    from api.changes.intent import Intent

    return Intent(Actor(None, None, getpass.getuser(), "cli"), reason=_reason())


def canonical(domain: str) -> str:
    """The domain as it is stored, whatever it is. Raises InvalidInput."""
    from nameserver.names import canonical_domain

    return canonical_domain(domain, exempt=(domain.lower().rstrip("."),))


def zone_of(domain: str) -> "Zone":
    """The zone of this domain, whoever owns it. Raises NotFound."""
    from api.errors import NotFound
    from api.store.zones import zone_named

    found = zone_named(canonical(domain))
    if found is None:
        raise NotFound(f"There is no zone {domain}: `zonewright zone list` shows them.")
    return found


def watch(written: "Written", seconds: float) -> None:
    """Tell how far the write got; exits with 1 when it is not in sync by then."""
    from api.store.status import change_standings, overall, zone_standings

    if written.change is None:
        click.echo(f"{written.domain}: nothing to change.")
        return
    began = time.monotonic()
    while True:
        standings = change_standings(written.domain, written.serial, written.deletion)
        state, waited = overall(standings), time.monotonic() - began
        if state != "pending" or waited >= seconds or not zone_standings(written.domain):
            break
        _forget()
        time.sleep(min(max(0.001, 0.15 * waited), 0.5))
    click.echo(f"{written.domain} {written.serial}: {state}{f' after {waited:.2f} s' if seconds else ''}")
    for standing in standings:
        click.echo(f"  {standing.name}: {standing.state}{f': {standing.error}' if standing.error else ''}")
    if seconds and state != "in_sync":
        raise click.exceptions.Exit(1)


def _forget() -> None:
    """The next look must see what was written meanwhile."""
    from api.database import db

    db.session.remove()
