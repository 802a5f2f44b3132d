"""`zonewright doctor` on a real stack: nothing wrong; then each part is broken, told with a mend, and mended again."""

import json
import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from api.cli.doctor import doctor
from api.doctor import database, nameserver
from api.doctor.finding import Finding, Verdict
from api.doctor.report import report
from nameserver.embedded import agent_argv
from tests.stack import ADDRESS, Stack, eventually, running

_SERIOUS = {"ZONEWRIGHT_NAMESERVERS": "ns1.example.net,ns2.example.net", "ZONEWRIGHT_HOSTMASTER": "dns.example.net"}
BAD = (Verdict.WARN, Verdict.FAIL)
Found = dict[str, list[Finding]]


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A healthy stack with settings as in earnest; each test mends what it broke."""
    with running(tmp_path_factory.mktemp("patient") / "data", _SERIOUS) as stack:
        stack.zone("well.example.org", wait=20)
        yield stack


@pytest.fixture(autouse=True)
def _patient_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    """How slow this machine is just now is no part of these tests."""
    for part in (database, nameserver):
        monkeypatch.setattr(part, "_SLOW", 1e9)


def seen(stack: Stack, data: Path | None = None, api: str | None = None, **environment: str) -> Found:
    """What the doctor finds, by name; a fault or a warning has a sentence and a mend."""
    found: Found = {}
    for each in report(data or stack.data, _SERIOUS | environment, environment.get("ZONEWRIGHT_DATABASE_URL"), api):
        found.setdefault(each.name, []).append(each)
        assert each.sentence.endswith((".", ")")), each
        assert bool(each.mend) == (each.verdict in BAD), each
    return found


def wrong(found: Found) -> dict[str, str]:
    """Names and sentences of what is not ok."""
    return {name: each.sentence for name, several in found.items() for each in several if each.verdict in BAD}


def is_fault(found: Found, name: str) -> bool:
    """Is something of this name broken, not only worth a warning?"""
    return any(each.verdict is Verdict.FAIL for each in found[name])


def test_a_healthy_stack(patient: Stack) -> None:
    environment = _SERIOUS | {"ZONEWRIGHT_DATA": str(patient.data), "ZONEWRIGHT_API": patient.url}
    done = CliRunner().invoke(doctor, ["--strict"], env=environment)
    assert (done.exit_code, done.stderr) == (0, "")
    assert {line.split()[0] for line in done.stdout.splitlines()[:-1]} == {"ok"}
    assert done.stdout.splitlines()[-1].endswith(", warnings 0, faults 0")
    parts = {"agent", "named", "named.conf", "clock", "disk", "port"}
    here = {"data folder", "keys", "settings", "disk", "checkers", "API", "database", "schema", "database integrity"}
    names = {line[6:].split(": ")[0] for line in done.stdout.splitlines()[:-1]}
    assert names == here | {f"{name} {part}" for name in ("ns1", "ns2") for part in parts} | {"control plane", "zones"}
    assert "All 1 zones are in sync" in done.stdout


def test_status_and_json(patient: Stack, tmp_path: Path) -> None:
    """0, 1 for warnings when asked to be strict, 2 for faults; each with what to do."""
    environment = _SERIOUS | {"ZONEWRIGHT_DATA": str(patient.data), "ZONEWRIGHT_CORS_ORIGINS": "*"}
    strict = CliRunner().invoke(doctor, ["--json", "--strict"], env=environment)
    assert strict.exit_code == 1
    [warning] = [each for each in json.loads(strict.stdout) if each["verdict"] not in ("ok", "skip")]
    assert set(warning) == {"verdict", "name", "sentence", "mend"}
    assert (warning["verdict"], warning["name"]) == ("warn", "settings")
    assert CliRunner().invoke(doctor, env=environment).exit_code == 0
    faulty = CliRunner().invoke(doctor, ["--data", str(tmp_path / "missing")])
    assert faulty.exit_code == 2
    assert faulty.stdout.startswith(f"FAIL  data folder: There is no folder {tmp_path}/missing.\n      → ")


def test_nothing_is_made(patient: Stack, tmp_path: Path) -> None:
    before = {path for path in patient.data.rglob("*") if "metrics" not in path.parts}
    assert wrong(seen(patient)) == {}
    assert {path for path in patient.data.rglob("*") if "metrics" not in path.parts} == before
    assert set(wrong(seen(patient, data=tmp_path / "missing"))) == {"data folder"}
    tmp_path.chmod(0o700)
    assert set(wrong(seen(patient, data=tmp_path))) == {"database"}
    assert list(tmp_path.iterdir()) == []


def test_modes(patient: Stack) -> None:
    key = patient.data / "ns1" / "rndc.key"
    for path, mode, name in ((key, 0o644, "keys"), (patient.data, 0o755, "data folder")):
        usual = path.stat().st_mode & 0o777
        path.chmod(mode)
        try:
            told = seen(patient)
        finally:
            path.chmod(usual)
        assert set(wrong(told)) == {name}
        assert "chmod" in str(told[name][0].mend)
        assert is_fault(told, name) == (name == "keys")


@pytest.mark.parametrize(
    ("setting", "value", "fault"),
    [
        ("SWEEP_SECONDS", "often", True),
        ("SWEPE_SECONDS", "300", True),
        ("METRICS_NETWORKS", "0.0.0.0/0", False),
        ("CORS_ORIGINS", "*", False),
        ("NAMESERVERS", "ns1.example.net", False),
    ],
)
def test_settings(patient: Stack, setting: str, value: str, fault: bool) -> None:
    found = seen(patient, **{f"ZONEWRIGHT_{setting}": value})
    assert set(wrong(found)) == {"settings"}
    assert is_fault(found, "settings") == fault


def test_a_full_disk(patient: Stack) -> None:
    told = wrong(seen(patient, ZONEWRIGHT_LEAST_DISK_FREE=str(1 << 60)))
    assert set(told) == {"disk", "ns1 disk", "ns2 disk"}


def test_a_frozen_nameserver_delays_nobody(patient: Stack) -> None:
    with patient.frozen("ns1"):
        found = seen(patient)
        told = wrong(found)
        assert {"ns1 named", "ns1 port"} <= set(told)
        assert not [name for name in told if name.startswith("ns2")]
        assert not is_fault(found, "ns1 clock")
    patient.record(patient.zone("thawed.example.org"), "www", "192.0.2.1")
    settled(patient)


def settled(stack: Stack) -> None:
    """Every zone is in sync again."""
    eventually(lambda: stack.cli("publish").returncode == 0, 60)


def test_the_api_is_another_or_none(patient: Stack) -> None:
    assert set(wrong(seen(patient, api=f"http://{ADDRESS}:1"))) == {"API"}
    assert set(wrong(seen(patient, api="nonsense"))) == {"API"}

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer((ADDRESS, 0), Other) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        told = wrong(seen(patient, api=f"http://{ADDRESS}:{server.server_port}"))
    assert "answers 404" in told["API"]


@contextmanager
def row(stack: Stack, table: str, column: str, change: Callable[[Any], Any], where: str) -> Iterator[None]:
    """A value of the database, changed past the API for as long as the block runs."""
    database = sqlite3.connect(stack.data / "zonewright.db", timeout=20, isolation_level=None)
    try:
        [[old]] = database.execute(f"SELECT {column} FROM {table} WHERE {where}").fetchall()
        database.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", [change(old)])
        yield
        database.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", [old])
    finally:
        database.close()


def test_the_schema_of_another_version(patient: Stack) -> None:
    for revision, words in (("0001", "of an earlier version (0001)"), ("9999", "this one does not know (9999)")):
        with row(patient, "alembic_version", "version_num", lambda _, new=revision: new, "1"):
            told = wrong(seen(patient))
        assert set(told) == {"schema"}
        assert words in told["schema"]


AGENT = """
import sys, time
from nameserver import agent
real, time.time = time.time, lambda: real() + {ahead}
agent.VERSION = {version!r}
from nameserver.agent.__main__ import main
sys.argv = ["agent", "--config", {config!r}]
main()
"""


def other_agent(stack: Stack, ahead: float, version: str) -> Callable[[str], str]:
    """A description of ns1 whose agent's clock or version is another."""
    config = stack.data / "ns1" / "agent.json"
    source = AGENT.format(ahead=ahead, version=version, config=str(config))

    return with_agent([*agent_argv(config)[:2], sys.executable, "-P", "-c", source])


def with_agent(argv: list[str]) -> Callable[[str], str]:
    """A description whose agent is started otherwise."""
    return lambda target: json.dumps(json.loads(target) | {"agent": argv})


@pytest.mark.parametrize(
    ("ahead", "version", "name", "words"),
    [
        (30, "0.1.0", "ns1 clock", "It is 30 s ahead of"),
        (-30, "0.1.0", "ns1 clock", "It is 30 s behind"),
        (0, "0.0.9", "ns1 agent", "Its agent is 0.0.9, this is 0.1.0."),
    ],
)
def test_another_clock_or_agent(patient: Stack, ahead: float, version: str, name: str, words: str) -> None:
    with row(patient, "nameservers", "target", other_agent(patient, ahead, version), "name = 'ns1'"):
        told = wrong(seen(patient))
    assert set(told) == {name}
    assert words in told[name]


def test_a_named_conf_that_is_not_ours(patient: Stack) -> None:
    path = patient.data / "ns1" / "named.conf"
    rendered = path.read_bytes()
    with patient.frozen("control"):  # it would put it back
        path.write_bytes(rendered + b"// by hand\n")
        try:
            found = seen(patient)
        finally:
            path.write_bytes(rendered)
    assert set(wrong(found)) == {"ns1 named.conf"}
    assert is_fault(found, "ns1 named.conf")


def test_a_paused_nameserver_is_left_alone(patient: Stack) -> None:
    with row(patient, "nameservers", "paused", lambda _: 1, "name = 'ns2'"):
        found = seen(patient)
    assert set(wrong(found)) == {"ns2"}
    assert not [name for name in found if name.startswith("ns2 ")]


def test_ssh_without_key_or_pin(patient: Stack, tmp_path: Path) -> None:
    """Nothing is made on the way: a key made now would let nobody in."""
    for content, name in ((None, "ns1 key"), ("x", "ns1 host key")):
        if content:
            (tmp_path / "id").write_text(content)
        argv = ["ssh", "-i", str(tmp_path / "id"), "-o", f"UserKnownHostsFile={tmp_path / 'pins'}", "--", ADDRESS]
        with row(
            patient,
            "nameservers",
            "target",
            lambda old, argv=argv: json.dumps(json.loads(old) | {"agent": argv}),
            "name = 'ns1'",
        ):
            assert name in wrong(seen(patient))
    assert not (tmp_path / "pins").exists()


@pytest.mark.parametrize("state", ["held", "failed"])
def test_held_and_failed_zones(patient: Stack, state: str) -> None:
    values = f"state = '{state}', error = 'because', due_at = '2099-01-01 00:00:00'"
    execute(patient.data, f"UPDATE publications SET {values} WHERE domain = 'well.example.org'")
    found = seen(patient)
    assert wrong(found) == {"zones": f"1 {state}: well.example.org (because)."}
    assert "zonewright publish well.example.org" in str(found["zones"][0].mend)
    settled(patient)


def execute(data: Path, statement: str) -> None:
    """One statement, past everything of ours."""
    database = sqlite3.connect(data / "zonewright.db", timeout=20, isolation_level=None)
    database.execute(statement)
    database.close()


def test_nobody_publishes(patient: Stack) -> None:
    """A control plane that hangs: its lease runs out, and what is written waits."""
    with patient.frozen("control"):
        execute(patient.data, "UPDATE nameservers SET lease_expires = 0")
        told = wrong(seen(patient))
    assert told == {"control plane": "Nobody works on ns1, ns2: changes are stored and not published."}


def test_late_changes(patient: Stack) -> None:
    with patient.frozen("control"):
        patient.zone("late.example.org")
        past = "due_at = '2020-01-01 00:00:00'"
        execute(patient.data, f"UPDATE publications SET {past} WHERE domain = 'late.example.org'")
        assert "1 zones are not published yet" in wrong(seen(patient))["zones"]
    settled(patient)


def test_a_damaged_database(patient: Stack, tmp_path: Path) -> None:
    """On a copy: a file that is no database at all, and one with rows whose owner is gone."""
    copy = tmp_path / "data"
    copy.mkdir(mode=0o700)
    database = sqlite3.connect(patient.data / "zonewright.db")
    database.execute("VACUUM INTO ?", [str(copy / "zonewright.db")])
    database.close()
    whole = (copy / "zonewright.db").read_bytes()
    (copy / "zonewright.db").write_bytes(b"no database" * 1000)
    assert "not a database" in wrong(seen(patient, data=copy))["database"]
    (copy / "zonewright.db").write_bytes(whole)
    execute(copy, "DELETE FROM accounts")  # foreign keys are checked by connections of ours only
    told = wrong(seen(patient, data=copy))
    assert "rows belong to something that is gone" in told["database integrity"]


def test_an_unusable_database_is_a_sentence(patient: Stack) -> None:
    url = f"postgresql://zonewright:geheim@{ADDRESS}:1/zonewright"
    found = seen(patient, ZONEWRIGHT_DATABASE_URL=url)
    assert "It cannot be asked" in wrong(found)["database"]
    assert "geheim" not in str(found)
    assert found["nameservers"][0].verdict is Verdict.SKIP


def test_missing_checkers(patient: Stack, tmp_path: Path) -> None:
    """Programs that are there and do nothing: those in /usr/sbin are found in any case."""
    for program in ("named-checkzone", "named-checkconf"):
        (tmp_path / program).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / program).chmod(0o755)
    done = patient.cli("doctor", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert "FAIL  checkers: named-checkzone is not installed, or does not run." in done.stdout
