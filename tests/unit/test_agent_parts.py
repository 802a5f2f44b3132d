"""The agent's small parts, without a named."""

import hashlib
import io
import json
import os
from pathlib import Path

import pytest

from nameserver.agent import batch, frames, isccc, waiting
from nameserver.agent.ask import Answers
from nameserver.agent.config import load
from nameserver.agent.errors import AgentError, BadRequest, Busy, FencedOut, NamedTrouble
from nameserver.agent.files import ZoneFiles
from nameserver.agent.names import parse
from nameserver.agent.refusals import Refusals
from nameserver.agent.server import Agent
from nameserver.agent.state import Fence, lock
from nameserver.agent.waiting import Awaited, End, Wait
from nameserver.agent.zonelist import ZoneList
from nameserver.serial import newer

_DOMAIN = parse("a.example")
_CONTENT = b"; a.example serial 7\n"
_DIGEST = "d7b9a4e1"


def test_a_frame_comes_back() -> None:
    stream = io.BytesIO(frames.pack({"op": "x", "ä": 1}, b"body") + frames.pack({}))
    header, body = frames.read(stream) or (b"", b"")
    assert (frames.parse_header(header), body) == ({"op": "x", "ä": 1}, b"body")
    assert frames.read(stream) == (b"{}", b"")
    assert frames.read(stream) is None


@pytest.mark.parametrize("data", [b"\0", b"\0\0\0\2\0\0\0\0{", b"\0\0\0\0\0\0\0\1", b"\xff" * 8])
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(BadRequest):
        frames.read(io.BytesIO(data))


def test_signed_tables() -> None:
    table: isccc.Table = {"_ctrl": {"_ser": "1"}, "_data": {"type": "status"}}
    message = isccc.sign(table, b"key")
    assert isccc.verify(message, b"key") == table
    for forged in (message[:-1], message[:-1] + b"x", b"", b"\5", message[:40]):
        with pytest.raises(NamedTrouble):
            isccc.verify(forged, b"key")
    with pytest.raises(NamedTrouble):
        isccc.verify(message, b"another key")


def test_the_fence_only_rises_and_outlives_the_agent(tmp_path: Path) -> None:
    Fence(tmp_path).admit(5)
    Fence(tmp_path).admit(5)
    with pytest.raises(FencedOut):
        Fence(tmp_path).admit(4)
    for wrong in (None, "6", True, -1):
        with pytest.raises(BadRequest):
            Fence(tmp_path).admit(wrong)
    assert Fence(tmp_path).highest() == 5


def test_the_lock_is_for_one(tmp_path: Path) -> None:
    with lock(tmp_path), pytest.raises(Busy), lock(tmp_path, patience=0.02):
        pass
    with lock(tmp_path, patience=0):
        pass


def test_the_list_follows_and_compacts(tmp_path: Path) -> None:
    zones = ZoneList(tmp_path)
    zones.added(["a", "b", "c"])
    zones.removed({"b": 7, "c": 8})
    zones.added(["c", "d"])
    with (tmp_path / "zones.list").open("a") as stream:
        stream.write("+cut of")
    assert zones.names() == {"a", "c", "d"}
    zones.compact()
    assert (tmp_path / "zones.list").read_text() == "+a\n+c\n+d\n-b 7\n"
    assert ZoneList(tmp_path).gone() == {"b": 7}
    assert ZoneList(tmp_path).names() == {"a", "c", "d"}


def _put(files: ZoneFiles, content: bytes, keep: bool = False) -> None:
    files.put(files.write(_DOMAIN, content, hashlib.sha256(content).hexdigest()), keep)


def test_each_file_is_newer_than_the_one_it_replaces(tmp_path: Path) -> None:
    files, ages = ZoneFiles(tmp_path), []
    for _ in range(200):
        _put(files, _CONTENT)
        ages.append(files.path(_DOMAIN).stat().st_mtime_ns)
    assert ages == sorted(set(ages))
    os.utime(files.path(_DOMAIN), ns=(2**62, 2**62))
    _put(files, _CONTENT)
    assert files.path(_DOMAIN).stat().st_mtime_ns > 2**62


def test_the_last_good_file_is_put_back_and_newer(tmp_path: Path) -> None:
    files = ZoneFiles(tmp_path)
    assert not files.put_back(_DOMAIN)
    _put(files, b"good")
    _put(files, b"bad", keep=True)
    before = files.path(_DOMAIN).stat().st_mtime_ns
    assert files.put_back(_DOMAIN)
    assert files.path(_DOMAIN).read_bytes() == b"good"
    assert files.path(_DOMAIN).stat().st_mtime_ns > before
    assert len(list(tmp_path.iterdir())) == 1


def test_a_wrong_digest_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(AgentError):
        ZoneFiles(tmp_path).write(_DOMAIN, _CONTENT, _DIGEST)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a loss of power it is the old or the new one: content, then name, then the folder that has the name."""
    files, done = ZoneFiles(tmp_path), []
    monkeypatch.setattr(os, "fsync", lambda number: done.append(str(Path(f"/proc/self/fd/{number}").readlink())))
    written = files.write(_DOMAIN, _CONTENT, hashlib.sha256(_CONTENT).hexdigest())
    assert done == [str(written.path)]
    files.put(written, keep=False)
    files.sync()
    assert done == [str(written.path), str(tmp_path)]


def test_what_a_killed_agent_left_is_removed(tmp_path: Path) -> None:
    """Its own temporary files, never a zone's file nor the last good one beside it."""
    zones, named_conf = tmp_path / "zones", tmp_path / "named.conf"
    zones.mkdir()
    for name in (".a.example.zone.4711.new", "a.example.zone", "a.example.zone.last"):
        (zones / name).touch()
    places = {"directory": str(tmp_path), "named_conf": str(named_conf), "state": str(tmp_path)}
    ports = {"rndc": {"port": 1, "key_file": "none"}, "dns": {"address": "192.0.2.1", "port": 1}, "statistics_port": 1}
    (tmp_path / "agent.json").write_text(json.dumps(places | ports))
    Agent(load(tmp_path / "agent.json"))
    assert sorted(path.name for path in zones.iterdir()) == ["a.example.zone", "a.example.zone.last"]


def test_what_a_running_load_swallowed_is_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """named says "queued" and does nothing: it answers the old serial until it is told once more."""
    told: list[str] = []
    monkeypatch.setattr(waiting, "_LEAST", 1.0)
    monkeypatch.setattr(waiting, "ask", lambda *_: Answers({"a.example": 8 if told else 7}))
    one = Awaited(_DOMAIN, 8)
    Wait(("192.0.2.1", 53), Refusals(tmp_path), lambda domain: told.append(domain.text)).run([one], 0)
    assert (one.end, one.answered, told) == (End.SERVED, 8, ["a.example"])


def test_the_serial_of_a_file_is_in_its_first_line(tmp_path: Path) -> None:
    files = ZoneFiles(tmp_path)
    assert files.serial(_DOMAIN) is None
    _put(files, _CONTENT)
    assert files.serial(_DOMAIN) == 7
    _put(files, b"; a.example serial 99999999999999\n")
    assert files.serial(_DOMAIN) is None


def test_the_agents_serial_arithmetic_is_the_control_planes() -> None:
    numbers = [0, 1, 5, 2**31 - 1, 2**31, 2**31 + 1, 2**32 - 1]
    assert all(batch.newer(a, b) == newer(a, b) for a in numbers for b in numbers)


_LOG = b"""\
2026 general: warning: zones/a.example.zone:3: ignoring out-of-zone data (b.example)
2026 general: error: dns_master_load: zones/a.example.zone:234: x.a.example: too many records
2026 zoneload: error: zone a.example/IN: loading from master file zones/a.example.zone failed: too many records
2026 zoneload: error: zone b.example/IN: loading from master file zones/b.example.zone failed: file not found
"""


def test_reasons_are_read_from_the_log_from_now_on(tmp_path: Path) -> None:
    log = tmp_path / "problems.log"
    log.write_bytes(_LOG.replace(b"a.example", b"old.example"))
    refusals = Refusals(tmp_path)
    with log.open("ab") as stream:
        stream.write(_LOG[:-20])
    refusals.read()
    assert refusals.reason(_DOMAIN) == "line 234: x.a.example: too many records"
    assert refusals.reason(parse("b.example")) is None
    with log.open("ab") as stream:
        stream.write(_LOG[-20:])
    refusals.read()
    assert refusals.reason(parse("b.example")) == "file not found"
    assert refusals.reason(parse("old.example")) is None


def test_a_reason_names_no_path_of_the_server(tmp_path: Path) -> None:
    (tmp_path / "problems.log").touch()
    refusals = Refusals(tmp_path)
    begun = "2026 zoneload: error: zone a.example/IN: loading from master file zones/a.example.zone failed: "
    (tmp_path / "problems.log").write_text(f"{begun}/srv/ns1/zones/a.example.zone:3: no\n")
    refusals.read()
    assert refusals.reason(_DOMAIN) == "the zone file: no"


def test_a_log_that_was_rolled_over_is_followed(tmp_path: Path) -> None:
    log = tmp_path / "problems.log"
    log.write_bytes(b"x" * 5000)
    refusals = Refusals(tmp_path)
    log.rename(tmp_path / "problems.log.0")
    log.write_bytes(_LOG)
    refusals.read()
    assert refusals.reason(_DOMAIN)
