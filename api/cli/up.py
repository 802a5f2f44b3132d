"""`zonewright up`: everything on one machine, as child processes, under one data folder."""

import signal
import sys
from pathlib import Path

import click

from api.cli.options import data_option, database_option


@click.command()
@data_option("The data folder; made at the first start.")
@click.option(
    "--api", "listen", default="127.0.0.1:8053", show_default=True, metavar="HOST:PORT", help="Where the API answers."
)
@click.option(
    "--dns",
    default="127.0.0.1:5301,127.0.0.1:5302",
    show_default=True,
    metavar="HOST:PORT,HOST:PORT",
    help="Where ns1 and ns2 answer.",
)
@database_option
def up(data: Path, listen: str, dns: str, database_url: str | None) -> None:
    """Run API, control plane and two nameservers on this machine until Ctrl-C.

    The first start makes the data folder, an account and a token with all permissions, and prints the token and the
    password for the dashboard.
    """
    from api.cli.stack import Stack, address

    addresses = [address(each, "--dns") for each in dns.split(",")]
    if len(addresses) != 2:
        raise click.BadParameter("give two addresses, such as 127.0.0.1:5301,127.0.0.1:5302.", param_hint="--dns")
    stack = Stack(data, address(listen, "--api"), addresses, database_url)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stack.stop())
    with stack.only_one():
        stack.run(sys.stdout)
