"""The command line: `zonewright`, or `python -m api`."""

import sys


def main() -> None:
    """Run the command line; whatever goes wrong is told in a sentence."""
    import click

    from api.cli import zonewright

    try:
        # Not standalone, click answers the status of an Exit instead of raising it.
        sys.exit(zonewright(prog_name="zonewright", standalone_mode=False))
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001  the outermost line: a person is told in a sentence
        sys.exit(_tell(error))


def _tell(error: Exception) -> int:
    """The error as a sentence; one we did not foresee also says how to see more of it."""
    import os
    import traceback

    import click

    from api.errors import ApiError
    from nameserver.errors import NameserverError

    if isinstance(error, ApiError | NameserverError):
        click.echo(f"zonewright: {error.detail}", err=True)
        return 1
    if words := _of_the_database(error):
        click.echo(f"zonewright: {words}", err=True)
        return 1
    if os.environ.get("ZONEWRIGHT_TRACEBACK"):
        traceback.print_exception(error)
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    click.echo(f"zonewright: {reason}", err=True)
    click.echo("This should not happen; with ZONEWRIGHT_TRACEBACK=1 it shows where.", err=True)
    return 70


def _of_the_database(error: Exception) -> str | None:
    """What is wrong with the database, when that is what was raised."""
    if not type(error).__module__.startswith("sqlalchemy."):
        return None  # without importing it to find that out
    from api import unusable

    return unusable.sentence(error)


if __name__ == "__main__":
    main()
