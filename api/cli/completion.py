"""`zonewright completion`."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script for SHELL: for bash, put `eval "$(zonewright completion bash)"` into ~/.bashrc."""
    from api.cli import zonewright

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(zonewright, {}, "zonewright", "_ZONEWRIGHT_COMPLETE").source())
