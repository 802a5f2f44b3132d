"""An embedded named: prepared by an ordinary user, asked from this machine."""

import stat
import subprocess
from pathlib import Path

import pytest

from nameserver import probe
from nameserver.embedded import free_ports, prepare, prepare_again
from nameserver.render import Renderer
from tests.nameservers import ADDRESS, TEMPLATES, RunningNamed, installed, publication, zone_file

pytestmark = pytest.mark.skipif(not installed(), reason="BIND is not installed")


def test_the_folder_is_private_and_the_key_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "ns1"
    first = prepare(folder, "ns1", ADDRESS, 5300, Renderer(TEMPLATES))
    key = (folder / "rndc.key").read_bytes()
    second = prepare(folder, "ns1", ADDRESS, 5300, Renderer(TEMPLATES))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "rndc.key").stat().st_mode) == 0o600
    assert (folder / "rndc.key").read_bytes() == key
    assert first.target.rndc_port != second.target.rndc_port
    subprocess.run(["/usr/bin/env", "named-checkconf", str(folder / "named.conf")], check=True)


@pytest.mark.parametrize("damage", [b"", None])
def test_what_was_edited_or_lost_is_made_anew(tmp_path: Path, damage: bytes | None) -> None:
    """With the ports that it had; what is as it should be is not written, as a full disk could not take it."""
    target = prepare(tmp_path / "ns1", "ns1", ADDRESS, 5300, Renderer(TEMPLATES)).target
    files = [tmp_path / "ns1" / name for name in ("named.conf", "agent.json", "rndc.key")]
    before = [(file.read_bytes(), file.stat().st_mtime_ns) for file in files]
    prepare_again(target, Renderer(TEMPLATES))
    assert [(file.read_bytes(), file.stat().st_mtime_ns) for file in files] == before
    for file in files:
        file.unlink() if damage is None else file.write_bytes(damage)
    prepare_again(target, Renderer(TEMPLATES))
    assert [file.read_bytes() for file in files[:2]] == [content for content, _ in before[:2]]
    assert stat.S_IMODE(files[2].stat().st_mode) == 0o600
    subprocess.run(["/usr/bin/env", "named-checkconf", str(files[0])], check=True)


def test_an_apparmor_machine_gets_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flag = tmp_path / "enabled"
    flag.write_text("Y\n")
    monkeypatch.setattr("nameserver.embedded._APPARMOR", flag)
    embedded = prepare(tmp_path / "ns1", "ns1", ADDRESS, 5300, Renderer(TEMPLATES))
    assert embedded.named_argv[0] == str(tmp_path / "ns1" / "named")
    subprocess.run([embedded.named_argv[0], "-v"], check=True, capture_output=True)


def test_the_agent_runs_from_any_folder(shared: RunningNamed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nameserver").mkdir()
    (tmp_path / "nameserver" / "__init__.py").write_text("raise SystemExit('the wrong one')")
    monkeypatch.chdir(tmp_path)
    with shared.transport() as transport:
        assert transport.hello().running


def test_the_probe_tells_not_served_from_silent(shared: RunningNamed) -> None:
    with shared.transport() as transport:
        transport.publish([publication("probe.example", 4, zone_file("probe.example", 4))], 1)
    asked = ["probe.example", "nobody.example", "www.probe.example"]
    assert probe.ask(ADDRESS, shared.port, asked) == {
        "probe.example": 4,
        "nobody.example": None,
        "www.probe.example": None,
    }
    with shared.frozen():
        silent = probe.survey(ADDRESS, shared.port, asked, timeout=0.1)
    assert (silent.reachable, silent.silent) == (False, set(asked))


def test_the_probe_raises_nothing_of_the_network() -> None:
    [closed] = free_ports(1)
    assert probe.ask(ADDRESS, closed, ["a.example"], timeout=0.1) == {"a.example": None}
    assert probe.ask("::1", closed, ["a.example"], timeout=0.1) == {"a.example": None}
    assert probe.ask("not an address", closed, ["a.example"], timeout=0.1) == {"a.example": None}
    assert not probe.survey(ADDRESS, closed, ["a.example"], timeout=0.1).reachable
