"""How changes and their records are written on a terminal."""

from collections.abc import Mapping
from typing import Any

import click


def print_records(body: Mapping[str, Any]) -> None:
    for sign, name in (("-", "removed"), ("+", "added")):
        for each in body[name]:
            click.echo(f"{sign} {line(each)}")


def line(record: Mapping[str, Any]) -> str:
    priority = "" if record["priority"] is None else f"{record['priority']} "
    return f"{record['name']} {record['ttl']} {record['record_type']} {priority}{record['value']}"


def by(actor: Mapping[str, Any]) -> str:
    from api.models.changes import who

    return f"{who(actor)}, {actor['source']}"


def counted(number: int, thing: str) -> str:
    """`1 record`, `2 records`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
