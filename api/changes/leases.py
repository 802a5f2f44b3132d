"""Which control plane may publish to which nameserver: a lease with a fencing number."""

import time
from datetime import UTC, datetime

from sqlalchemy import select, update

from api.database import writing
from api.models import Nameserver
from nameserver.reconcile import Assignment
from nameserver.target import Target

LEASE_SECONDS = 12.0
_FENCES_SINCE = datetime(2020, 1, 1, tzinfo=UTC)


def take(owner: str, take_over: bool = False) -> list[Assignment]:
    """Take or renew the lease of every nameserver that is not paused and that nobody else holds.

    The fencing number rises with each change of owner. `take_over`: earlier owners are known to be dead.
    """
    moment = time.time()
    query = select(Nameserver).where(Nameserver.paused.is_(False)).order_by(Nameserver.id).with_for_update()
    free = (Nameserver.lease_owner == owner) | (Nameserver.lease_expires < moment)
    with writing() as session:
        held = list(session.scalars(query if take_over else query.where(free)))
        for nameserver in held:
            if nameserver.lease_owner != owner:
                nameserver.fence += 1
            nameserver.lease_owner = owner
            nameserver.lease_expires = moment + LEASE_SECONDS
        return [Assignment(each.name, Target.from_json(each.target), each.fence) for each in held]


def first_fence() -> int:
    """The fencing number that a database starts with for a nameserver which may have had another before.

    Seconds since 2020: above what any earlier database has reached, since it rises slower than the clock.
    """
    return int((datetime.now(UTC) - _FENCES_SINCE).total_seconds())


def release(owner: str) -> None:
    """Let go of every lease, so that another control plane can go on at once."""
    with writing() as session:
        session.execute(update(Nameserver).where(Nameserver.lease_owner == owner).values(lease_expires=0.0))
