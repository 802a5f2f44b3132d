"""Adding a nameserver: its host key confirmed, its way tried, its zones brought to it."""

import ipaddress
import socket
import time
from typing import TYPE_CHECKING, Any

import click

from api.cli.options import application
from api.errors import OperatorError
from nameserver.target import Target
from nameserver.transport import ssh

if TYPE_CHECKING:
    from api.settings import Settings

_LOOPBACK = ("127.0.0.1", "::1")


def confirmed_key(login: ssh.Login, expected: str | None) -> str:
    """The host key to pin: the one given, or the one that answers if a person or a fingerprint says it is right.

    Raises OperatorError, Unreachable, InvalidInput.
    """
    if expected and not expected.startswith("SHA256:"):
        ssh.fingerprint(expected)
        return expected
    found = ssh.host_key(login)
    print_ = ssh.fingerprint(found)
    if expected:
        if expected.rstrip("=") != print_:
            raise OperatorError(f"The host key there has the fingerprint {print_}, not {expected}: nothing was sent.")
        return found
    click.echo(f"{login.host} has the SSH host key {found.split()[0]} {print_}.")
    click.echo("Compare it with: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub (on that machine).")
    click.confirm("Is it the same?", abort=True)
    return found


def target_of(name: str, agent: tuple[str, ...], login: ssh.Login, options: dict[str, Any]) -> Target:
    """The description that the options make. Raises OperatorError when an address is none."""
    from api.trial import own_address

    addresses = tuple(map(_address, options["addresses"])) or _resolved(login.host)
    control = tuple(map(_address, options["control"]))
    if not control:
        own = (own_address(address, options["port"]) for address in addresses)
        control = tuple(dict.fromkeys(each for each in own if each))
    listen = tuple(options["listen"]) or tuple(dict.fromkeys((*_LOOPBACK, *addresses)))
    for each in listen:
        if each != "any":
            _address(each)
    return Target(
        name=name,
        agent=agent,
        addresses=addresses,
        port=options["port"],
        directory=options["directory"],
        key_file=options["key_file"],
        rndc_port=options["rndc_port"],
        statistics_port=options["statistics_port"],
        exempt=control,
        listen=listen,
    )


def tried(target: Target) -> bool:
    """Try the way from end to end, with a line for each step. Does all of it work?"""
    from api.trial import try_out

    works = True
    for step in try_out(target):
        click.echo(f"  {'ok    ' if step.error is None else 'FAILED'} {step.name}: {step.error or step.result}")
        works = works and step.error is None
    return works


def reached_with_next_key(settings: "Settings") -> list[str]:
    """Try the next key at every nameserver over SSH; a sentence for each where it is not let in."""
    from api.nameserver_keys import with_next_key
    from api.store.nameservers import all_nameservers
    from nameserver.errors import TransportError
    from nameserver.transport.pipe import PipeTransport

    refused = []
    with application(settings).app_context():
        targets = [Target.from_json(row.target) for row, _ in all_nameservers()]
    for target in targets:
        transport = PipeTransport(with_next_key(settings, target.agent))
        try:
            transport.hello()
        except TransportError as error:
            refused.append(f"{target.name}: {error.detail}")
        finally:
            transport.close()
    return refused


def follow(name: str, seconds: float) -> None:
    """Tell how many zones are left until the nameserver has them all, as long as asked for."""
    from api.database import db
    from api.store.nameservers import all_nameservers

    end = time.monotonic() + seconds
    left = -1
    while left:
        before, left = left, next((count for row, count in all_nameservers() if row.name == name), 0)
        db.session.remove()
        if left and left != before:
            click.echo(f"{left} zones to bring to it")
        if not left or time.monotonic() >= end:
            break
        time.sleep(0.2)
    click.echo(f"{name} has every zone." if not left else "The control plane goes on; `nameserver list` tells how far.")


def _resolved(host: str) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise OperatorError(f"{host} cannot be resolved: give --address.") from error
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise OperatorError(f"“{text}” is not an IP address.") from None
