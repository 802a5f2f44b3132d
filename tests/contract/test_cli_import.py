"""`zonewright zone import` and `zonewright zone export`: always a plan first, whole or not at all."""

import io
import json
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient

from tests.contract.forms import FILE, ZONES
from tests.contract.test_cli import Run, call
from tests.contract.test_dry_run import everything
from tests.contract.test_import import RECORDS, said
from tests.installation import ALICE

if TYPE_CHECKING:
    from tests.installation import Installation

__all__ = ["call"]


@pytest.fixture
def run(call: Run, installation: "Installation") -> Run:
    """The program on this installation."""
    where = ("--data", str(installation.settings.data), "--database-url", installation.settings.database_url)

    def runner(*arguments: str) -> Any:
        return call("zone", *arguments, *where)

    return runner


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "db.example.com"
    path.write_bytes(FILE + RECORDS)
    return path


def domains(client: FlaskClient) -> list[str]:
    return [each["domain"] for each in client.get(ZONES).get_json()]


BY = ("--account", ALICE, "--wait", "0")


def test_plan_is_shown_before_anything_is_done(
    installation: "Installation", run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(installation)
    out = run("import", str(file), "--dry-run", *BY).done
    assert out.splitlines()[:2] == [
        "ZONE         MODE    ADDED  CHANGED  REMOVED  UNCHANGED",
        "example.com  create  4      0        0        0",
    ]
    assert "example.com: The NS records of example.com (ns.other.test) are replaced by ours" in out
    assert everything(installation) == before
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert run("import", str(file), *BY).code == 130  # nobody says yes
    assert everything(installation) == before


def test_file_is_imported_and_exported(alice: FlaskClient, run: Run, file: Path) -> None:
    assert "example.com: imported, 4 records\n" in run("import", str(file), "--yes", *BY).done
    assert domains(alice) == ["example.com"]
    content = run("export", "example.com").done
    assert "\nwww 300 IN A 192.0.2.1\n" in content
    file.write_text(content)
    again = run("import", str(file), "--mode", "replace", "--yes", *BY).done
    assert "example.com: nothing to change\n" in again
    assert "SOA" not in again


def test_changes_and_removals_are_named(run: Run, file: Path) -> None:
    run("import", str(file), "--yes", *BY)
    file.write_bytes(FILE + b"www 60 A 192.0.2.1\n")
    out = run("import", str(file), "--mode", "replace", "--dry-run", *BY).done
    assert "  example.com ~ www 300 A 192.0.2.1, TTL 60\n" in out
    assert "  example.com - www 300 A 192.0.2.2\n" in out


def test_one_that_is_refused_stops_all(alice: FlaskClient, run: Run, file: Path) -> None:
    bad = file.with_name("db.example.net")
    bad.write_bytes(FILE + b"www A 1\n")
    result = run("import", str(file), str(bad), "--yes", *BY)
    assert (result.code, result.err) == (1, "Nothing was imported: 1 of 2 zones refused.\n")
    assert f"{bad} is refused: Line 3: " in result.out
    assert domains(alice) == []
    result = run("import", str(file), str(bad), "--yes", "--skip-refused", *BY)
    assert (result.code, domains(alice)) == (0, ["example.com"])


def test_folder(alice: FlaskClient, run: Run, file: Path) -> None:
    """Its zone files; what has no SOA is told."""
    file.with_name("b.test.zone").write_bytes(FILE)
    file.with_name("README").write_text("words")
    file.with_name(".hidden").write_bytes(FILE)
    folder = file.parent / "zones"
    folder.mkdir()
    for path in (file, file.with_name("b.test.zone"), file.with_name("README"), file.with_name(".hidden")):
        path.rename(folder / path.name)
    result = run("import", str(folder), "--yes", *BY)
    assert result.code == 0, result.err
    assert result.err == f"{folder}/README is left alone: it has no SOA record.\n"
    assert sorted(domains(alice)) == ["b.test", "example.com"]


def test_archive_of_all_zones_goes_round(alice: FlaskClient, run: Run, file: Path, tmp_path: Path) -> None:
    run("import", str(file), "--yes", *BY)
    file.write_bytes(FILE)
    run("import", str(file), "--domain", "b.test", "--yes", *BY)
    archive = tmp_path / "all.tar"
    assert run("export", "--all", "--to", str(archive)).done == f"2 zones exported to {archive}.\n"
    first = archive.read_bytes()
    with tarfile.open(archive) as opened:
        assert opened.getnames() == ["b.test.zone", "example.com.zone"]
    zones = {each["domain"]: said(alice, each) for each in alice.get(ZONES).get_json()}
    out = run("import", str(archive), "--mode", "replace", "--yes", *BY).done
    assert out.count("nothing to change") == 2
    for each in alice.get(ZONES).get_json():
        alice.delete(f"{ZONES}{each['uuid']}/")
    assert run("import", str(archive), "--yes", *BY).code == 0
    assert {each["domain"]: said(alice, each) for each in alice.get(ZONES).get_json()} == zones
    run("export", "--all", "--to", str(archive))
    assert len(archive.read_bytes()) == len(first)


def test_export_to_a_folder_tells_what_it_cannot_hold(run: Run, file: Path, tmp_path: Path) -> None:
    file.write_bytes(FILE + b'h 60 HINFO "a" "b"\n')
    run("import", str(file), "--yes", *BY)
    result = run("export", "example.com", "--to", str(tmp_path / "out"), "--format", "octodns")
    assert result.code == 0
    assert 'example.com: h HINFO "a" "b": octoDNS has no form for it.\n' in result.err
    assert (tmp_path / "out" / "example.com.yaml").is_file()


def test_much_is_removed_only_when_that_is_confirmed(run: Run, file: Path) -> None:
    file.write_bytes(FILE + b"$GENERATE 1-20 a$ 60 A 192.0.2.$\n")
    run("import", str(file), "--yes", *BY)
    file.write_bytes(FILE)
    options = ("import", str(file), "--mode", "replace", "--yes", *BY)
    result = run(*options)
    assert result.code == 1
    assert (
        "removes 20 of the 20 records of example.com; if that is meant, say so with --confirm-removals." in result.out
    )
    assert "imported, 0 records" in run(*options, "--confirm-removals").done


def test_include_is_followed_below_the_given_folder_only(run: Run, file: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "more").write_bytes(b"m 60 A 192.0.2.9\n")
    (root / "out").symlink_to("/etc/passwd")
    for name, refused in (("more", False), ("/etc/passwd", True), ("../db.example.com", True), ("out", True)):
        file.write_bytes(FILE + f"$INCLUDE {name}\n".encode())
        result = run("import", str(file), "--dry-run", "--include-root", str(root), *BY)
        assert (result.code == 1) == refused, result.out
        assert ("is no file below" in result.out) == refused
        assert "root:" not in result.out + result.err
    (root / "more").write_bytes(b"$INCLUDE /etc/passwd\n")
    file.write_bytes(FILE + b"$INCLUDE more\n")
    assert "is no file below" in run("import", str(file), "--dry-run", "--include-root", str(root), *BY).out


def test_zones_of_a_named_conf(alice: FlaskClient, run: Run, file: Path) -> None:
    """Its primary zones, through its includes; what is no zone of anybody's is left alone."""
    conf, more = file.with_name("named.conf"), file.with_name("more.conf")
    conf.write_text(
        f'options {{ directory "{file.parent}"; }};\ninclude "{more}";\n'
        'zone "." { type hint; file "root.hints"; };\nzone "localhost" { type master; file "db.local"; };\n'
        'zone "s.test" { type slave; masters { 192.0.2.1; }; file "s"; };\n'
    )
    more.write_text(f'zone "Example.com" IN {{ type master; file "{file.name}"; allow-transfer {{ any; }}; }};\n')
    result = run("import", "--named-conf", str(conf), "--yes", *BY)
    assert result.code == 0, result.out + result.err
    left_alone = result.err.rpartition(": ")[2].removesuffix(".\n").split(", ")
    assert sorted(left_alone) == [".", "localhost", "s.test"]
    assert domains(alice) == ["example.com"]


def test_plan_as_json(run: Run, file: Path) -> None:
    (described,) = json.loads(run("import", str(file), "--dry-run", "--json", *BY).done)
    assert (described["domain"], described["refusal"], described["plan"]["added"]) == ("example.com", None, 4)


def test_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(FILE)))
    assert "imported, 0 records" in run("import", "-", "--domain", "example.com", "--yes", *BY).done


@pytest.mark.parametrize(
    "arguments",
    [
        ("import",),
        ("import", "--axfr", "192.0.2.1"),
        ("import", "a", "b", "--domain", "c"),
        ("import", "a", "--named-conf", "/dev/null"),
        ("import", "--axfr", "192.0.2.1", "--powerdns", "http://192.0.2.1"),
        ("export",),
        ("export", "--all"),
        ("export", "a", "b"),
        ("export", "a", "--all", "--to", "b"),
    ],
)
def test_wrong_usage(run: Run, arguments: tuple[str, ...]) -> None:
    run(*arguments).usage  # noqa: B018  it looks


@pytest.mark.parametrize("place", ["x.tar", "x"])
def test_export_to_where_nothing_can_be_written(run: Run, file: Path, place: str) -> None:
    run("import", str(file), "--yes", *BY).done  # noqa: B018  it looks
    to = file / place
    result = run("export", "example.com", "--to", str(to))
    assert (result.code, result.err) == (1, f"zonewright: {to} cannot be written: Not a directory.\n")


def test_archive_that_is_not_there(run: Run) -> None:
    result = run("import", "/nowhere/x.tar", "--yes", *BY)
    assert (result.code, result.err) == (1, "zonewright: /nowhere/x.tar cannot be read: No such file or directory.\n")


def test_zones_within_each_other(alice: FlaskClient, run: Run, file: Path) -> None:
    """The dry run is refused as the run itself is; --skip-refused takes the other."""
    child = file.with_name("db.www.example.com")
    child.write_bytes(FILE)
    for way in ("--dry-run", "--yes"):
        result = run("import", str(file), str(child), way, *BY)
        assert (result.code, domains(alice)) == (1, [])
        assert "www.example.com lies in the zone www.example.com" in result.out
    assert run("import", str(file), str(child), "--yes", "--skip-refused", *BY).code == 0
    assert domains(alice) == ["www.example.com"]


def test_file_that_is_not_there(run: Run) -> None:
    result = run("import", "/nowhere/example.com", "--yes", *BY)
    assert (result.code, result.out) == (
        1,
        "/nowhere/example.com is refused: It cannot be read: No such file or directory.\n",
    )
