"""One contract for every transport: the same tests over memory and over a pipe to a real named's agent."""

import signal
import sys
import time
from collections.abc import Iterator
from itertools import count

import pytest

from nameserver.agent import PROTOCOL, frames
from nameserver.content import of_zone_file
from nameserver.errors import AgentFailed, ConfigurationRefused, Fenced, TimedOut, Unreachable
from nameserver.plan import Outcome, State
from nameserver.transport.base import Transport
from nameserver.transport.memory import MemoryNameserver, MemoryTransport
from nameserver.transport.pipe import PipeTransport, Timeouts
from tests.nameservers import publication, refused_file, removal, zone_file

_numbers = count()


@pytest.fixture(params=["memory", "pipe"])
def transport(request: pytest.FixtureRequest) -> Iterator[Transport]:
    if request.param == "memory":
        yield MemoryTransport()
    else:
        yield request.getfixturevalue("pipe")


@pytest.fixture
def domain() -> str:
    return f"contract{next(_numbers)}.example"


@pytest.fixture
def fence(transport: Transport) -> int:
    return transport.hello().fence


def _only(transport: Transport, item, fence: int) -> Outcome:
    [outcome] = transport.publish([item], fence).outcomes
    return outcome


def test_it_greets(transport: Transport) -> None:
    greeting = transport.hello()
    assert (greeting.protocol, greeting.running) == (PROTOCOL, True)


def test_a_new_zone_is_served(transport: Transport, domain: str, fence: int) -> None:
    assert _only(transport, publication(domain, 1), fence) == Outcome(domain, State.IN_SYNC, 1)
    assert transport.serials([domain]) == {domain: 1}


def test_a_change_is_served(transport: Transport, domain: str, fence: int) -> None:
    transport.publish([publication(domain, 1)], fence)
    assert _only(transport, publication(domain, 2), fence) == Outcome(domain, State.IN_SYNC, 2)


def test_the_same_again_is_in_sync(transport: Transport, domain: str, fence: int) -> None:
    transport.publish([publication(domain, 1)], fence)
    assert _only(transport, publication(domain, 1), fence) == Outcome(domain, State.IN_SYNC, 1)


def test_an_older_serial_is_refused(transport: Transport, domain: str, fence: int) -> None:
    transport.publish([publication(domain, 5)], fence)
    outcome = _only(transport, publication(domain, 4), fence)
    assert (outcome.state, outcome.serial) == (State.OLDER, 5)
    assert transport.serials([domain]) == {domain: 5}


def test_a_zone_that_was_removed_does_not_come_back_below(transport: Transport, domain: str, fence: int) -> None:
    """A restored backup does not know of what was changed and deleted after it."""
    _only(transport, publication(domain, 5), fence)
    _only(transport, removal(domain, 7), fence)
    outcome = _only(transport, publication(domain, 6), fence)
    assert (outcome.state, outcome.serial) == (State.OLDER, 7)
    assert transport.serials([domain]) == {domain: None}
    assert _only(transport, publication(domain, 8), fence).state is State.IN_SYNC
    assert _only(transport, publication(domain, 9), fence).state is State.IN_SYNC


def test_a_serial_stands_for_one_content(transport: Transport, domain: str, fence: int) -> None:
    """After a restored backup the database may give a serial again that the nameserver has for something else."""
    _only(transport, publication(domain, 5), fence)
    outcome = _only(transport, publication(domain, 5, zone_file(domain, 5, 2)), fence)
    assert (outcome.state, outcome.serial) == (State.OLDER, 5)
    assert _only(transport, publication(domain, 6, zone_file(domain, 6, 2)), fence).state is State.IN_SYNC


def test_a_serial_over_the_wrap_is_newer(transport: Transport, domain: str, fence: int) -> None:
    transport.publish([publication(domain, 2**32 - 1)], fence)
    assert _only(transport, publication(domain, 1), fence).state is State.IN_SYNC


def test_zero_is_a_serial_like_others(transport: Transport, domain: str, fence: int) -> None:
    transport.publish([publication(domain, 0)], fence)
    outcome = _only(transport, publication(domain, 2**32 - 1), fence)
    assert (outcome.state, outcome.serial) == (State.OLDER, 0)
    assert transport.serials([domain]) == {domain: 0}


def test_a_removed_zone_is_answered_no_more(transport: Transport, domain: str, fence: int) -> None:
    transport.publish([publication(domain, 1)], fence)
    assert _only(transport, removal(domain, 1), fence) == Outcome(domain, State.IN_SYNC, None)
    assert transport.serials([domain]) == {domain: None}


def test_removing_what_is_not_there_is_in_sync(transport: Transport, domain: str, fence: int) -> None:
    assert _only(transport, removal(domain, 1), fence) == Outcome(domain, State.IN_SYNC, None)


def test_a_tombstone_older_than_the_zone_is_refused(transport: Transport, domain: str, fence: int) -> None:
    transport.publish([publication(domain, 5)], fence)
    assert _only(transport, removal(domain, 4), fence).state is State.OLDER
    assert transport.serials([domain]) == {domain: 5}


def test_one_bad_zone_does_not_harm_the_others(transport: Transport, domain: str, fence: int) -> None:
    other = f"other.{domain}"
    transport.publish([publication(domain, 1)], fence)
    if isinstance(transport, MemoryTransport):
        transport.nameserver.failing[domain] = "too many records"
    bad, good = transport.publish(
        [publication(domain, 2, refused_file(domain, 2)), publication(other, 2)], fence
    ).outcomes
    assert (bad.state, bad.serial) == (State.FAILED, 1)
    assert "too many records" in str(bad.error)
    assert good == Outcome(other, State.IN_SYNC, 2)


def test_outcomes_come_in_the_order_of_the_items(transport: Transport, domain: str, fence: int) -> None:
    items = [publication(f"z{number}.{domain}", 1) for number in (3, 1, 2)]
    items.insert(1, removal(f"gone.{domain}", 1))
    outcomes = transport.publish(items, fence).outcomes
    assert [outcome.domain for outcome in outcomes] == [item.domain for item in items]


def test_a_lower_fence_is_refused_and_nothing_done(transport: Transport, domain: str, fence: int) -> None:
    transport.publish([], fence + 2)
    with pytest.raises(Fenced):
        transport.publish([publication(domain, 1)], fence + 1)
    with pytest.raises(Fenced):
        transport.configure(b"", fence + 1)
    assert transport.serials([domain]) == {domain: None}
    assert transport.hello().fence == fence + 2


def test_the_inventory_lists_zones_and_serials(transport: Transport, domain: str, fence: int) -> None:
    transport.publish([publication(domain, 7)], fence)
    assert transport.inventory()[domain] == 7
    assert not any(name.endswith(("bind", "server")) for name in transport.inventory())


def test_the_digest_is_that_of_the_file(transport: Transport, domain: str, fence: int) -> None:
    for serial in (1, 2):
        item = publication(domain, serial)
        transport.publish([item], fence)
        assert transport.digests([domain, f"not.{domain}"]) == {domain: item.digest, f"not.{domain}": None}


def test_the_content_is_that_of_the_file(transport: Transport, domain: str, fence: int) -> None:
    item = publication(domain, 3, zone_file(domain, 3, 300, extra='*.x 60 TXT "a\\"b" c\nMail 60 MX 5 @\n'))
    assert _only(transport, item, fence).state is State.IN_SYNC
    answered = transport.content([domain, f"not.{domain}"])
    assert answered[domain].content == of_zone_file(domain, item.content)
    assert (answered[domain].error, len(answered[domain].content or ())) == (None, 304)
    assert answered[f"not.{domain}"].content is None
    assert answered[f"not.{domain}"].error


def test_a_refused_configuration_changes_nothing(transport: Transport, domain: str, fence: int) -> None:
    transport.publish([publication(domain, 1)], fence)
    before = transport.hello().configuration
    if isinstance(transport, MemoryTransport):
        transport.nameserver.refuses = "unknown option"
    with pytest.raises(ConfigurationRefused, match="unknown option"):
        transport.configure(b"options { nonsense yes; };\n", fence)
    assert transport.hello().configuration == before
    assert transport.serials([domain]) == {domain: 1}


def test_it_tells_of_its_clock_and_disk(transport: Transport) -> None:
    before = time.time()
    about = transport.about()
    assert before <= about.time <= time.time()
    assert 0 < about.free < about.size
    assert about.files is None or about.files > 0


def test_it_works_again_after_close(transport: Transport) -> None:
    transport.close()
    assert transport.hello().running


def test_memory_can_be_away_slow_or_down() -> None:
    there = MemoryNameserver(unreachable=True)
    with pytest.raises(Unreachable):
        MemoryTransport(there).hello()
    with pytest.raises(TimedOut):
        MemoryTransport(MemoryNameserver(delay=21)).hello()
    down = MemoryTransport(MemoryNameserver(running=False))
    with pytest.raises(Unreachable):
        down.publish([publication("a.example", 1)], 1)


def _script(source: str, timeouts: Timeouts | None = None) -> PipeTransport:
    return PipeTransport([sys.executable, "-c", source], timeouts)


@pytest.mark.timeout(30)  # without a time-out of its own it hangs
def test_a_silent_agent_times_out_and_is_killed() -> None:
    transport = _script("import time; time.sleep(600)", Timeouts(command=0.2))
    agent = transport._opened()._child
    with pytest.raises(TimedOut):
        transport.hello()
    assert agent.returncode == -signal.SIGKILL


def test_an_agent_that_does_not_read_times_out() -> None:
    transport = _script("import time; time.sleep(600)", Timeouts(publish=0.25, slowest=16 << 20))
    with pytest.raises(TimedOut):
        transport.publish([publication("a.example", 1, b"x" * (4 << 20))], 1)


_SLOW = """\
import struct, sys, time
lengths = struct.unpack(">II", sys.stdin.buffer.read(8))
sys.stdin.buffer.read(sum(lengths))
time.sleep(1)
sys.stdout.buffer.write({answer!r})
sys.stdout.flush()
sys.stdin.read()
"""


def test_much_to_send_has_more_time() -> None:
    """Longer than the time for a batch that is empty; at so many octets a second it is not late."""
    timings = {"write": 0.0, "rndc": 0.0, "probe": 0.0}
    answer = frames.pack({"id": 1, "ok": True, "outcomes": [], "timings": timings})
    transport = _script(_SLOW.format(answer=answer), Timeouts(publish=0.01, slowest=1000))
    assert transport.publish([publication("a.example", 1, b"x" * 60_000)], 1).outcomes == []
    transport.close()


def test_the_reason_on_stderr_is_told() -> None:
    transport = _script("import sys; print('noise'*9999, file=sys.stderr); sys.exit('Permission denied (publickey).')")
    with pytest.raises(Unreachable, match=r"Permission denied \(publickey\)\.$"):
        transport.hello()


def test_a_program_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="cannot be run"):
        PipeTransport(["/nonexistent/agent"]).hello()


@pytest.mark.parametrize("answer", [b"\xff" * 64, b"\0\0\0\2\0\0\0\0[]", b"\0\0\0\2\0\0\0\0{}"])
def test_another_protocol_is_an_error(answer: bytes) -> None:
    transport = _script(f"import sys; sys.stdout.buffer.write({answer!r}); sys.stdout.flush(); sys.stdin.read()")
    with pytest.raises(AgentFailed):
        transport.hello()


def test_an_agent_of_an_earlier_version_is_told_from_a_fault() -> None:
    hello = frames.pack({"id": 1, "ok": True, "protocol": 1, "agent": "0.1.0"})
    transport = _script(f"import sys; sys.stdout.buffer.write({hello!r}); sys.stdout.flush(); sys.stdin.read()")
    with pytest.raises(AgentFailed, match=r"another protocol \(1, not \d\): provision the nameserver again"):
        transport.hello()


def test_an_agent_that_ends_between_calls_is_started_anew(pipe: PipeTransport) -> None:
    pipe.hello()
    assert pipe._process is not None
    pipe._process._child.kill()
    pipe._process._child.wait()
    assert pipe.hello().running


def test_an_agent_that_writes_much_to_stderr_does_not_block() -> None:
    transport = _script("import sys; sys.stderr.write('x' * 10_000_000); sys.exit('done')", Timeouts(command=10))
    with pytest.raises(Unreachable, match="done"):
        transport.hello()


def test_files_are_given_back(transport: Transport, fence: int) -> None:
    """To the octet, a file longer than one answer too, and in any number; a removed zone is not among them."""
    domains = [f"back{next(_numbers)}.example" for _ in range(5)]
    items = [
        publication(domain, 1, zone_file(domain, 1, 90_000 if at == 2 else at)) for at, domain in enumerate(domains)
    ]
    transport.publish(items, fence)
    transport.publish([removal(domains[4], 1)], fence)
    files = dict(transport.zone_files())
    assert [files[item.domain] for item in items[:4]] == [item.content for item in items[:4]]
    assert domains[4] not in files
