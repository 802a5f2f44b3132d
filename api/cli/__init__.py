"""The commands, one file a noun. Each is imported when it is called, so that --help is quick."""

from importlib import import_module

import click

_COMMANDS = {
    "up": ("up", "Run everything on this machine: API, control plane and two nameservers."),
    "account": ("accounts", "Create and list accounts, and set their passwords."),
    "token": ("tokens", "Create, list and revoke API tokens."),
    "zone": ("zones", "Create, show, list, import, export, lock, move and delete zones; their history, and back."),
    "record": ("records", "Add, set and delete records."),
    "change": ("undoing", "Show, confirm and revert changes."),
    "proposal": ("proposals", "List, show, approve and reject proposed and scheduled writes."),
    "audit": ("audit", "Verify that the history of all changes is whole."),
    "nameserver": ("nameservers", "Add, list, pause and remove nameservers."),
    "doctor": ("doctor", "Look at every part of the installation, and say how to mend it."),
    "check": ("checks", "Check zones and report every problem."),
    "publish": ("control", "One pass of the control plane."),
    "drift": ("drift", "Show where the nameservers differ from the database."),
    "control": ("control", "Run the control plane."),
    "api": ("api", "Run the API."),
    "migrate": ("migrate", "Bring the database to this version's schema."),
    "backup": ("recovery", "Back up the database, the settings and the SSH key; check a backup."),
    "restore": ("recovery", "Restore a backup."),
    "rebuild": ("rebuild", "Rebuild zones and records from a nameserver's files."),
    "completion": ("completion", "Print the script that completes commands in a shell."),
    "settings": ("settings", "List every setting with its value and meaning."),
}


class _Lazy(click.Group):
    """A group that imports a command's file only when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"api.cli.{_COMMANDS[cmd_name][0]}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in _COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="zonewright", prog_name="zonewright")
def zonewright() -> None:
    """zonewright: a self-hosted authoritative nameserver stack."""
