"""`zonewright nameserver`."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from api.cli.options import application, as_json, installation, show
from api.cli.writes import wait_option
from api.errors import OperatorError

if TYPE_CHECKING:
    from api.settings import Settings


@click.group()
def nameserver() -> None:
    """Add, list, pause and remove nameservers."""


@nameserver.command("list")
@as_json
@installation
def list_nameservers(settings: "Settings", json_: bool) -> None:
    """List the nameservers: state, zones behind, last contact, last error."""
    app = application(settings)
    from api.schemas.times import stamp
    from api.store.nameservers import all_nameservers
    from api.store.staging import waits_for

    with app.app_context():
        rows = []
        for each, behind in all_nameservers():
            state = "paused" if each.paused else "unreachable" if each.error else "in_sync" if not behind else "pending"
            contact = stamp(each.contact_at) if each.contact_at else None
            strays = f"{len(each.strays)} zones we do not know" if each.strays else None
            error = each.error or each.configuration_error or waits_for(each.name)
            rows.append([each.name, state, behind, contact, each.software, error, strays])
        show(["NAME", "STATE", "BEHIND", "LAST CONTACT", "SOFTWARE", "ERROR", "STRAYS"], rows, json_)


@nameserver.command()
@click.argument("name")
@click.argument("url")
@click.option("--address", "addresses", multiple=True, help="Where the world asks it; the URL's host when not given.")
@click.option(
    "--listen", multiple=True, help="What named binds: addresses, or any. Loopback and the addresses, usually."
)
@click.option("--port", default=53, show_default=True, help="The DNS port.")
@click.option("--rndc-port", default=953, show_default=True, help="rndc's port, on the machine's own loopback.")
@click.option("--statistics-port", default=8553, show_default=True, help="named's statistics, on its own loopback.")
@click.option("--host-key", help="Its SSH host key or fingerprint, as it should be; otherwise you are asked.")
@click.option("--control", multiple=True, help="Addresses of control hosts that rate limiting leaves alone.")
@click.option("--directory", default="/var/lib/bind/zonewright", show_default=True, help="named's directory there.")
@click.option("--key-file", default="/etc/zonewright/rndc.key", show_default=True, help="named's rndc key there.")
@wait_option
@installation
def add(settings: "Settings", name: str, url: str, host_key: str | None, seconds: float, **options: Any) -> None:
    """Add the nameserver NAME at URL (ssh://zonewright@192.0.2.53), try the way to it, and fill it.

    Provision the machine first, with deploy/provision/nameserver.sh and the key of `nameserver key`.
    """
    app = application(settings)
    from api.cli.adding import confirmed_key, follow, target_of, tried
    from api.nameserver_keys import identity, known_hosts
    from nameserver.transport import ssh

    login, pins = ssh.Login.from_url(url), known_hosts(settings)
    host_key = confirmed_key(login, host_key)
    with TemporaryDirectory() as folder:  # until it is known to work, a live nameserver's pin stays
        trial = Path(folder) / "known_hosts"
        ssh.pin(trial, name, host_key)
        way = ssh.argv(login, name, identity(settings), trial)
        if not tried(target_of(name, way, login, options)):
            raise OperatorError(f"{name} was not added: mend what failed, then add it again.")
    ssh.pin(pins, name, host_key)
    target = target_of(name, ssh.argv(login, name, identity(settings), pins), login, options)
    from api.changes import nameservers

    with app.app_context():
        nameservers.put(target)
        click.echo(f"{name} is added.")
        follow(name, seconds)


@nameserver.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@installation
def remove(settings: "Settings", name: str, yes: bool) -> None:
    """Forget the nameserver NAME. It goes on serving what it has: stop its named, too."""
    app = application(settings)
    from api.changes import nameservers
    from api.nameserver_keys import known_hosts
    from nameserver.transport import ssh

    if not yes:
        click.confirm(f"Forget {name}?", abort=True)
    with app.app_context():
        nameservers.remove(name)
    ssh.pin(known_hosts(settings), name, None)
    click.echo(f"{name} is forgotten; it goes on serving what it has until its named is stopped.")


@nameserver.command()
@click.argument("name")
@as_json
@installation
def status(settings: "Settings", name: str, json_: bool) -> None:
    """Show what is not in sync on NAME, and why."""
    app = application(settings)
    from api.store.nameservers import nameserver_named, open_publications
    from api.store.staging import waits_for

    with app.app_context():
        found = nameserver_named(name)
        rows = [
            [row.domain, row.state, row.error] for row in open_publications(None, paused=True) if row.nameserver == name
        ]
        if json_:
            show(["DOMAIN", "STATE", "REASON"], rows, json_)
            return
        state = "paused" if found.paused else found.error or "reachable"
        click.echo(
            f"{name}: {state}, {len(rows)} zones behind{', software ' + found.software if found.software else ''}"
        )
        if found.configuration_error:
            click.echo(f"named.conf: {found.configuration_error}")
        if waits := waits_for(name):
            click.echo(waits)
        if rows:
            show(["DOMAIN", "STATE", "REASON"], rows, json_)


@nameserver.command()
@click.argument("name")
@installation
def pause(settings: "Settings", name: str) -> None:
    """Leave NAME alone, for maintenance: it holds nobody up."""
    _set_paused(settings, name, True)


@nameserver.command()
@click.argument("name")
@installation
def resume(settings: "Settings", name: str) -> None:
    """Work on NAME again; what it missed is brought to it."""
    _set_paused(settings, name, False)


@nameserver.command()
@click.option("--rotate", is_flag=True, help="Make the next key; once every nameserver lets it in, it takes over.")
@installation
def key(settings: "Settings", rotate: bool) -> None:
    """Print the public key that provisioning installs on each nameserver; while it is rotated, the next one, too."""
    from api import nameserver_keys

    if rotate:
        _rotate(settings)
    for line in nameserver_keys.public_keys(settings):
        click.echo(line)


def _rotate(settings: "Settings") -> None:
    """One step: to a next key, or from a next key that is let in everywhere to the present one."""
    from api import nameserver_keys
    from api.cli.adding import reached_with_next_key

    if nameserver_keys.begin_rotation(settings):
        words = "There are two keys now: provision every nameserver with both, then call this again."
    elif refused := reached_with_next_key(settings):
        words = "\n".join([*refused, "Both keys stay: provision these nameservers with both, then call this again."])
    else:
        nameserver_keys.end_rotation(settings)
        words = "Every nameserver let the next key in: it is the key now. Provision them with it, to let in no other."
    click.echo(words, err=True)


@nameserver.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def agent(file: Path) -> None:
    """Write the agent, one FILE (agent.pyz), that provisioning installs on each nameserver."""
    from nameserver.agent.zipapp import build

    build(file)
    click.echo(f"The agent is in {file}.")


def _set_paused(settings: "Settings", name: str, paused: bool) -> None:
    app = application(settings)
    from api.changes import nameservers

    with app.app_context():
        nameservers.set_paused(name, paused)
    click.echo(f"{name} is {'paused' if paused else 'worked on again'}.")


@nameserver.command()
@click.argument("name")
@click.option("--to", "folder", required=True, type=click.Path(path_type=Path), help="A new or empty folder.")
@installation
def render(settings: "Settings", name: str, folder: Path) -> None:
    """Render everything NAME should hold, for people and for `named-checkconf -z`.

    Never start a named on it that has zones of its own: a zone in both, and named does not start.
    """
    app = application(settings)
    from api.rendering import render_tree

    with app.app_context():
        zones = render_tree(settings, name, folder)
    click.echo(f"{zones} zones of {name} are in {folder}; check them with: named-checkconf -z {folder / 'named.conf'}")
