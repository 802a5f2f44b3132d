"""Every fault: the old data stays served, the transport says so in time, and all is well when it is over."""

import time
from collections.abc import Callable, Sequence

import pytest

from nameserver.errors import AgentFailed, TimedOut, Unreachable
from nameserver.plan import Item, State
from nameserver.transport.base import Transport
from nameserver.transport.pipe import Timeouts
from tests.lab.hosts import Host, Lab, eventually
from tests.nameservers import publication

pytestmark = pytest.mark.timeout(600)

DOMAIN = "faults.example"
PATIENCE = Timeouts(command=3.0, publish=1.5, close=0.5)
SLACK = 2.0  # for a busy machine


def moved(transport: Transport, serial: int) -> State:
    """Publish the zone with this serial; how that ended."""
    return transport.publish([publication(DOMAIN, serial)], 1).outcomes[0].state


def works(transport: Transport) -> bool:
    """Does the nameserver answer? Just after a fault one more try may fail, as a back-off allows for."""
    try:
        return transport.hello().running
    except Unreachable:
        return False


def next_serial(host: Host) -> int:
    """One more than what is served."""
    return (host.serial(DOMAIN) or 0) + 1


def raised(action: Callable[[], object]) -> tuple[Unreachable, float]:
    """The error that the transport raises, and after how many seconds."""
    begun = time.monotonic()
    with pytest.raises(Unreachable) as caught:
        action()
    return caught.value, time.monotonic() - begun


def refused(transport: Transport, items: Sequence[Item]) -> list[str]:
    """Publish what the nameserver must refuse; its words, of each zone or of the whole."""
    try:
        outcomes = transport.publish(items, 1).outcomes
    except AgentFailed as error:
        return [error.detail]
    assert [outcome.state for outcome in outcomes] == [State.FAILED] * len(items)
    return [str(outcome.error) for outcome in outcomes]


def beside(host: Host) -> str:
    """What the host answers when asked on the host itself: the serial, with the words of named's SOA."""
    script = f"""import sys; sys.path.insert(0, "/usr/local/lib/zonewright/agent.pyz")
from nameserver.agent.ask import ask
print(ask("127.0.0.1", 53, ["{DOMAIN}"]).serials.get("{DOMAIN}"))"""
    return host.exec("python3", "-c", script).strip()


CUT = [("link-down",), ("drop", "all"), ("drop", "tcp/22")]


@pytest.mark.parametrize("fault", [CUT[0], *(pytest.param(fault, marks=pytest.mark.long) for fault in CUT[1:])])
def test_way_is_cut(ns1: Host, ns2: Host, fault: tuple[str, ...]) -> None:
    with ns1.transport(PATIENCE) as transport, ns2.transport(PATIENCE) as other:
        serial = next_serial(ns1)
        assert moved(transport, serial) is State.IN_SYNC
        ns1.fault(*fault)
        error, seconds = raised(lambda: moved(transport, serial + 1))  # on the connection that is open
        assert isinstance(error, TimedOut)
        assert seconds < PATIENCE.publish + SLACK
        error, seconds = raised(transport.hello)  # on a new one: ssh's own time-out comes first
        assert seconds < PATIENCE.command + SLACK
        assert "timed out" in error.detail.lower()
        assert moved(other, next_serial(ns2)) is State.IN_SYNC
        assert beside(ns1) in (str(serial), str(serial + 1))  # what was sent before the cable went may have arrived
        ns1.heal()
        eventually(lambda: works(transport))
        assert moved(transport, serial + 2) is State.IN_SYNC
    assert ns1.serial(DOMAIN) == serial + 2


def test_questions_vanish(ns1: Host) -> None:
    """Only the world's: the agent asks beside named, so the zone is in sync there and not reachable here."""
    ns1.fault("drop", "udp/53")
    with ns1.transport() as transport:
        serial = int(beside(ns1).replace("None", "0")) + 1
        assert moved(transport, serial) is State.IN_SYNC
    assert ns1.serial(DOMAIN, timeout=0.5) is None
    assert ns1.serial(DOMAIN, tcp=True) == serial
    ns1.heal()
    assert ns1.serial(DOMAIN) == serial


def test_named_stands_still(ns1: Host) -> None:
    with ns1.transport(Timeouts(command=15.0, publish=15.0)) as transport:
        serial = next_serial(ns1)
        assert moved(transport, serial) is State.IN_SYNC
        ns1.fault("freeze", "named")
        error, seconds = raised(lambda: moved(transport, serial + 1))
        assert not isinstance(error, TimedOut)  # the agent's own word, on a way that is whole
        assert "named does not answer" in error.detail
        assert seconds < 10
        ns1.heal()
        eventually(lambda: ns1.serial(DOMAIN) == serial)
        assert moved(transport, serial + 1) is State.IN_SYNC


@pytest.mark.long
def test_sshd_stands_still(ns1: Host) -> None:
    with ns1.transport(PATIENCE) as transport:
        serial = next_serial(ns1)
        assert moved(transport, serial) is State.IN_SYNC
        ns1.fault("freeze", "sshd")
        for _ in range(2):  # on the connection that is open, and on a new one
            _, seconds = raised(transport.hello)
            assert seconds < PATIENCE.command + SLACK
        assert ns1.serial(DOMAIN) == serial
        ns1.heal()
        eventually(lambda: works(transport))
        assert moved(transport, serial + 1) is State.IN_SYNC


@pytest.mark.parametrize("fault", ["disk-full", "read-only"])
def test_disk_cannot_be_written(ns1: Host, fault: str) -> None:
    with ns1.transport() as transport:
        serial = next_serial(ns1)
        assert moved(transport, serial) is State.IN_SYNC
        ns1.fault(fault)
        items = [publication(DOMAIN, serial + 1), publication(f"new.{fault}.example", 1)]
        word = "space" if fault == "disk-full" else "Read-only"
        assert all(word in words for words in refused(transport, items))
        assert ns1.serial(DOMAIN) == serial
        assert ns1.serial(f"new.{fault}.example") is None
        ns1.heal()
        assert [outcome.state for outcome in transport.publish(items, 1).outcomes] == [State.IN_SYNC, State.IN_SYNC]


@pytest.mark.long
@pytest.mark.parametrize("fault", ["disk-full", "read-only"])
def test_named_is_killed_on_a_disk_that_cannot_be_written(ns1: Host, fault: str) -> None:
    """On a full one it starts again; on one that is read-only BIND does not, until that is over."""
    with ns1.transport() as transport:
        serial = next_serial(ns1)
        assert moved(transport, serial) is State.IN_SYNC
    ns1.fault(fault)
    ns1.fault("kill", "named")
    if fault == "disk-full":
        eventually(lambda: ns1.serial(DOMAIN) == serial)
    ns1.heal()
    eventually(lambda: ns1.serial(DOMAIN) == serial)
    with ns1.transport() as transport:
        assert moved(transport, serial + 1) is State.IN_SYNC


def test_host_key_is_another(ns1: Host) -> None:
    with ns1.transport() as transport:
        serial = next_serial(ns1)
        ns1.fault("host-key")
        error, seconds = raised(lambda: moved(transport, serial))
        assert "Host key verification failed" in error.detail
        assert seconds < PATIENCE.command + SLACK
        ns1.heal()
        assert moved(transport, serial) is State.IN_SYNC


@pytest.mark.long
def test_round_trip_takes_long(lab: Lab, ns1: Host) -> None:
    with ns1.transport() as transport:
        assert moved(transport, next_serial(ns1)) is State.IN_SYNC
        ns1.fault("delay", "50")
        transport.hello()
        serial, begun = next_serial(ns1), time.monotonic()
        assert moved(transport, serial) is State.IN_SYNC
        assert 0.05 < time.monotonic() - begun < 0.05 + 0.2
    assert ns1.serial(DOMAIN) == serial


@pytest.mark.long
@pytest.mark.parametrize("fault", [("loss", "15"), ("rate", "256")])
def test_line_is_bad(ns1: Host, fault: tuple[str, str]) -> None:
    ns1.fault(*fault)
    with ns1.transport(Timeouts(command=30.0)) as transport:

        def published() -> bool:
            try:
                return moved(transport, serial) is State.IN_SYNC
            except Unreachable:
                return False

        serial = int(beside(ns1).replace("None", "0")) + 1
        assert eventually(published, 120)
    ns1.heal()
    assert ns1.serial(DOMAIN) == serial
