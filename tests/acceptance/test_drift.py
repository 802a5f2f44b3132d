"""Somebody changes a nameserver by hand: it is found, told and mended; what cannot be asked is called unknown."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nameserver.agent.rndc import Rndc
from tests.acceptance.answers import ask, assert_becomes_served, serial
from tests.stack import Stack, eventually, running

Json = dict[str, Any]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One that compares everything each second; every test leaves it mended."""
    often = {"ZONEWRIGHT_SWEEP_SECONDS": "1", "ZONEWRIGHT_CONTENT_SECONDS": "1"}
    with running(tmp_path_factory.mktemp("swept") / "data", often) as stack:
        yield stack


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One whose next sweep is far away: what is found is found by the command."""
    with running(tmp_path_factory.mktemp("asked") / "data") as stack:
        yield stack


def zone_with(stack: Stack, domain: str) -> Json:
    """A zone with one record, in sync everywhere."""
    zone = stack.zone(domain)
    stack.record(zone, "www", "192.0.2.1")
    eventually(lambda: stack.status(zone)["state"] == "in_sync", 60)  # ns1 may have been killed a moment ago
    return zone


def edit(stack: Stack, zone: Mapping[str, Any], old: str = "192.0.2.1", new: str = "192.0.2.66") -> Path:
    """Change the zone's file on ns1 by hand."""
    path = stack.data / "ns1" / "zones" / f"{zone['domain']}.zone"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


def rndc(stack: Stack, command: str) -> None:
    """One command to ns1's named, as somebody would give it by hand."""
    config = json.loads((stack.data / "ns1" / "agent.json").read_text())["rndc"]
    control = Rndc(config["port"], Path(config["key_file"]))
    try:
        assert control.call(command).error is None
    finally:
        control.close()


@contextmanager
def unwatched(stack: Stack) -> Iterator[None]:
    """Nobody sees one of several steps: the control plane stands still, and the next one begins its sweep anew."""
    with stack.frozen("control"):
        yield
        stack.kill("control")


def told(stack: Stack, domain: str) -> list[Json]:
    """What `drift --log` tells of a zone."""
    found: list[Json] = json.loads(stack.cli("drift", "--log", domain, "--json").stdout)
    return found


def mended(stack: Stack, domain: str) -> Json:
    """The one difference of a zone, as soon as it is told and mended."""
    [found] = eventually(lambda: [each for each in told(stack, domain) if each["mended"]])
    return found


def test_an_edited_and_loaded_file(stack: Stack) -> None:
    zone = zone_with(stack, "loaded.example.org")
    with unwatched(stack):
        path = edit(stack, zone)
        rndc(stack, f'reload "{zone["domain"]}"')
    found = mended(stack, zone["domain"])
    assert (found["nameserver"], found["kind"]) == ("ns1", "content")
    assert found["only_there"] == ["www.loaded.example.org. 3600 A 192.0.2.66"]
    assert found["only_here"] == ["www.loaded.example.org. 3600 A 192.0.2.1"]
    assert_becomes_served(stack, zone)
    assert "192.0.2.66" not in path.read_text()
    assert f"ns1: {zone['domain']}: drift: It serves other records" in stack.log("control")


def test_a_served_edit_whose_file_is_right_again(stack: Stack) -> None:
    """Only the content as served shows it: file and serial are as they should be."""
    zone = zone_with(stack, "hidden.example.org")
    path = stack.data / "ns1" / "zones" / f"{zone['domain']}.zone"
    right = path.read_bytes()
    with unwatched(stack):
        edit(stack, zone)
        rndc(stack, f'reload "{zone["domain"]}"')
        www = f"www.{zone['domain']}"
        eventually(lambda: ask(stack.dns[0], www, "A").rdata == {"c0000242"})  # loaded, before the file is right
        path.write_bytes(right)
    assert mended(stack, zone["domain"])["kind"] == "content"
    assert_becomes_served(stack, zone)


def test_an_edited_file_that_is_not_loaded(stack: Stack) -> None:
    """Mended before the next restart makes it live."""
    zone = zone_with(stack, "disk.example.org")
    path = edit(stack, zone)
    found = mended(stack, zone["domain"])
    assert (found["nameserver"], found["kind"], found["only_there"]) == ("ns1", "file", [])
    assert "192.0.2.66" not in path.read_text()
    stack.kill("ns1")
    assert_becomes_served(stack, zone)


def test_a_zone_with_another_serial(stack: Stack) -> None:
    zone = zone_with(stack, "serial.example.org")
    now = stack.status(zone)["serial"]
    with unwatched(stack):
        edit(stack, zone, str(now), str(now + 5))
        rndc(stack, f'reload "{zone["domain"]}"')
    assert mended(stack, zone["domain"])["kind"] in ("serial", "file")  # found unloaded, it is a file
    assert_becomes_served(stack, zone)
    assert stack.status(zone)["serial"] > now


def test_a_zone_removed_by_hand(stack: Stack) -> None:
    zone = zone_with(stack, "removed.example.org")
    rndc(stack, f'delzone "{zone["domain"]}"')
    assert mended(stack, zone["domain"])["kind"] == "missing"
    assert_becomes_served(stack, zone)


def test_a_zone_added_by_hand_is_told_and_kept(stack: Stack) -> None:
    zone = zone_with(stack, "model.example.org")
    text = (stack.data / "ns1" / "zones" / f"{zone['domain']}.zone").read_text()
    (stack.data / "ns1" / "zones" / "stray.zone").write_text(text.replace("model", "stray"))
    rndc(stack, 'addzone "stray.example.org" { type primary; file "zones/stray.zone"; };')
    [found] = eventually(lambda: told(stack, "stray.example.org"))
    assert (found["nameserver"], found["kind"], found["mended"]) == ("ns1", "stray", None)
    assert stack.cli("drift", "--all").returncode == 1
    assert serial(stack.dns[0], "stray.example.org")
    rndc(stack, 'delzone "stray.example.org"')
    assert mended(stack, "stray.example.org")["how"] == "It is gone from the nameserver."
    assert stack.cli("drift", "--all").returncode == 0


def test_what_cannot_be_asked_is_unknown(stack: Stack) -> None:
    zone = zone_with(stack, "frozen.example.org")
    with stack.frozen("ns1"):
        asked = stack.cli("drift", zone["domain"], "--json")
        eventually(lambda: "unreachable" in stack.cli("nameserver", "list").stdout)
    assert asked.returncode == 2, asked.stderr
    ns1, ns2 = json.loads(asked.stdout)
    assert (ns1["state"], ns1["compared"], ns1["drifts"]) == ("unreachable", None, [])
    assert ns1["reason"]
    assert (ns2["state"], ns2["compared"], ns2["drifts"]) == ("asked", 1, [])
    eventually(lambda: stack.cli("drift", zone["domain"]).returncode == 0)
    assert told(stack, zone["domain"]) == []


def test_a_paused_nameserver_is_unknown_too(quiet: Stack) -> None:
    zone = zone_with(quiet, "paused.example.org")
    quiet.cli("nameserver", "pause", "ns2")
    asked = quiet.cli("drift", zone["domain"])
    quiet.cli("nameserver", "resume", "ns2")
    assert asked.returncode == 2
    assert "ns2 could not be asked, so nothing is known of it: It is paused" in asked.stdout


def test_the_command_tells_and_has_it_mended(quiet: Stack) -> None:
    zone, other = zone_with(quiet, "asked.example.org"), zone_with(quiet, "other.example.org")
    edit(quiet, zone)
    rndc(quiet, f'reload "{zone["domain"]}"')

    looked = eventually(lambda: _differs(quiet, zone["domain"], "--no-repair"))
    assert "ns1: asked.example.org: It serves other records than serial" in looked
    assert "  + www.asked.example.org. 3600 A 192.0.2.66\n  - www.asked.example.org. 3600 A 192.0.2.1" in looked
    assert told(quiet, zone["domain"]) == []
    assert quiet.cli("drift", other["domain"]).returncode == 0

    assert "The control plane mends what differs" in _differs(quiet, "--all", "--deep")
    assert mended(quiet, zone["domain"])["kind"] == "content"
    assert_becomes_served(quiet, zone)
    clean = quiet.cli("drift", "--deep")
    assert clean.returncode == 0, clean.stdout
    assert clean.stderr == ""


def _differs(stack: Stack, *arguments: str) -> str:
    """What `drift` prints when something differs; empty otherwise."""
    done = stack.cli("drift", *arguments)
    assert done.stderr == ""
    return done.stdout if done.returncode == 1 and "It serves other records" in done.stdout else ""


def test_named_with_a_name_of_no_zone(quiet: Stack) -> None:
    refused = quiet.cli("drift", "nowhere.example.org")
    assert refused.returncode == 1
    assert refused.stderr == ("zonewright: There is no zone nowhere.example.org: `zonewright zone list` shows them.\n")
