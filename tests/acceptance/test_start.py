"""`zonewright up`: what it prints, how it ends, and what it does when it cannot start."""

import os
import re
import shutil
import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.answers import assert_becomes_served, assert_served, serials
from tests.nameservers import TEMPLATES
from tests.stack import ADDRESS, Stack, eventually

Prepared = Callable[..., Stack]


def pasted(output: str) -> str:
    """What a person would paste into a shell: the exports, and the lines to try."""
    exports = re.findall(r"^export \w+=\S+$", output, re.MULTILINE)
    assert len(exports) == 2
    trial = re.search(r"^Try it:\n\n(curl (?:.*\n)+?dig .*)$", output, re.MULTILINE)
    assert trial
    return "\n".join([*exports, trial[1].replace("curl ", "curl --silent --show-error --fail-with-body ", 1)])


def test_first_and_second_start(prepared: Prepared) -> None:
    """The printed lines run as they are; the token is shown once; what was written is there again."""
    stack = prepared()
    stack.start()
    output = stack.output()
    assert stack.token
    assert output.count("vps_") == output.count(stack.token) == 1
    assert f"{stack.url}/api/v1/" in output
    assert all(f"{ADDRESS} port {port}" in output for port in stack.dns)
    assert output.splitlines()[-1] == "ready"
    tried = stack.shell(pasted(output))
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert '"domain":"newdomain.com"' in tried.stdout
    assert re.search(r"^ns1\.\S+ hostmaster\.\S+ \d{10} ", tried.stdout.rpartition("}")[2].strip())

    [zone] = stack.done("GET", "dns-zones/").json()
    many = [stack.zone(f"many{number}.example.com") for number in range(40)]
    assert_becomes_served(stack, *many)
    stack.record(zone, "www", "192.0.2.1", wait=10)
    assert stack.stop(signal.SIGINT) == 0
    assert "Traceback" not in stack.complained + stack.log("control") + stack.log("api")
    assert stack.complained == ""

    with (stack.data / "ns1" / "named.log").open("ab") as log:
        log.write(b"a line of a full log\n" * 600_000)  # named begins a new one as it starts
    stack.start()
    assert (stack.data / "ns1" / "named.log.0").exists()
    asked = [serials(stack, each["domain"]) for each in many]
    assert asked == [[stack.status(each)["serial"]] * 2 for each in many]
    assert "vps_" not in stack.output()
    assert "export" not in stack.output()
    assert stack.output().splitlines()[-1] == "ready"
    assert_served(stack, zone)
    stack.record(zone, "mail", "192.0.2.2", wait=10)
    assert_served(stack, zone)
    assert stack.stop() == 0


@pytest.mark.parametrize("sign", ["up.lock", "ns2/named.conf", "control.sock"])
def test_ends_when_stopped_while_it_starts(prepared: Prepared, sign: str) -> None:
    """At the moment when this file appears; the next start works."""
    stack = prepared()
    stack.launch()
    eventually(lambda: (stack.data / sign).exists() or stack.ended())
    assert stack.stop() == 0
    stack.start()


def test_ends_while_a_request_waits_for_a_frozen_nameserver(stack: Stack) -> None:
    zone = stack.zone("waiting.example.com", wait=10)
    with stack.frozen("ns1"):
        stack.record(zone, "www", "192.0.2.1")
        assert stack.stop() == 0


def test_a_second_up_on_the_folder_touches_nothing(stack: Stack, prepared: Prepared) -> None:
    zone = stack.zone("first.example.com", wait=10)
    before = {path: path.stat().st_mtime_ns for path in stack.data.rglob("*.conf")}
    pids = [stack.child(name) for name in ("ns1", "ns2", "control", "api")]
    second = stack.cli("up", *stack.arguments)
    assert second.returncode == 1
    assert second.stdout == ""
    assert re.fullmatch(rf"zonewright: zonewright runs on \S+ already \(process {stack.pid}\).*\.\n", second.stderr)
    assert {path: path.stat().st_mtime_ns for path in stack.data.rglob("*.conf")} == before
    assert [stack.child(name) for name in ("ns1", "ns2", "control", "api")] == pids
    stack.record(zone, "www", "192.0.2.1", wait=10)
    assert_served(stack, zone)


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["TCP", "UDP"])
def test_a_port_that_is_taken_is_told(prepared: Prepared, kind: socket.SocketKind) -> None:
    stack = prepared()
    taken = stack.port if kind is socket.SOCK_STREAM else stack.dns[1]
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind((ADDRESS, taken))
        if kind is socket.SOCK_STREAM:
            other.listen()
        stack.launch()
        assert stack.wait() == 1
    assert re.fullmatch(rf"zonewright: {ADDRESS} port {taken} is not free: .*\.\n", stack.complained)
    assert "vps_" not in stack.said
    assert not (stack.data / "zonewright.db").exists()  # so the next start is the first, and shows the token


def test_a_nameserver_that_cannot_start_is_told(prepared: Prepared, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "named").write_text("#!/bin/sh\necho 'this named is broken' >&2\nexit 3\n")
    (broken / "named").chmod(0o755)
    stack = prepared(environment={"PATH": f"{broken}:{os.environ['PATH']}"})
    stack.launch()
    assert stack.wait() == 1
    assert "ready" not in stack.said
    assert re.search(r"^zonewright: ns1 ended \d times .*this named is broken$", stack.complained, re.MULTILINE)
    assert "Traceback" not in stack.complained


def test_a_nameserver_tells_its_own_reason(prepared: Prepared, tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    with (templates / "named.conf.j2").open("a") as stream:
        stream.write("nonsense yes;\n")
    stack = prepared(environment={"ZONEWRIGHT_TEMPLATES": str(templates)})
    stack.launch()
    assert stack.wait() == 1
    assert re.search(
        r"^zonewright: ns\d ended .*start.log ends with: .*unknown option 'nonsense'$", stack.complained, re.M
    )


def test_a_port_that_is_taken_later_stops_nothing_else(stack: Stack) -> None:
    """Between the death of a nameserver and its next start somebody else takes its port."""
    zone = stack.zone("goes-on.example.com", wait=10)
    other_nameserver = stack.running("ns2")
    stack.signal(signal.SIGSTOP)
    stack.shoot("ns1")
    with ExitStack() as taking:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            other = taking.enter_context(socket.socket(socket.AF_INET, kind))
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            eventually(lambda other=other: taken(other, stack.dns[0]))  # type: ignore[misc]
            if kind is socket.SOCK_STREAM:
                other.listen()
        stack.signal(signal.SIGCONT)
        said = rf"ns1 could not be started and is started again\. {ADDRESS} port {stack.dns[0]} is not free: "
        eventually(lambda: re.search(said, stack.errors()))
        assert serials(stack, zone["domain"])[1] == stack.status(zone)["serial"]
    eventually(lambda: serials(stack, zone["domain"])[0], what="ns1 does not come back")
    assert stack.child("ns2") == other_nameserver
    assert stack.ended() is None


def taken(own: socket.socket, port: int) -> bool:
    """Take the port, if what had it has let go of it."""
    try:
        own.bind((ADDRESS, port))
    except OSError:
        return False
    return True
