"""What all commands share: which installation they work on."""

import functools
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from flask import Flask

    from api.settings import Settings


def data_option(words: str = "The data folder.") -> Callable[..., Any]:
    """--data, with this help."""
    return click.option(
        "--data",
        type=click.Path(path_type=Path),
        envvar="ZONEWRIGHT_DATA",
        default="var",
        show_default=True,
        show_envvar=True,
        help=words,
    )


def database_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --database-url."""
    return click.option(
        "--database-url",
        envvar="ZONEWRIGHT_DATABASE_URL",
        show_envvar=True,
        help="SQLAlchemy URL of the database; DATA/zonewright.db when not given.",
    )(command)


def installation(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --data and --database-url; the command gets the `settings` they make.

    Only `up` makes a data folder: anything else on a missing one is a slip of the hand.
    """

    @data_option()
    @database_option
    @functools.wraps(command)
    def wrapped(data: Path, database_url: str | None, **options: Any) -> Any:
        return command(settings=_settings(data, database_url), **options)

    return wrapped


def _settings(data: Path, database_url: str | None) -> "Settings":
    from api.errors import OperatorError
    from api.settings import load

    if not data.is_dir():
        raise OperatorError(f"There is no data folder {data}: `zonewright up` makes one, --data names another.")
    return load(data, os.environ, database_url=database_url)


def application(settings: "Settings") -> "Flask":
    """The application on this installation's database. Raises OperatorError when there is none."""
    from api.schema import require_current

    app = application_of_any_schema(settings)
    require_current(app)
    return app


def application_of_any_schema(settings: "Settings") -> "Flask":
    """The same, for a database that may be of an earlier version. Raises OperatorError when there is none."""
    from api.app import create_app
    from api.errors import OperatorError

    if not settings.database_url and not (settings.data / "zonewright.db").is_file():
        raise OperatorError(
            f"There is no database in {settings.data}: `zonewright up` or `zonewright migrate` makes one."
        )
    return create_app(settings)


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr when that is a terminal; what is yielded is called with (steps done now, steps in all)."""
    if not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def step(done: int, whole: int) -> None:
            bar.length = whole
            bar.update(done)

        yield step


def as_json(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --json."""
    return click.option("--json", "json_", is_flag=True, help="Answer as JSON, for scripts.")(command)


def show(headings: list[str], rows: list[list[Any]], json_: bool) -> None:
    """Print rows in columns, or as a JSON array of objects."""
    if not json_:
        table(headings, rows)
        return
    keys = [heading.lower().replace(" ", "_") for heading in headings]
    click.echo(json.dumps([dict(zip(keys, row, strict=True)) for row in rows], indent=2, ensure_ascii=False))


def table(headings: list[str], rows: list[list[Any]]) -> None:
    """Print rows in columns; what is None is shown as a hyphen."""
    cells = [headings, *([["-" if cell is None else str(cell) for cell in row] for row in rows])]
    widths = [max(len(row[index]) for row in cells) for index in range(len(headings))]
    for row in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
