"""What is counted, in Prometheus' form. Every process of an installation counts into files in DATA/metrics.

Counters live in those files (prometheus_client's multi-process mode); gauges are read from the database when
somebody asks.
"""

import ipaddress
import os
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from api.settings import Settings

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily

    from api.models import Nameserver

_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0)


def share(settings: Settings, fresh: bool) -> None:
    """Count together with the other processes of this installation: before anything is counted.

    `fresh`: what earlier processes counted is forgotten; none of them may run.
    """
    folder = settings.data.absolute() / "metrics"
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    os.environ[_VARIABLE] = str(folder)
    for file in folder.glob("gauge_live*_*.db"):  # of processes that were killed with the one that forgets them
        pid = file.stem.rpartition("_")[2]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            forget_process(int(pid))


class Metrics:
    """The counters; made once a process, when the first is needed."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("zonewright_api_requests", "Requests answered.", labels, registry=registry)
        self.request_seconds = Histogram(
            "zonewright_api_request_seconds",
            "Time to answer a request.",
            labels[:2],
            registry=registry,
            buckets=_BUCKETS,
        )
        self.publications = Counter(
            "zonewright_publications", "Zones sent to a nameserver.", ("nameserver", "outcome"), registry=registry
        )
        self.drifts = Counter(
            "zonewright_drifts", "Differences found on a nameserver.", ("nameserver", "kind"), registry=registry
        )
        self.publication_seconds = Histogram(
            "zonewright_publication_seconds",
            "From a commit to the nameserver's answer.",
            ("nameserver",),
            registry=registry,
            buckets=_BUCKETS,
        )
        self.waiters = Gauge(
            "zonewright_api_waiters",
            "Requests that wait for a publication now.",
            registry=registry,
            multiprocess_mode="livesum",
        )


_metrics: dict[int, Metrics] = {}


def forget_process(pid: int) -> None:
    """A process of ours has ended: what it counted stays, what it had in use is free."""
    from prometheus_client.multiprocess import mark_process_dead

    if _VARIABLE in os.environ:
        mark_process_dead(pid)


def metrics() -> Metrics:
    """This process's counters; a forked one has its own."""
    pid = os.getpid()
    if pid not in _metrics:
        from api import counter_files

        counter_files.use()
        _metrics.clear()
        _metrics[pid] = Metrics()
    return _metrics[pid]


def exposition() -> bytes:
    """Everything, in Prometheus' text format. Needs the application's context."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    if Path(os.environ.get(_VARIABLE, "/nonexistent")).is_dir():
        MultiProcessCollector(registry)
    registry.register(_FromDatabase())
    return bytes(generate_latest(registry))


def may_read(settings: Settings, address: str | None) -> bool:
    """Is this one of the addresses that the setting metrics_networks lets in?"""
    try:
        reader = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    return any(reader in ipaddress.ip_network(network) for network in settings.metrics_networks)


class _FromDatabase:
    """Gauges of the present state."""

    def collect(self) -> "Iterator[GaugeMetricFamily]":
        from prometheus_client.core import GaugeMetricFamily as Gauge

        from api.store import standing

        yield Gauge("zonewright_zones", "Zones in the database.", value=standing.zones())
        yield Gauge("zonewright_zones_held", "Zones that are held.", value=standing.zones_in("held"))
        yield Gauge("zonewright_zones_failed", "Zones that a nameserver refuses.", value=standing.zones_in("failed"))
        waited = _seconds_since(standing.oldest_open()) or 0.0
        yield Gauge("zonewright_oldest_open_seconds", "Age of the oldest change not in sync.", value=waited)
        yield from _of_nameservers()


def _of_nameservers() -> "Iterator[GaugeMetricFamily]":
    from prometheus_client.core import GaugeMetricFamily as Gauge

    from api.store import nameservers

    rows = nameservers.all_nameservers()
    gauges: dict[str, tuple[str, Callable[[Nameserver, int], float | None]]] = {
        "up": ("Could it be reached when it was last tried?", lambda row, _: not row.error),
        "behind": ("Zones not in sync there.", lambda _, behind: behind),
        "contact_seconds": ("Since it last answered.", lambda row, _: _seconds_since(row.contact_at)),
        "leased": ("Does a control plane hold its lease?", lambda row, _: row.lease_expires > time.time()),
        "paused": ("Is it left alone?", lambda row, _: row.paused),
        "strays": ("Zones there that the database does not know.", lambda row, _: len(row.strays)),
    }
    for name, (about, value) in gauges.items():
        gauge = Gauge(f"zonewright_nameserver_{name}", about, labels=["nameserver"])
        for row, behind in rows:
            if (found := value(row, behind)) is not None:
                gauge.add_metric([row.name], float(found))
        yield gauge


def _seconds_since(moment: datetime | None) -> float | None:
    return None if moment is None else max(0.0, time.time() - moment.timestamp())
