"""The drills: the database is destroyed and restored from a backup, or rebuilt from a nameserver's files."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nameserver.serial import newer
from tests.acceptance.answers import assert_becomes_served, serials
from tests.acceptance.test_restored import FILES
from tests.stack import Stack, eventually

OF_ALL_KINDS = (
    {"record_type": "A", "name": "@", "value": "192.0.2.1"},
    {"record_type": "A", "name": "*.wild", "value": "192.0.2.2", "ttl": 7},
    {"record_type": "MX", "name": "@", "value": "mail.example.net", "priority": 10},
    {"record_type": "TXT", "name": "@", "value": 'v=spf1 "quoted" \\ back; $ORIGIN (x) é' + "y" * 300},
    {"record_type": "TXT", "name": "_two", "value": '"two" "strings"'},
    {"record_type": "SRV", "name": "_sip._tcp", "value": "5 5060 sip.example.net", "priority": 1},
    {"record_type": "CAA", "name": "@", "value": '0 issue "ca.example.net"'},
    {"record_type": "HTTPS", "name": "www", "value": '1 . alpn="h2,h3"'},
    {"record_type": "LOC", "name": "@", "value": "52 22 23.000 N 4 53 32.000 E -2.29m"},
    {"record_type": "NS", "name": "sub", "value": "ns1.sub.kinds.example.org"},
    {"record_type": "NS", "name": "sub", "value": "ns2.sub.kinds.example.org"},
    {"record_type": "A", "name": "ns1.sub", "value": "192.0.2.3"},
    {"record_type": "A", "name": "ns2.sub", "value": "192.0.2.4"},
    {"record_type": "A", "name": "ns", "value": "192.0.2.5"},
    {"record_type": "NS", "name": "@", "value": "ns.kinds.example.org", "ttl": 99},
)


def destroy_database(stack: Stack) -> None:
    """Nothing is left of it."""
    for name in FILES:
        (stack.data / name).unlink(missing_ok=True)


@contextmanager
def writers(stack: Stack, zones: list[dict]) -> Iterator[list[dict]]:
    """A writer for each zone, through the API, as long as the block runs; what was acknowledged."""
    end, done = threading.Event(), []

    def write(zone: dict) -> None:
        own = Stack(stack.data, [stack.port, *stack.dns])
        own.token, number = stack.token, 0
        while not end.is_set():
            done.append(own.record(zone, f"w{number}", "192.0.2.9"))
            number += 1

    threads = [threading.Thread(target=write, args=(zone,)) for zone in zones]
    for thread in threads:
        thread.start()
    try:
        yield done
    finally:
        end.set()
        for thread in threads:
            thread.join()


def test_restore_drill(stack: Stack, tmp_path: Path) -> None:
    """Backed up while two write; then more is changed, the database is lost, and the backup restored."""
    file = tmp_path / "backup"
    one, two, deleted = (stack.zone(f"{name}.example.org") for name in ("one", "two", "deleted"))
    with writers(stack, [one, two]) as done:
        eventually(lambda: len(done) > 10)
        already = [each["uuid"] for each in list(done)]
        made = stack.cli("backup", str(file))
        assert made.returncode == 0, made.stderr
        count = len(done)
        eventually(lambda: len(done) > count + 10)
    assert file.stat().st_mode & 0o777 == 0o600
    assert stack.cli("backup", str(file)).returncode == 1
    assert "is whole" in stack.cli("backup", "--verify", str(file)).stdout
    assert "in use" in stack.cli("restore", str(file), "--replace").stderr
    stack.done("DELETE", f"dns-zones/{deleted['uuid']}/")
    stray = stack.zone("stray.example.org", wait=10)
    eventually(lambda: serials(stack, deleted["domain"]) == [None, None])
    assert_becomes_served(stack, one, two)
    before = {zone["domain"]: serials(stack, zone["domain"]) for zone in (one, two, stray)}
    stack.stop()
    destroy_database(stack)

    restored = stack.cli("restore", str(file))
    assert restored.returncode == 0, restored.stderr
    stack.start()
    assert {zone["domain"] for zone in stack.done("GET", "dns-zones/").json()} == {
        zone["domain"] for zone in (one, two, deleted)
    }
    assert_becomes_served(stack, one, two, deleted)
    for zone in (one, two):
        records = {each["uuid"] for each in stack.done("GET", f"dns-zones/{zone['uuid']}/records/").json()}
        assert records <= {each["uuid"] for each in done}
        for was, now in zip(before[zone["domain"]], serials(stack, zone["domain"]), strict=True):
            assert was is not None
            assert now is not None
            assert newer(now, was)
    kept = {
        each["uuid"] for zone in (one, two) for each in stack.done("GET", f"dns-zones/{zone['uuid']}/records/").json()
    }
    assert set(already) <= kept
    assert serials(stack, stray["domain"]) == before[stray["domain"]]
    stack.record(one, "after", "192.0.2.7", wait=20)
    # The zone that the backup does not know is taken in from what is served.
    taken = stack.cli("rebuild", "--from", "ns2")
    assert "4 zones are there, 3 of them in the database already.\n1 are taken" in taken.stdout
    found = next(zone for zone in stack.done("GET", "dns-zones/").json() if zone["domain"] == stray["domain"])
    stack.record(found, "again", "192.0.2.8", wait=20)


def test_rebuild_drill(stack: Stack) -> None:
    """The database is gone and there is no backup: everything comes from ns1's files, and nothing served changes."""
    zones = [stack.zone(domain) for domain in ("kinds.example.org", "other.example.net", "2.0.192.in-addr.arpa")]
    kinds = zones[0]
    for body in OF_ALL_KINDS[-2:] + OF_ALL_KINDS[:-2]:
        stack.done("POST", f"dns-zones/{kinds['uuid']}/records/", body)
    stack.record(zones[2], "1", "host.example.org", kind="PTR")
    _in_sync(stack, *zones)
    stack.stop()
    stack.start()  # each start raises the fence; the agents keep the one that a write comes with
    stack.record(zones[1], "www", "192.0.2.6", wait=20)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in stack.data.glob("ns?/zones/*.zone")}
    answers = _answers(stack, kinds)
    assert len(before) == 6
    stack.stop()
    destroy_database(stack)

    stack.start()
    rebuilt = stack.cli("rebuild", "--from", "ns1")
    assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr
    assert f"3 are taken, with {len(OF_ALL_KINDS) + 2} records.\n3 of these are served exactly" in rebuilt.stdout
    assert stack.cli("publish").returncode == 0
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before} == before
    found = {zone["domain"]: zone for zone in stack.done("GET", "dns-zones/").json()}
    _in_sync(stack, *found.values())
    assert _answers(stack, found["kinds.example.org"]) == answers
    stack.record(found["kinds.example.org"], "after", "192.0.2.7", wait=20)


def _in_sync(stack: Stack, *zones: dict) -> None:
    for zone in zones:
        eventually(lambda zone=zone: stack.status(zone)["state"] == "in_sync")


def _answers(stack: Stack, zone: dict) -> list[str]:
    """The zone's records as the API answers them, without what is new with each life."""
    records = stack.done("GET", f"dns-zones/{zone['uuid']}/records/").json()
    return sorted(json.dumps({key: each[key] for key in each if key not in ("uuid", "created_at")}) for each in records)
