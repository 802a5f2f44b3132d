"""Running the control plane: the reconciler on this installation's database, doorbell and lease."""

import logging
import os
import socket
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial

from flask import Flask

from api import checking
from api.changes import checks, drifts, leases, observations, renderings
from api.database import db, now
from api.doorbell import Doorbell
from api.metrics import metrics
from api.settings import Settings
from api.store import control as store
from api.store import drifts as drift_store
from api.timekeeper import Timekeeper
from api.verifying import Verifier
from nameserver.check import Checker
from nameserver.drift import Drift, Expected, lines, sentence
from nameserver.publish import Observation, Published
from nameserver.reconcile import Assignment, Checks, Desired, Held, Reconciler
from nameserver.render import Renderer
from nameserver.sweep import Comparison, Drifted
from nameserver.transport.pipe import PipeTransport
from nameserver.zone import Zone

log = logging.getLogger(__name__)

_RENEW_SECONDS = 5.0
_LONGEST_SLEEP = 1.0


class ControlPlane:
    """One control plane: `run` until `stop`, or `run_once`.

    Heavy zones go through a reconciler of their own, in a thread of its own: they delay nobody else.
    """

    def __init__(self, app: Flask, settings: Settings, take_over: bool = False) -> None:
        self._app = app
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4()}"
        self._take_over = take_over
        self._stopping = threading.Event()
        self._doorbell = Doorbell(settings)
        self._assignments: list[Assignment] = []
        self._renew_at = 0.0
        self._adopted = False
        self._verifier = Verifier(settings.sweep_seconds)
        self._timekeeper = Timekeeper(app, settings)
        self._kept = settings.checks_kept
        self._checks: deque[checks.Report] = deque()
        self._reconciler, self._heavy = (self._made(settings, heavy) for heavy in (False, True))
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="heavy")
        self._heavy_pass: Future[int] | None = None

    def _made(self, settings: Settings, heavy: bool) -> Reconciler:
        renderer, authority = Renderer(settings.templates), settings.authority
        return Reconciler(
            gather=partial(self._gather, heavy=heavy),
            report=self._report,
            connect=lambda target: PipeTransport(target.agent),
            wake=self._doorbell.wake,
            renderer=renderer,
            checker=Checker(settings.data.absolute()),
            authority=authority,
            comparison=Comparison(self._expected, self._zones, renderer, authority, settings.content_share),
            sweep_seconds=settings.sweep_seconds,
            attends=not heavy,
        )

    def stop(self) -> None:
        """Stop after what is under way; may be called from a signal handler."""
        self._stopping.set()
        self._doorbell.wake()

    def run(self) -> None:
        """Pass after pass, until stopped."""
        while not self._stopping.is_set():
            try:
                self._keep_time()
                if not self._pass():
                    self._turn_to_heavy()
                    self._verify()
            except Exception:  # a database that is away, say: the loop must outlive it
                log.exception("this pass failed; the next one follows in %.0f s", _LONGEST_SLEEP)
                self._stopping.wait(_LONGEST_SLEEP)
            self._doorbell.wait(_LONGEST_SLEEP)
        self.close()

    def run_once(self) -> bool:
        """Everything that is due now, to its end; what fails or cannot be reached is left for the next time.

        Answers whether there was a nameserver to work on: another control plane may hold them all.
        """
        self._pass()
        self._keep_time()
        while self._pass() + self._pass_heavy():
            self._reconciler.wait()
            self._heavy.wait()
        self._reconciler.wait()
        return bool(self._assignments)

    def close(self) -> None:
        """Finish what is under way, and let go of the leases."""
        self._beside.shutdown()
        self._heavy.close()
        self._reconciler.close()
        self._write_waiting()
        with self._app.app_context():
            leases.release(self._owner)
        self._doorbell.close()

    def _pass(self) -> int:
        if time.monotonic() >= self._renew_at:
            with self._app.app_context():
                if not self._adopted:
                    self._adopt()
                self._assignments = leases.take(self._owner, self._take_over)
            self._take_over = False
            # One that has nothing to do looks again soon: the other one may be dead.
            self._renew_at = time.monotonic() + (_RENEW_SECONDS if self._assignments else _LONGEST_SLEEP)
        handed_out = self._reconciler.run_pass(self._assignments)
        if not handed_out:
            self._write_waiting()
        return handed_out

    def _keep_time(self) -> None:
        """One of several control planes is enough."""
        if self._assignments:
            self._timekeeper.look()

    def _verify(self) -> None:
        if self._assignments:
            with self._session():
                self._verifier.look()

    def _turn_to_heavy(self) -> None:
        """When nothing else is to be handed out: even looking takes a moment from those who wait."""
        if self._heavy_pass is None or self._heavy_pass.done():
            self._heavy_pass = self._beside.submit(self._pass_heavy)

    def _pass_heavy(self) -> int:
        try:
            return self._heavy.run_pass(self._reconciler.reachable(self._assignments))
        except Exception:  # as in `run`
            log.exception("this pass over heavy zones failed; the next one follows")
            return 0

    def _adopt(self) -> None:
        zones = renderings.adopt(self._app.config["SETTINGS"])
        self._adopted = True
        if zones:
            log.info("the settings or the template changed: %d zones get a new serial", zones)

    def _gather(self, names: Sequence[str], heavy: bool) -> Desired:
        with self._session():
            return store.gather(names, heavy)

    def _expected(self, nameserver: str, domains: Sequence[str] | None) -> Mapping[str, Expected]:
        with self._session():
            return drift_store.expected(nameserver, domains)

    def _zones(self, domains: Sequence[str]) -> Mapping[str, Zone]:
        with self._session():
            return store.desired_zones(domains)

    def _report(self, observed: Observation | Held | Checks) -> None:
        with self._session():
            if isinstance(observed, Checks):
                self._checks += checking.reports(observed.zones, "publish", self._reconciler.checker.version)
                return
            if isinstance(observed, Drifted):
                _tell(observed.nameserver, drifts.record(observed))
                return
            since = observations.waiting_since(observed) if isinstance(observed, Published) else []
            self._write(observed)
            if isinstance(observed, Published):
                _count(observed, since)

    def _write_waiting(self) -> None:
        """When nothing that is under way will report."""
        if self._checks:
            with self._session():
                self._write(None)

    def _write(self, observed: Observation | Held | None) -> None:
        """Checks wait for the next report and share its transaction; one that fails leaves them to the one after."""
        waiting: list[checks.Report] = []
        with suppress(IndexError):  # another nameserver's thread may take some at the same time
            while True:
                waiting.append(self._checks.popleft())
        try:
            observations.report_with(observed, lambda session: checks.keep(session, waiting, self._kept))
        except BaseException:
            self._checks.extendleft(reversed(waiting))
            raise

    @contextmanager
    def _session(self) -> Iterator[None]:
        """A fresh, short session: a long one would read stale rows."""
        with self._app.app_context():
            try:
                yield
            finally:
                db.session.remove()


def _tell(nameserver: str, found: Sequence[Drift]) -> None:
    for each in found:
        log.warning("%s: %s: drift: %s", nameserver, each.domain, "; ".join((sentence(each), *lines(each.records))))
        metrics().drifts.labels(nameserver, each.kind.value).inc()


def _count(published: Published, since: Sequence[datetime]) -> None:
    counters, moment = metrics(), now()
    for outcome in published.outcomes:
        counters.publications.labels(published.nameserver, outcome.state.value).inc()
    for each in since:
        counters.publication_seconds.labels(published.nameserver).observe(max(0.0, (moment - each).total_seconds()))
