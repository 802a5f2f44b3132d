"""Publishing to one nameserver: its own thread, its own back-off, so that its trouble delays no other."""

import hashlib
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from nameserver.errors import ConfigurationRefused, Fenced, TransportError, Unreachable
from nameserver.plan import Item, Outcome, State, split
from nameserver.sweep import Comparison, Drifted, Inventory, Sweep
from nameserver.transport.base import Transport

log = logging.getLogger(__name__)

_MOST_ZONES = 200
_MOST_BYTES = 4 * 1024 * 1024
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_REFUSED_PAUSE = 300.0
_HEARTBEAT = 10.0


@dataclass(frozen=True, slots=True)
class Contact:
    """A nameserver was reached (`error` None, with its software), or not, with the reason in words."""

    nameserver: str
    error: str | None
    software: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """What a nameserver answered for the items of one batch."""

    nameserver: str
    items: Sequence[Item]
    outcomes: Sequence[Outcome]


@dataclass(frozen=True, slots=True)
class Configured:
    """A nameserver took the named.conf we rendered (`error` None), or refused it: it goes on with the last good one."""

    nameserver: str
    error: str | None


Observation = Contact | Published | Inventory | Drifted | Configured
Report = Callable[[Observation], None]


@dataclass
class Publisher:
    """Works on one nameserver, one job at a time. `report` and `wake` are called from its thread.

    With `attends` it also greets the nameserver, gives it its named.conf, sweeps it, and tells when it is away.
    Without, it only publishes beside one that does, opens its way for that, and fails the zones that it cannot bring.
    """

    name: str
    transport: Transport
    named_conf: bytes
    comparison: Comparison
    report: Report
    wake: Callable[[], None]
    attends: bool = True
    configured: bool = False
    _configure_not_before: float = 0.0
    _contacted: bool = False
    _heard_at: float = 0.0
    _started: str | None = None
    _sweep_due: bool = False
    _sweep: Sweep | None = None
    _compared: str | None = None
    _failures: int = 0
    _not_before: float = 0.0
    _job: Future[None] | None = None
    _closing: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=self.name)

    @property
    def idle(self) -> bool:
        """Is it free for a job, and not backing off?"""
        return (self._job is None or self._job.done()) and time.monotonic() >= self._not_before

    @property
    def away(self) -> bool:
        """Did the last job end in trouble with the nameserver?"""
        return self._failures > 0

    @property
    def _configure_due(self) -> bool:
        return not self.configured and time.monotonic() >= self._configure_not_before

    def start(self, items: Sequence[Item], fence: int, may_configure: bool, sweep: bool) -> None:
        """Publish the items in the background; greet and configure first where that is due.

        A sweep, begun now or before, goes one step on afterwards.
        """
        if not self.attends:
            if items:
                self._job = self._thread.submit(self._bring, items, fence)
            return
        if time.monotonic() >= self._heard_at + _HEARTBEAT:
            self._contacted = False
        self._sweep_due = self._sweep_due or (sweep and self._sweep is None)
        comparing = self._sweep_due or self._sweep is not None
        if not items and not comparing and self._contacted and not (may_configure and self._configure_due):
            return
        self._job = self._thread.submit(self._work, items, fence, may_configure)

    def wait(self, seconds: float | None = None) -> None:
        """Wait for the running job. Raises TimeoutError."""
        if self._job is not None:
            self._job.result(seconds)

    def close(self) -> None:
        """Stop after the batch that is under way, and let the nameserver go."""
        self._closing.set()
        self._thread.shutdown(wait=True, cancel_futures=True)
        self.transport.close()

    def _work(self, items: Sequence[Item], fence: int, may_configure: bool) -> None:
        try:
            self._greet()
            if may_configure and self._configure_due:
                self._configure(fence)
            self._publish(items, fence)
            self._compare()
            self._failures, self._heard_at = 0, time.monotonic()
        except TransportError as error:
            self._back_off(error)
        except Exception as error:  # whatever else goes wrong here must not stop the other nameservers
            log.exception("%s: publishing failed", self.name, extra={"nameserver": self.name})
            self._back_off(TransportError(f"Publishing failed unexpectedly ({type(error).__name__}); see the log."))
        finally:
            self.wake()

    def _bring(self, items: Sequence[Item], fence: int) -> None:
        try:
            self._publish(items, fence)
            self._failures = 0
        except TransportError as error:
            self._pause(error)
            if not isinstance(error, Fenced):
                outcomes = [Outcome(item.domain, State.FAILED, None, error.detail) for item in items]
                self.report(Published(self.name, items, outcomes))
        except Exception:  # as in `_work`
            log.exception("%s: publishing failed", self.name)
        finally:
            self.transport.close()
            self.wake()

    def _greet(self) -> None:
        """After each loss of contact and each silence: is it alive, and has it the configuration we rendered?"""
        if self._contacted:
            return
        greeting = self.transport.hello()
        if not greeting.running:
            raise Unreachable("named does not run there, or does not answer rndc.")
        # A named that was started again may have lost what it had: it is compared at once.
        self._sweep_due = self._sweep_due or greeting.started != self._started
        self._started = greeting.started
        self.configured = greeting.configuration == hashlib.sha256(self.named_conf).hexdigest()
        self.report(Contact(self.name, None, greeting.named))
        self._contacted = True

    def _configure(self, fence: int) -> None:
        try:
            self.transport.configure(self.named_conf, fence)
            self.configured = True
            self.report(Configured(self.name, None))
        except ConfigurationRefused as error:
            self._configure_not_before = time.monotonic() + _REFUSED_PAUSE
            log.error("%s: %s", self.name, error.detail, extra={"nameserver": self.name})
            self.report(Configured(self.name, error.detail))

    def _publish(self, items: Sequence[Item], fence: int) -> None:
        for batch in split(sorted(items, key=lambda item: len(item.content)), _MOST_ZONES, _MOST_BYTES):
            if self._closing.is_set():
                return
            began = time.perf_counter()
            answer = self.transport.publish(batch, fence)
            self.report(Published(self.name, batch, answer.outcomes))
            self._log(batch, answer.outcomes, answer.timings, time.perf_counter() - began)

    def _compare(self) -> None:
        """One step of the sweep: what is due meanwhile goes first."""
        if self._sweep_due:
            self._sweep_due = False
            self._sweep = Sweep(self.name, self.transport, self.comparison, after=self._compared)
        if self._sweep is None:
            return
        if (observation := self._sweep.step()) is not None:
            self.report(observation)
            return
        for domain, reason in self._sweep.unreadable.items():
            log.warning("%s: %s: its content could not be compared: %s", self.name, domain, reason)
        self._compared, self._sweep = self._sweep.after, None

    def _log(self, batch: Sequence[Item], outcomes: Sequence[Outcome], timings: dict[str, float], total: float) -> None:
        parts = " ".join(f"{part}={value:.2f}" for part, value in timings.items())
        done = sum(outcome.state is State.IN_SYNC for outcome in outcomes)
        first = f"{batch[0].domain} {batch[0].serial}" if len(batch) == 1 else f"{done} of {len(batch)} zones"
        word = "published" if done else "did not publish"
        one = {"zone": batch[0].domain, "serial": batch[0].serial} if len(batch) == 1 else {}
        extra = {"nameserver": self.name, **one}
        log.info("%s: %s %s total=%.2f %s", self.name, word, first, total * 1000, parts, extra=extra)
        serials = {item.domain: item.serial for item in batch}
        for outcome in outcomes:
            if outcome.error:
                extra = {"nameserver": self.name, "zone": outcome.domain, "serial": serials[outcome.domain]}
                log.warning("%s: %s: %s: %s", self.name, outcome.domain, outcome.state, outcome.error, extra=extra)

    def _back_off(self, error: TransportError) -> None:
        self._contacted = False
        self._sweep_due, self._sweep = self._sweep_due or self._sweep is not None, None
        self._pause(error)
        if not isinstance(error, Fenced):
            self.report(Contact(self.name, error.detail))

    def _pause(self, error: TransportError) -> None:
        """The next try waits longer each time, with jitter, so that many do not come back at once."""
        self._failures += 1
        pause = min(_FIRST_PAUSE * 2 ** (self._failures - 1), _LONGEST_PAUSE)
        self._not_before = time.monotonic() + pause * random.uniform(0.7, 1.3)  # noqa: S311  not a secret
        words = (self.name, error.detail, pause)
        log.warning("%s: %s Next try in %.1f s.", *words, extra={"nameserver": self.name})
