"""Whether a control plane works, told by its leases."""

import time
from collections.abc import Sequence

from api.doctor.finding import Findings, fail, ok, warn
from api.models import Nameserver

_NAME = "control plane"


def check(nameservers: Sequence[Nameserver]) -> Findings:
    """Who holds each nameserver's lease, and is it fresh?"""
    if not nameservers:
        yield fail(_NAME, "There are no nameservers to publish to.", "Add them with `zonewright nameserver add`.")
        return
    working = [row for row in nameservers if not row.paused]
    owners: dict[str, list[str]] = {}
    for row in working:
        owner = row.lease_owner if row.lease_owner and row.lease_expires > time.time() else ""
        owners.setdefault(owner.rpartition(":")[0], []).append(row.name)
    for owner, names in owners.items():
        if owner:
            yield ok(_NAME, f"{owner} works on {', '.join(names)}.")
        else:
            sentence = f"Nobody works on {', '.join(names)}: changes are stored and not published."
            yield warn(_NAME, sentence, "Start `zonewright control` (or `up`); the end of its log says why it ended.")
