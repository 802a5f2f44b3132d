"""What is counted, in Prometheus' form. Every process of an installation counts into files in DATA/metrics.

Counters live in those files (prometheus_client's multi-process mode); gauges are read from the database when
somebody asks.
"""

import ipaddress
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from api.settings import Settings

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily

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


class Metrics:
    """The counters; made once a process, when the first is needed."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

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


_metrics: dict[int, Metrics] = {}


def metrics() -> Metrics:
    """This process's counters; a forked one has its own."""
    pid = os.getpid()
    if pid not in _metrics:
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
        from prometheus_client.core import GaugeMetricFamily

        from api.store import nameservers, standing

        yield GaugeMetricFamily("zonewright_zones", "Zones in the database.", value=standing.zones())
        yield GaugeMetricFamily("zonewright_zones_held", "Zones that are held.", value=standing.held())
        oldest = standing.oldest_open()
        waited = max(0.0, time.time() - oldest.timestamp()) if oldest else 0.0
        yield GaugeMetricFamily("zonewright_oldest_open_seconds", "Age of the oldest change not in sync.", value=waited)
        behind = GaugeMetricFamily("zonewright_nameserver_behind", "Zones not in sync there.", labels=["nameserver"])
        up = GaugeMetricFamily("zonewright_nameserver_up", "Could it be reached?", labels=["nameserver"])
        for nameserver, count in nameservers.all_nameservers():
            behind.add_metric([nameserver.name], count)
            up.add_metric([nameserver.name], 0 if nameserver.error else 1)
        yield behind
        yield up
