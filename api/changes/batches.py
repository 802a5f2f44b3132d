"""Many writes over several zones: one transaction, one serial step a zone, one publication."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.changes import idempotency, zones
from api.changes.actor import Actor
from api.changes.edit import Body, Edit, Faults
from api.changes.intent import Intent
from api.changes.journal import Written
from api.changes.records import locked_record, rows_for, unique
from api.changes.zones import locked
from api.database import changing
from api.errors import InvalidRequest, NotFound
from api.models import Record, Zone
from api.settings import Settings
from nameserver import names
from nameserver.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Operation:
    """One write of a batch.

    `action` is `create_zone` (`domain`), `delete_zone` (`zone`), `create` (`zone`, `body`), `update`
    (`record`, `body` as in a PATCH) or `delete` (`record`). A zone is named by uuid or, made in the same
    batch as well, by domain.
    """

    action: str
    zone: str | None = None
    record: str | None = None
    domain: str | None = None
    body: Body = field(default_factory=dict)
    faults: Faults = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Presenters:
    """How what came of an operation is shown, and what a PATCH of a record makes of it."""

    zone: Callable[[Zone], Any]
    record: Callable[[Record, Zone], Any]
    merged: Callable[[Record, Mapping[str, Any]], Mapping[str, Any]]


def apply(
    settings: Settings, intent: Intent, operations: Sequence[Operation], presenters: Presenters, numbered: bool = True
) -> tuple[dict[str, Any], list[Written]]:
    """Carry out all operations in their order, or none.

    Raises InvalidInput, InvalidRequest, with the position of the operation at fault when `numbered`.
    """
    with unique(), changing(intent.dry_run) as session:
        _lock(session, intent.actor, operations)
        batch = _Batch(settings, intent, session, presenters, _counts(operations))
        run = _numbered if numbered else _unnumbered
        results = [run(batch, position, each) for position, each in enumerate(operations)]
        written = batch.finish()
        changes = [] if intent.dry_run else [_described(each) for each in written if each.change]
        body = {"changes": changes, "results": [result() for result in results]}
        idempotency.keep(session, intent, body, *written)
        return body, written


def _lock(session: Session, actor: Actor, operations: Sequence[Operation]) -> None:
    """Lock all zones that are there already, in one order for all: two batches must not wait for each other."""
    domains = [each.domain for each in operations if each.domain]
    if domains:
        zones.one_creation_at_a_time(session)
    named = {each.zone for each in operations if each.zone}
    above = {name for domain in domains for name in names.ancestors(domain.lower().removesuffix("."))}
    records = select(Record.zone_id).where(Record.uuid.in_([each.record for each in operations if each.record]))
    match = Zone.uuid.in_(named) | Zone.domain.in_(named | above) | Zone.id.in_(records)
    query = select(Zone.id).where(match, Zone.account_id == actor.account_id)
    session.execute(query.order_by(Zone.domain).with_for_update())


def _counts(operations: Sequence[Operation]) -> dict[str, int]:
    """How many operations name each zone: it decides whether its records are held or asked for."""
    counts: dict[str, int] = {}
    for each in operations:
        if each.zone:
            counts[each.zone] = counts.get(each.zone, 0) + 1
    return counts


def _described(written: Written) -> dict[str, Any]:
    return {"id": written.change, "zone": written.zone, "domain": written.domain, "serial": written.serial}


def _unnumbered(batch: "_Batch", _position: int, operation: Operation) -> Callable[[], Any]:
    return batch.run(operation)


def _numbered(batch: "_Batch", position: int, operation: Operation) -> Callable[[], Any]:
    where = f"Operation {position + 1}"
    try:
        return batch.run(operation)
    except InvalidInput as error:
        raise InvalidInput(f"operations.{position}.{error.field}", f"{where}: {error.detail}") from error
    except NotFound as error:
        raise InvalidRequest(f"{where}: {error.detail}", f"operations.{position}") from error


class _Batch:
    """The zones a batch works on, each with its edit."""

    def __init__(
        self, settings: Settings, intent: Intent, session: Session, presenters: Presenters, counts: Mapping[str, int]
    ) -> None:
        self._settings, self._intent, self._session, self._present = settings, intent, session, presenters
        self._counts = counts
        self._edits: dict[str, Edit] = {}
        self._uuids: dict[str, str] = {}
        self._made: set[str] = set()
        self._written: list[Written] = []

    def run(self, operation: Operation) -> Callable[[], Any]:
        """Carry out one operation; answers what shows its result once all are done."""
        action: Callable[[Operation], Callable[[], Any]] = getattr(self, f"_{operation.action}")
        return action(operation)

    def finish(self) -> list[Written]:
        """One change a zone that was changed."""
        # In the order in which the control plane writes what it observed: neither waits for the other.
        edits = sorted(self._edits.values(), key=lambda edit: edit.zone.domain)
        if not self._intent.confirm_removals:
            for edit in edits:
                edit.require_few_removed()
        done = {
            edit.zone.uuid: edit.finish(self._intent, "zone.create" if edit.zone.uuid in self._made else "records")
            for edit in edits
        }
        self._written += [done[uuid] for uuid in self._edits]
        return self._written

    def _create_zone(self, operation: Operation) -> Callable[[], Any]:
        domain = zones.canonical(self._settings, operation.domain or "")
        with zones.taken():
            zone = zones.new_zone(self._settings, self._session, self._intent, domain)
        self._made.add(zone.uuid)
        self._forget_zones()
        self._open(zone, self._counts.get(domain, 0))
        return lambda: self._present.zone(zone)

    def _delete_zone(self, operation: Operation) -> Callable[[], Any]:
        zone = locked(self._session, self._intent.actor, operation.zone or "")
        if zone.uuid in self._edits:
            raise InvalidInput(
                "zone", "The batch changes this zone's records as well; delete it in a request of its own."
            )
        self._written.append(zones.remove(self._session, self._intent, zone))
        self._session.flush()
        self._forget_zones()
        return lambda: None

    def _create(self, operation: Operation) -> Callable[[], Any]:
        edit = self._edit(operation.zone or "")
        row = edit.create(operation.body, operation.faults)
        return lambda: self._present.record(row, edit.zone)

    def _update(self, operation: Operation) -> Callable[[], Any]:
        row, edit = self._record(operation.record or "")
        edit.change(row, lambda present: (self._present.merged(present, operation.body), operation.faults))
        return lambda: self._present.record(row, edit.zone)

    def _delete(self, operation: Operation) -> Callable[[], Any]:
        row, edit = self._record(operation.record or "")
        edit.delete(row)
        return lambda: None

    def _edit(self, name: str) -> Edit:
        """The edit of a zone, named by uuid or domain."""
        known = self._edits.get(self._uuids.get(name, name))
        return known or self._open(locked(self._session, self._intent.actor, name), self._counts.get(name, 0))

    def _record(self, uuid: str) -> tuple[Record, Edit]:
        self._session.flush()
        row, zone = locked_record(self._session, self._intent, uuid)
        return row, self._edits.get(zone.uuid) or self._open(
            zone, self._counts.get(zone.uuid, 0) + self._counts.get(zone.domain, 0)
        )

    def _forget_zones(self) -> None:
        for edit in self._edits.values():
            edit.forget_zones()

    def _open(self, zone: Zone, changes: int) -> Edit:
        edit = Edit(self._settings, self._session, zone, rows_for(zone, changes))
        self._edits[zone.uuid] = edit
        self._uuids[zone.domain] = zone.uuid
        return edit
