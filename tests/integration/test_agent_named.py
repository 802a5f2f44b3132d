"""The agent against a real named: what rndc says is never believed, what is answered is."""

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nameserver.agent import frames, names
from nameserver.agent.config import load
from nameserver.agent.errors import NamedSilent
from nameserver.agent.rndc import Rndc
from nameserver.agent.server import Agent
from nameserver.agent.zipapp import build
from nameserver.agent.zonelist import ZoneList
from nameserver.errors import ConfigurationRefused, TransportError, Unreachable
from nameserver.plan import Item, Outcome, State
from nameserver.transport.pipe import PipeTransport, Timeouts
from tests.nameservers import RunningNamed, publication, refused_file, removal, zone_file

Start = Callable[..., RunningNamed]


def _one(transport: PipeTransport, item: Item, fence: int = 10) -> Outcome:
    [outcome] = transport.publish([item], fence).outcomes
    return outcome


def _in_sync(transport: PipeTransport, *items: Item) -> bool:
    return all(outcome.state is State.IN_SYNC for outcome in transport.publish(items, 10).outcomes)


def test_of_500_quick_changes_each_is_served(shared: RunningNamed, pipe: PipeTransport) -> None:
    """Without a newer mtime for each file, kernels that stamp coarsely lose many (REPORT: 356 of 500)."""
    for serial in range(1, 501):
        assert _one(pipe, publication("quick.example", serial)) == Outcome("quick.example", State.IN_SYNC, serial)
    assert shared.serial("quick.example") == 500


def test_a_file_from_the_future_is_still_replaced(shared: RunningNamed, pipe: PipeTransport) -> None:
    """The clock went back a year: the new file must be newer than the loaded one all the same."""
    _one(pipe, publication("future.example", 1))
    path = shared.directory / "zones" / "future.example.zone"
    ahead = path.stat().st_mtime_ns + 365 * 86400 * 10**9
    path.write_bytes(zone_file("future.example", 2))
    os.utime(path, ns=(ahead, ahead))
    assert _one(pipe, publication("future.example", 3)).state is State.IN_SYNC
    assert path.stat().st_mtime_ns > ahead


def test_up_to_date_is_not_taken_for_success(shared: RunningNamed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock went back a year and an old file was put back by hand: named calls the new one up to date."""
    agent = Agent(load(shared.directory / "agent.json"))
    assert _answered(agent, publication("stale.example", 1))["state"] == "in_sync"
    os.utime(shared.directory / "zones" / "stale.example.zone", ns=(1, 1))
    last_year = time.time_ns() - 365 * 86400 * 10**9
    monkeypatch.setattr("nameserver.agent.files.time.time_ns", lambda: last_year)
    assert _answered(agent, publication("stale.example", 2)) == {
        "domain": "stale.example",
        "state": "in_sync",
        "serial": 2,
        "error": None,
    }


def _answered(agent: Agent, item: Item) -> dict:
    request = frames.pack({"op": "publish", "fence": 10, "items": [_described(item)]}, item.content)
    replies = io.BytesIO()
    agent.serve(io.BytesIO(request), replies)
    return json.loads(replies.getvalue()[8:])["outcomes"][0]


def _rndc(named: RunningNamed) -> list[str]:
    target = named.embedded.target
    program = shutil.which("rndc", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    assert program
    return [program, "-s", "127.0.0.1", "-p", str(target.rndc_port), "-k", target.key_file]


def test_what_named_refuses_after_rndc_said_yes(named: Start) -> None:
    server = named()
    with server.transport() as transport:
        _one(transport, publication("full.example", 1))
        good = server.zone_file("full.example")
        outcome = _one(transport, publication("full.example", 2, refused_file("full.example", 2)))
        assert (outcome.state, outcome.serial) == (State.FAILED, 1)
        assert "too many records" in str(outcome.error)
        assert "/" not in str(outcome.error)
        assert server.zone_file("full.example") == good
        assert sorted(path.name for path in (server.directory / "zones").iterdir()) == ["full.example.zone"]
    server.restart()
    assert server.serial("full.example") == 1
    with server.transport() as transport:
        assert _one(transport, publication("full.example", 3)).state is State.IN_SYNC


def test_an_underscore_is_served(shared: RunningNamed, pipe: PipeTransport) -> None:
    """BIND's own check-names would refuse the zone at the load, after rndc said yes."""
    content = zone_file("odd.example", 1, extra="foo_bar 60 IN A 192.0.2.1\n")
    assert _one(pipe, publication("odd.example", 1, content)) == Outcome("odd.example", State.IN_SYNC, 1)


def test_a_refused_new_zone_leaves_nothing(named: Start) -> None:
    server = named()
    with server.transport() as transport:
        outcome = _one(transport, publication("new.example", 1, refused_file("new.example", 1)))
        assert (outcome.state, outcome.serial) == (State.FAILED, None)
        assert "too many records" in str(outcome.error)
        assert list((server.directory / "zones").iterdir()) == []
        assert _one(transport, publication("new.example", 2)).state is State.IN_SYNC


def test_a_zone_whose_last_load_failed_is_loaded_again(named: Start) -> None:
    """It is in named's database but not answered: addzone says already exists, reload it is."""
    server = named()
    with server.transport() as transport:
        _one(transport, publication("broken.example", 1))
    (server.directory / "zones" / "broken.example.zone").write_bytes(b"nonsense\n")
    server.restart()
    assert server.serial("broken.example") is None
    with server.transport() as transport:
        assert _one(transport, publication("broken.example", 2)).state is State.IN_SYNC


def test_a_file_edited_by_hand_is_put_right(shared: RunningNamed, pipe: PipeTransport) -> None:
    _one(pipe, publication("hand.example", 1))
    (shared.directory / "zones" / "hand.example.zone").write_bytes(zone_file("hand.example", 1, 3))
    assert _one(pipe, publication("hand.example", 1)).state is State.OLDER
    assert _one(pipe, publication("hand.example", 2)).state is State.IN_SYNC
    assert shared.zone_file("hand.example") == zone_file("hand.example", 2)


def test_a_newer_file_on_disk_is_not_overwritten(shared: RunningNamed, pipe: PipeTransport) -> None:
    """Another control plane wrote it, and named has yet to load it."""
    _one(pipe, publication("disk.example", 1))
    newer = zone_file("disk.example", 9)
    (shared.directory / "zones" / "disk.example.zone").write_bytes(newer)
    outcome = _one(pipe, publication("disk.example", 5))
    assert (outcome.state, outcome.serial) == (State.OLDER, 9)
    assert _one(pipe, removal("disk.example", 5)).state is State.OLDER
    assert shared.zone_file("disk.example") == newer


def test_delete_and_create_again(shared: RunningNamed, pipe: PipeTransport) -> None:
    for serial in range(1, 40, 2):
        assert _in_sync(pipe, publication("again.example", serial))
        assert _in_sync(pipe, removal("again.example", serial))
        assert not (shared.directory / "zones" / "again.example.zone").exists()
    assert _in_sync(pipe, publication("again.example", 41))
    assert pipe.inventory()["again.example"] == 41


def test_kill_and_restart_all_zones_answer(named: Start) -> None:
    server = named()
    items = [publication(f"z{number}.example", 1) for number in range(200)]
    with server.transport() as transport:
        assert _in_sync(transport, *items)
        assert _in_sync(transport, *(removal(f"z{number}.example", 1) for number in range(50)))
        server.restart(signal.SIGKILL)
    with server.transport() as transport:
        serials = transport.serials(item.domain for item in items)
        assert [number for number in range(200) if serials[f"z{number}.example"] != 1] == list(range(50))
        assert _in_sync(transport, *(publication(item.domain, 2) for item in items))


def test_a_restarted_named_is_found_by_the_same_agent(named: Start) -> None:
    """The rndc connection broke meanwhile; on a real server its port stays the same."""
    server = named()
    with server.transport() as transport:
        assert _in_sync(transport, publication("kept.example", 1))
        server.kill()
        assert not transport.hello().running
        with pytest.raises(Unreachable):
            _one(transport, publication("kept.example", 2))
        server._prepare = lambda: server.embedded  # type: ignore[method-assign]
        server.start()
        assert _in_sync(transport, publication("kept.example", 2))


def test_a_frozen_named_fails_within_bounds_and_recovers(named: Start) -> None:
    server = named()
    with server.transport() as transport:
        _one(transport, publication("frozen.example", 1))
        with server.frozen(), pytest.raises(Unreachable, match="does not answer"):
            _one(transport, publication("frozen.example", 2))
        assert server.zone_file("frozen.example") == zone_file("frozen.example", 1)
        assert _one(transport, publication("frozen.example", 2)).state is State.IN_SYNC


@pytest.mark.timeout(30)  # without a time-out of its own it hangs
def test_an_rndc_that_says_nothing_is_left(shared: RunningNamed) -> None:
    """Its connection is taken, by a named that is frozen since, and no octet comes."""
    key = Path(shared.embedded.target.key_file)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        rndc = Rndc(silent.getsockname()[1], key, timeout=0.2)
        with pytest.raises(NamedSilent, match=r"within 0\.2 seconds"):
            rndc.call("status")


def test_a_frozen_named_times_the_caller_out(named: Start) -> None:
    server = named()
    with server.transport(Timeouts(publish=0.5)) as transport, server.frozen(), pytest.raises(TransportError):
        transport.publish([publication("late.example", 1)], 1)
    with server.transport() as transport:
        assert _in_sync(transport, publication("late.example", 1))


@pytest.mark.parametrize("cut", [0, 1, 40, 100])
def test_a_cut_transfer_changes_nothing(shared: RunningNamed, pipe: PipeTransport, cut: int) -> None:
    _one(pipe, publication("cut.example", 1))
    item = publication("cut.example", 2)
    header = {"op": "publish", "id": 1, "fence": 10, "items": [_described(item)]}
    assert _ask_agent(shared, frames.pack(header, item.content[:cut]))["code"] == "bad_request"
    assert shared.zone_file("cut.example") == zone_file("cut.example", 1)


def test_a_wrong_digest_changes_nothing(shared: RunningNamed, pipe: PipeTransport) -> None:
    _one(pipe, publication("digest.example", 1))
    item = publication("digest.example", 2)
    header = {"op": "publish", "id": 1, "fence": 10, "items": [_described(item)]}
    reply = _ask_agent(shared, frames.pack(header, item.content.replace(b"7200", b"7201")))
    assert (reply["outcomes"][0]["state"], reply["outcomes"][0]["serial"]) == ("failed", 1)
    assert shared.zone_file("digest.example") == zone_file("digest.example", 1)
    assert not list((shared.directory / "zones").glob(".*"))


def test_a_frame_cut_off_ends_the_agent_and_changes_nothing(shared: RunningNamed) -> None:
    item = publication("half.example", 1)
    frame = frames.pack({"op": "publish", "id": 1, "fence": 10, "items": [_described(item)]}, item.content)
    done = subprocess.run(shared.embedded.target.agent, input=frame[:-1], capture_output=True)
    assert (done.returncode, done.stdout) == (1, b"")
    assert shared.serial("half.example") is None


def _described(item: Item) -> dict[str, object]:
    return {
        "domain": item.domain,
        "action": "publish",
        "serial": item.serial,
        "size": len(item.content),
        "sha256": item.digest,
    }


def _ask_agent(named: RunningNamed, frame: bytes) -> dict:
    done = subprocess.run(named.embedded.target.agent, input=frame, capture_output=True, check=True)
    length, _ = frames.LENGTHS.unpack(done.stdout[:8])
    assert len(done.stdout) == 8 + length
    return json.loads(done.stdout[8:])


def test_bad_requests_leave_the_agent_alive(shared: RunningNamed) -> None:
    requests = [
        b"\0\0\0\3\0\0\0\0[1]",
        b"\0\0\0\3\0\0\0\0{{{",
        frames.pack({"op": "dance"}),
        frames.pack({"op": ["publish"]}),
        frames.pack({"op": "publish", "fence": "x", "items": []}),
        frames.pack({"op": "publish", "fence": 10, "items": [{"domain": "a.example"}]}),
        frames.pack({"op": "publish", "fence": 10, "items": [{"domain": "a..b", "action": "remove", "serial": 1}]}),
        frames.pack({"op": "serials", "domains": "a.example"}),
        frames.pack({"op": "hello", "id": 7}),
    ]
    done = subprocess.run(shared.embedded.target.agent, input=b"".join(requests), capture_output=True, check=True)
    replies, rest = [], done.stdout
    while rest:
        length, _ = frames.LENGTHS.unpack(rest[:8])
        replies.append(json.loads(rest[8 : 8 + length]))
        rest = rest[8 + length :]
    assert [reply["ok"] for reply in replies] == [False] * 8 + [True]
    assert {reply["code"] for reply in replies[:8]} == {"bad_request"}
    assert all(reply["error"].endswith(".") for reply in replies[:8])
    assert replies[8]["id"] == 7


def test_a_full_zone_database_does_not_half_add(named: Start) -> None:
    server = named(changes={"lmdb-mapsize 512M": "lmdb-mapsize 1M"})
    long = ".".join(["x" * 60] * 3)
    items = [publication(f"z{number}.{long}.example", 1) for number in range(1800)]
    with server.transport() as transport:
        outcomes = transport.publish(items, 1).outcomes
        failed = [outcome for outcome in outcomes if outcome.state is State.FAILED]
        assert failed
        assert "full" in str(failed[0].error)
        assert {outcome.serial for outcome in failed} == {None}
        before = transport.inventory()
    assert len(before) == len(items) - len(failed)
    server.restart(signal.SIGKILL)
    with server.transport() as transport:
        assert transport.inventory() == before


def test_a_zone_half_added_by_a_killed_agent_does_not_count(named: Start) -> None:
    """The zone database is full: addzone fails, and the zone is answered until the next restart."""
    server = named(changes={"lmdb-mapsize 512M": "lmdb-mapsize 1M"})
    long = ".".join(["x" * 60] * 3)
    with server.transport() as transport:
        outcomes = transport.publish(
            [publication(f"z{number}.{long}.example", 1) for number in range(1800)], 1
        ).outcomes
        half = next(outcome.domain for outcome in outcomes if outcome.state is State.FAILED)
        file = f"zones/{names.parse(half).file_name}"
        (server.directory / file).write_bytes(zone_file(half, 1))
        addition = [*_rndc(server), "addzone", half, f'{{ type primary; file "{file}"; }};']
        assert subprocess.run(addition, check=False, capture_output=True).returncode
        assert server.serial(half) == 1
        outcome = _one(transport, publication(half, 2))
        assert (outcome.state, outcome.serial) == (State.FAILED, None)
        assert server.serial(half) is None


def _damage(database: Path, how: str) -> None:
    data = database.read_bytes()
    half = len(data) // 2
    database.write_bytes(
        {
            "gone": b"",
            "noise": os.urandom(3000),
            "cut": data[:half],
            "zeroed": data[: 4 * 4096] + bytes(len(data) - 4 * 4096),
            "scrambled": data[: 8 * 4096] + os.urandom(len(data) - 8 * 4096),
        }[how]
    )


@pytest.mark.parametrize("how", ["gone", "noise", "cut", "zeroed", "scrambled"])
def test_a_damaged_zone_database_is_repaired(named: Start, how: str) -> None:
    server = named()
    items = [publication(f"z{number}.example", 1) for number in range(100)]
    strange = publication("0/25.2.0.192.in-addr.arpa", 1)
    with server.transport() as transport:
        assert _in_sync(transport, strange, *items)
        assert _in_sync(transport, removal("z7.example", 1))
    server.kill()
    _damage(server.directory / "_default.nzd", how)
    server.start()
    with server.transport() as transport:
        assert transport.inventory() == {item.domain: 1 for item in [strange, *items] if item.domain != "z7.example"}
        assert _in_sync(transport, removal("z8.example", 1), publication("z7.example", 2), publication("y.example", 1))
    server.restart()
    with server.transport() as transport:
        serials = transport.serials(["z7.example", "z8.example", "y.example", "z9.example"])
        assert serials == {"z7.example": 2, "z8.example": None, "y.example": 1, "z9.example": 1}


def test_a_whole_database_is_left_alone_and_the_list_follows_it(named: Start) -> None:
    server = named()
    with server.transport() as transport:
        assert _in_sync(transport, publication("a.example", 1), publication("b.example", 1))
    server.kill()
    ZoneList(server.directory / "state").write([])
    server.start()
    assert ZoneList(server.directory / "state").names() == {"a.example", "b.example"}
    assert not list(server.directory.glob("*.broken-*"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("allow-new-zones yes;", "allow-new-zones no;"),
        ('/ns1";\n    pid-file', '/ns1/state";\n    pid-file'),  # another working directory
        ("logging {", 'view "public" { };\n\nlogging {'),
        ("allow-query { any; };", "allow-query { none; };"),  # as many zones as before, and none answers
        ("recursion no;", "recursion no; nonsense yes;"),
        ("recursion no;", "recursion no"),
    ],
)
def test_a_configuration_that_loses_zones_is_put_back(named: Start, old: str, new: str) -> None:
    server = named()
    path = server.directory / "named.conf"
    with server.transport() as transport:
        _in_sync(transport, publication("a.example", 1), publication("b.example", 1))
        before = path.read_bytes()
        assert old.encode() in before
        with pytest.raises(ConfigurationRefused) as refusal:
            transport.configure(before.replace(old.encode(), new.encode()), 10)
        assert str(server.directory) not in refusal.value.detail
        assert path.read_bytes() == before
        assert transport.serials(["a.example", "b.example"]) == {"a.example": 1, "b.example": 1}
        assert _in_sync(transport, publication("a.example", 2), publication("c.example", 1))
    server.restart()
    assert server.serial("b.example") == 1


def test_lost_zones_are_counted_though_the_list_is_lost(named: Start) -> None:
    server = named()
    path = server.directory / "named.conf"
    with server.transport() as transport:
        _in_sync(transport, publication("a.example", 1))
        (server.directory / "state" / "zones.list").unlink()
        before = path.read_bytes()
        with pytest.raises(ConfigurationRefused, match="lost 1 of its"):
            transport.configure(before.replace(b"allow-new-zones yes", b"allow-new-zones no"), 10)
        assert path.read_bytes() == before


def test_a_good_configuration_is_taken_up(named: Start) -> None:
    server = named()
    path = server.directory / "named.conf"
    with server.transport() as transport:
        _in_sync(transport, publication("a.example", 1))
        wanted = path.read_bytes().replace(b"minimal-any yes;", b"minimal-any no;")
        transport.configure(wanted, 10)
        assert path.read_bytes() == wanted
        assert transport.serials(["a.example"]) == {"a.example": 1}
        server.kill()
        with pytest.raises(Unreachable):
            transport.configure(b"options { };\n", 10)
        assert path.read_bytes() == wanted


@pytest.mark.parametrize(
    "domain",
    [
        "0/25.2.0.192.in-addr.arpa",
        r"a\"b\;\\c\032d.example",
        "-x.example",
        "_tcp.example",
        ".".join(["l" * 62] * 3 + ["m" * 60]),
    ],
)
def test_strange_names(shared: RunningNamed, pipe: PipeTransport, domain: str) -> None:
    content = [zone_file(domain, serial) for serial in (1, 2, 3)]
    assert _in_sync(pipe, publication(domain, 1, content[0]))
    assert _in_sync(pipe, publication(domain, 2, content[1]))
    assert pipe.inventory()[domain] == 2
    assert (shared.directory / "zones" / names.parse(domain).file_name).read_bytes() == content[1]
    refused = _one(pipe, publication(domain, 3, refused_file(domain, 3)))
    assert (refused.state, "too many records" in str(refused.error)) == (State.FAILED, True)
    assert _in_sync(pipe, removal(domain, 2))
    assert domain not in pipe.inventory()


def test_a_child_is_gone_though_its_parent_answers(shared: RunningNamed, pipe: PipeTransport) -> None:
    assert _in_sync(pipe, publication("parent.example", 1), publication("child.parent.example", 1))
    assert _one(pipe, removal("child.parent.example", 1)) == Outcome("child.parent.example", State.IN_SYNC, None)
    assert pipe.serials(["child.parent.example", "parent.example"]) == {
        "child.parent.example": None,
        "parent.example": 1,
    }


def test_a_name_asked_for_before_it_exists(shared: RunningNamed, pipe: PipeTransport) -> None:
    assert _in_sync(pipe, publication("before.example", 1))
    assert shared.serial("www.before.example") is None
    assert _in_sync(pipe, publication("www.before.example", 1))
    assert shared.serial("www.before.example") == 1


def test_two_agents_serialise(shared: RunningNamed) -> None:
    """Each writes its own serials to the same zone; the zone ends at the highest, and the disk agrees."""
    with shared.transport() as left, shared.transport() as right:
        threads = [threading.Thread(target=_climb, args=(way, start)) for way, start in ((left, 1), (right, 2))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert shared.serial("race.example") == max(99, 100)
    assert shared.zone_file("race.example") == zone_file("race.example", 100)


def _climb(transport: PipeTransport, start: int) -> None:
    for serial in range(start, 101, 2):
        transport.publish([publication("race.example", serial)], 10)


def test_a_read_only_folder_fails_and_changes_nothing(named: Start) -> None:
    """Stands for a full disk, too: the temporary file comes first."""
    server = named()
    folder = server.directory / "zones"
    with server.transport() as transport:
        _one(transport, publication("a.example", 1))
        folder.rename(server.directory / "aside")
        folder.write_bytes(b"")  # root is not stopped by modes
        outcome = _one(transport, publication("a.example", 2))
        assert (outcome.state, outcome.serial) == (State.FAILED, 1)
        folder.unlink()
        (server.directory / "aside").rename(folder)
        assert _one(transport, publication("a.example", 2)).state is State.IN_SYNC


def test_the_zipapp_runs_alone(shared: RunningNamed, tmp_path: Path) -> None:
    build(tmp_path / "agent")
    build(tmp_path / "again")
    assert (tmp_path / "agent").read_bytes() == (tmp_path / "again").read_bytes()
    argv = [sys.executable, "-I", str(tmp_path / "agent"), "--config", str(shared.directory / "agent.json")]
    transport = PipeTransport(argv)
    try:
        assert transport.hello().running
        assert _in_sync(transport, publication("zipapp.example", 1))
    finally:
        transport.close()


def test_serials_of_many_zones(shared: RunningNamed, pipe: PipeTransport) -> None:
    items = [publication(f"m{number}.example", 1) for number in range(300)]
    assert _in_sync(pipe, *items)
    domains = [f"m{number}.example" for number in range(3000)]
    serials = pipe.serials(domains)
    assert [serials[domain] for domain in domains] == [1] * 300 + [None] * 2700
