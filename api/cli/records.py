"""`zonewright record`."""

from typing import TYPE_CHECKING, Any

import click

from api.cli.options import application, installation
from api.cli.writes import intent_of, wait_option, watch, zone_of

if TYPE_CHECKING:
    from api.changes.batches import Operation
    from api.models import Record, Zone
    from api.settings import Settings

_TTL = click.option("--ttl", type=int, help="Seconds; that of the RRset, or the default, when not given.")
_PRIORITY = click.option("--priority", type=int, help="For MX and SRV.")


@click.group()
def record() -> None:
    """Add, set and delete records: ZONE NAME TYPE VALUE, with @ for the zone's own name."""


@record.command()
@click.argument("domain", metavar="ZONE")
@click.argument("name")
@click.argument("record_type", metavar="TYPE")
@click.argument("value")
@_TTL
@_PRIORITY
@wait_option
@installation
def add(settings: "Settings", domain: str, seconds: float, **fields: Any) -> None:
    """Add one record beside those that are there."""
    app = application(settings)
    with app.app_context():
        zone = zone_of(domain)
        _apply(settings, zone, [_create(zone, fields)], seconds)


@record.command("set")
@click.argument("domain", metavar="ZONE")
@click.argument("name")
@click.argument("record_type", metavar="TYPE")
@click.argument("values", metavar="VALUE...", nargs=-1, required=True)
@_TTL
@_PRIORITY
@wait_option
@installation
def set_(settings: "Settings", domain: str, values: tuple[str, ...], seconds: float, **fields: Any) -> None:
    """Make these values the only records of NAME and TYPE."""
    app = application(settings)
    with app.app_context():
        zone = zone_of(domain)
        _apply(settings, zone, _replacing(zone, values, fields), seconds)


@record.command()
@click.argument("domain", metavar="ZONE")
@click.argument("name")
@click.argument("record_type", metavar="TYPE")
@click.argument("value", required=False)
@wait_option
@installation
def delete(settings: "Settings", domain: str, name: str, record_type: str, value: str | None, seconds: float) -> None:
    """Delete the record with VALUE, or all of NAME and TYPE."""
    app = application(settings)
    from api.changes.batches import Operation
    from api.errors import NotFound

    with app.app_context():
        zone = zone_of(domain)
        rows = [row for row in _rrset(zone, name, record_type) if value is None or _same(zone, row, value)]
        if not rows:
            raise NotFound(f"{zone.domain} has no such record: `zonewright zone show {zone.domain}` lists them.")
        _apply(settings, zone, [Operation("delete", record=row.uuid) for row in rows], seconds)


def _apply(settings: "Settings", zone: "Zone", operations: "list[Operation]", seconds: float) -> None:
    """All operations, or none."""
    from api.changes import batches
    from api.changes.journal import Written
    from api.schemas.records import flat_answer, merged
    from api.store.accounts import owner_of

    presenters = batches.Presenters(zone=lambda _: None, record=flat_answer, merged=merged)
    written = batches.apply(settings, intent_of(owner_of(zone)), operations, presenters, numbered=False)[1]
    watch(written[0] if written else Written(None, zone.uuid, zone.domain, zone.serial), seconds)


def _create(zone: "Zone", fields: dict[str, Any]) -> "Operation":
    from api.changes.batches import Operation

    return Operation("create", zone=zone.uuid, body={key: each for key, each in fields.items() if each is not None})


def _replacing(zone: "Zone", values: tuple[str, ...], fields: dict[str, Any]) -> "list[Operation]":
    """What is kept is changed at most, so that its uuid stays; the rest goes before the new ones come."""
    from api.changes.batches import Operation

    rows = _rrset(zone, fields["name"], fields["record_type"])
    changed = {key: fields[key] for key in ("ttl", "priority") if fields[key] is not None}
    kept = {value: row for value in values for row in rows if _same(zone, row, value)}
    gone = [row for row in rows if row not in kept.values()]
    deletes = [Operation("delete", record=row.uuid) for row in gone]
    updates = [Operation("update", record=row.uuid, body=changed) for row in kept.values() if changed]
    creates = [_create(zone, fields | {"value": value}) for value in values if value not in kept]
    return [*deletes, *updates, *creates]


def _rrset(zone: "Zone", name: str, record_type: str) -> "list[Record]":
    from api.store.records import at
    from nameserver.names import canonical_owner
    from nameserver.records import canonical_type

    type_ = canonical_type(record_type)
    return [row for row in at(zone, canonical_owner(name, zone.domain)) if row.type == type_]


def _same(zone: "Zone", row: "Record", value: str) -> bool:
    from nameserver.records import canonical_value

    return canonical_value(row.type, value, row.priority, zone.domain) == row.value
