"""Asking a nameserver where it differs from the database: reading only, so that no lease is needed."""

from collections.abc import Callable
from dataclasses import dataclass, field

from api.models import Nameserver
from api.settings import Settings
from api.store import control, drifts
from nameserver.drift import Drift
from nameserver.errors import TransportError
from nameserver.render import Renderer
from nameserver.sweep import Comparison, Drifted, Sweep
from nameserver.target import Target
from nameserver.transport.pipe import PipeTransport

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Asked:
    """What one nameserver answered. With a `reason`, it could not be asked (to the end): nothing is known then."""

    name: str
    state: str = "asked"
    reason: str | None = None
    zones: int | None = None
    behind: int | None = None
    drifts: list[Drift] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)


def compare(
    settings: Settings, nameserver: Nameserver, only: frozenset[str] | None, deep: bool, progress: Progress
) -> Asked:
    """Compare these zones (None: all) on one nameserver; `deep`: their whole content, too.

    `progress` is called with the looks taken since the last call and those left.
    """
    asked = Asked(nameserver.name)
    if nameserver.paused:
        asked.state, asked.reason = "paused", "It is paused; `zonewright nameserver resume` has it worked on again."
        return asked
    transport = PipeTransport(Target.from_json(nameserver.target).agent)
    renderer = Renderer(settings.templates)
    share = 1.0 if deep else 0.0
    comparison = Comparison(drifts.expected, control.desired_zones, renderer, settings.authority, share)
    try:
        if transport.hello().running:
            _run(Sweep(nameserver.name, transport, comparison, only), asked, progress)
        else:
            asked.state, asked.reason = "unreachable", "named does not run there, or does not answer rndc."
    except TransportError as error:
        asked.state, asked.reason = "unreachable", error.detail
    finally:
        transport.close()
    return asked


def _run(sweep: Sweep, asked: Asked, progress: Progress) -> None:
    left = None
    while (seen := sweep.step()) is not None:
        asked.zones, asked.behind, asked.unreadable = sweep.zones, sweep.behind, sweep.unreadable
        progress(0 if left is None else left - sweep.left, sweep.left)
        left = sweep.left
        if isinstance(seen, Drifted):
            asked.drifts.extend(seen.drifts)
