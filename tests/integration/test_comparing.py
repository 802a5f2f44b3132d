"""Comparing one nameserver with the database when it cannot be asked: nothing is known then, and that is told."""

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from api import comparing
from api.database import db
from api.models import Nameserver
from nameserver.transport.memory import MemoryNameserver, MemoryTransport

if TYPE_CHECKING:
    from tests.installation import Installation


@pytest.mark.parametrize(
    ("there", "says"),
    [
        (MemoryNameserver(running=False), "named does not run"),
        (MemoryNameserver(unreachable=True), "cannot be reached"),
        (MemoryNameserver(delay=21), "in time"),
    ],
    ids=["no named", "no way", "no end"],
)
def test_what_cannot_be_asked_is_unknown(
    installation: "Installation", monkeypatch: pytest.MonkeyPatch, there: MemoryNameserver, says: str
) -> None:
    monkeypatch.setattr(comparing, "PipeTransport", lambda _: MemoryTransport(there))
    with installation.app.app_context():
        nameserver = db.session.scalars(select(Nameserver).where(Nameserver.name == "ns1")).one()
        asked = comparing.compare(installation.settings, nameserver, None, True, lambda *_: None)
    assert (asked.state, asked.zones, asked.drifts) == ("unreachable", None, [])
    assert says in (asked.reason or "")
