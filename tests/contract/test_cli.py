"""The command line in one process: what it writes, what it prints, its sentences and its exit codes."""

import gc
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient

from api.__main__ import main
from api.models import Account, Change, Zone
from tests.contract.forms import ZONES, created, records_of
from tests.contract.test_dry_run import everything
from tests.contract.test_vanished import vanish
from tests.installation import ALICE, BOB

if TYPE_CHECKING:
    from tests.installation import Installation

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
SHELLS = ("bash", "zsh", "fish")


class Result:
    """What a command said, and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def done(self) -> str:
        """What it printed; it must have succeeded."""
        assert self.code == 0, self.out + self.err
        assert self.err == ""
        return self.out

    @property
    def refused(self) -> str:
        """Its sentence; it must have been refused, with nothing on the standard output."""
        assert (self.code, self.out) == (1, ""), (self.code, self.out, self.err)
        match = re.fullmatch(r"zonewright: (.+)\n", self.err)
        assert match, self.err
        return match[1]

    @property
    def usage(self) -> str:
        """What it said of the wrong usage."""
        assert (self.code, self.out) == (2, ""), (self.code, self.out, self.err)
        assert self.err.startswith("Usage: zonewright")
        return self.err


Run = Callable[..., Result]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the program with these arguments, as its entry point does."""
    for name in [each for each in os.environ if each.startswith("ZONEWRIGHT_")]:
        monkeypatch.delenv(name)

    def run(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["zonewright", *arguments])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        for _ in range(2):  # the command's application, then the connections of the engine that hung on it
            gc.collect()
        return Result(code, *capsys.readouterr())

    return run


@pytest.fixture
def run(call: Run, installation: "Installation") -> Run:
    """Run a command on the installation."""
    settings = installation.settings

    def on(*arguments: str) -> Result:
        place = ["--data", str(settings.data)]
        if not settings.sqlite:
            place += ["--database-url", settings.database_url]
        noun, verb, *rest = arguments
        return call(noun, verb, *place, *rest)

    return on


def rows(table: str) -> list[list[str]]:
    """The cells of a printed table without its headings."""
    return [re.split(r" {2,}", line) for line in table.splitlines()[1:]]


def values(client: FlaskClient, zone: Json) -> list[tuple[str, str, str, int]]:
    return [(each["name"], each["record_type"], each["value"], each["ttl"]) for each in records_of(client, zone)]


# ---- zones ----


def test_zone_create(installation: "Installation", run: Run, alice: FlaskClient) -> None:
    said = run("zone", "create", "Bücher.example.", "--account", ALICE, "--wait", "0").done
    [zone] = alice.get(ZONES).get_json()
    assert zone["domain"] == "xn--bcher-kva.example"
    status = alice.get(f"{ZONES}{zone['uuid']}/status/").get_json()
    assert said.splitlines() == [
        f"xn--bcher-kva.example {status['serial']}: pending",
        "  ns1: pending",
        "  ns2: pending",
    ]
    [(actor, action)] = installation.stored(Change, "actor", "action")
    assert (actor["account"], actor["source"], action) == (ALICE, "cli", "zone.create")


def test_zone_create_refused(run: Run, installation: "Installation", zone: Json) -> None:
    before = everything(installation)
    create = ("zone", "create", "--wait", "0", "--account")
    assert "exists already" in run(*create, ALICE, "example.com").refused
    assert "overlaps" in run(*create, BOB, "a.example.com").refused
    assert "public suffix" in run(*create, ALICE, "co.uk").refused
    said = run(*create, "nobody@example.org", "example.org").refused
    assert said == ("There is no account nobody@example.org: `zonewright account create nobody@example.org` makes it.")
    assert "--account" in run("zone", "create", "example.org").usage
    assert everything(installation) == before


def test_zone_delete(installation: "Installation", run: Run, alice: FlaskClient, zone: Json) -> None:
    created(alice, "example.net")
    said = run("zone", "delete", "Example.COM.", "--yes", "--wait", "0").done
    assert said.startswith("example.com ")
    assert [each["domain"] for each in alice.get(ZONES).get_json()] == ["example.net"]
    said = run("zone", "delete", "example.com", "--yes").refused
    assert said == "There is no zone example.com: `zonewright zone list` shows them."


def test_zone_delete_asks(
    installation: "Installation", run: Run, alice: FlaskClient, zone: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    for typed, code, left in (("n\n", 130, 1), ("", 130, 1), ("y\n", 0, 0)):
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        result = run("zone", "delete", "example.com", "--wait", "0")
        assert result.code == code
        assert "Delete example.com with its 0 records?" in result.out
        assert len(alice.get(ZONES).get_json()) == left


def test_zone_list(run: Run, installation: "Installation", alice: FlaskClient, bob: FlaskClient, zone: Json) -> None:
    """Those of all accounts; the same as a table and as JSON."""
    installation.store_records(zone["uuid"], 3)
    created(bob, "example.org")
    serials = dict(installation.stored(Zone, "domain", "serial"))
    installation.in_sync("example.com", serials["example.com"])
    installation.fails("ns2", "example.org", serials["example.org"], "named refused it")
    found = json.loads(run("zone", "list", "--json").done)
    assert found == [
        {"domain": "example.com", "serial": serials["example.com"], "records": 3, "state": "in_sync", "reason": None},
        {
            "domain": "example.org",
            "serial": serials["example.org"],
            "records": 0,
            "state": "failed",
            "reason": "ns2: named refused it",
        },
    ]
    printed = rows(run("zone", "list").done)
    assert printed == [["-" if cell is None else str(cell) for cell in each.values()] for each in found]


def test_zone_show(run: Run, alice: FlaskClient, zone: Json) -> None:
    for name in ("www", "grüße"):
        body = {"record_type": "TXT", "name": name, "value": "grüße"}
        alice.post(f"{ZONES}{zone['uuid']}/records/", json=body)
    found = json.loads(run("zone", "show", "example.com", "--json").done)
    whole = alice.get(f"{ZONES}{zone['uuid']}/").get_json()
    status = alice.get(f"{ZONES}{zone['uuid']}/status/").get_json()
    assert found == whole | {"account": ALICE, "status": status, "locks": []}
    printed = run("zone", "show", "EXAMPLE.com").done
    assert printed.startswith(f"example.com of {ALICE}, serial {status['serial']}, pending\n  ns1: pending\n")
    for record in whole["records"]:
        assert re.search(rf"^{record['name']} +3600 +TXT +- +grüße +{record['uuid']}$", printed, re.MULTILINE)
    assert "There is no zone" in run("zone", "show", "example.org").refused
    assert "URL" in run("zone", "show", "https://example.com").refused


def test_zone_move(run: Run, installation: "Installation", alice: FlaskClient, bob: FlaskClient, zone: Json) -> None:
    """With its records; what is served stays, so that nothing is published."""
    installation.store_records(zone["uuid"], 2)
    serials = installation.stored(Zone, "domain", "serial")
    assert run("zone", "move", "example.com", "--account", BOB).done == f"example.com belongs to {BOB} now.\n"
    assert alice.get(ZONES).get_json() == []
    assert [(each["uuid"], each["record_count"]) for each in bob.get(ZONES).get_json()] == [(zone["uuid"], 2)]
    assert installation.stored(Zone, "domain", "serial") == serials
    assert installation.stored(Change, "action")[-1] == ("zone.move",)
    assert "There is no account" in run("zone", "move", "example.com", "--account", "x@example.org").refused


def test_zone_move_keeps_families_together(run: Run, alice: FlaskClient, bob: FlaskClient, zone: Json) -> None:
    """No two accounts may have zones above one another."""
    created(alice, "a.example.com")
    said = run("zone", "move", "a.example.com", "--account", BOB).refused
    assert said == "example.com overlaps with a.example.com: move it as well, first."
    assert bob.get(ZONES).get_json() == []


# ---- records ----


def test_record_add(run: Run, installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    assert "example.com" in run("record", "add", "example.com", "www", "A", "192.0.2.1", "--wait", "0").done
    run("record", "add", "example.com", "www", "a", "192.0.2.2", "--ttl", "60", "--wait", "0").done  # noqa: B018
    run("record", "add", "example.com", "@", "MX", "mail.example.net", "--priority", "5", "--wait", "0").done  # noqa: B018
    assert values(alice, zone) == [
        ("www", "A", "192.0.2.1", 60),
        ("www", "A", "192.0.2.2", 60),
        ("@", "MX", "mail.example.net", 3600),
    ]
    before = everything(installation)
    add = ("record", "add", "example.com", "--wait", "0")
    assert run(*add, "@", "MX", "mail.example.net").refused == "MX records require a priority value"
    assert "exists already" in run(*add, "www", "A", "192.0.2.1").refused
    assert "IPv4" in run(*add, "www", "A", "x").refused
    assert "There is no zone" in run("record", "add", "example.org", "www", "A", "192.0.2.1").refused
    assert "--ttl" in run(*add, "www", "A", "192.0.2.9", "--ttl", "long").usage
    assert everything(installation) == before


def test_record_set(run: Run, installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    """What is kept keeps its uuid; others at the name stay."""
    set_ = ("record", "set", "example.com", "--wait", "0")
    run(*set_, "www", "A", "192.0.2.1", "192.0.2.2").done  # noqa: B018
    run(*set_, "www", "TXT", "x").done  # noqa: B018
    [kept] = [each["uuid"] for each in records_of(alice, zone) if each["value"] == "192.0.2.2"]
    kept_changes = len(installation.stored(Change, "id"))
    run(*set_, "WWW.example.com.", "A", "192.0.2.2", "192.0.2.3", "--ttl", "60").done  # noqa: B018
    assert len(installation.stored(Change, "id")) == kept_changes + 1
    assert values(alice, zone) == [
        ("www", "A", "192.0.2.2", 60),
        ("www", "TXT", "x", 3600),
        ("www", "A", "192.0.2.3", 60),
    ]
    assert kept in [each["uuid"] for each in records_of(alice, zone)]
    before = everything(installation)
    assert run(*set_, "www", "A", "192.0.2.2", "192.0.2.3").done == "example.com: nothing to change.\n"
    assert "IPv4" in run(*set_, "www", "A", "192.0.2.9", "x").refused
    assert "VALUE" in run("record", "set", "example.com", "www", "A").usage
    assert everything(installation) == before


def test_record_delete(run: Run, installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    delete = ("record", "delete", "example.com", "--wait", "0")
    for number in range(3):
        run("record", "add", "example.com", "www", "AAAA", f"2001:db8::{number}", "--wait", "0").done  # noqa: B018
    run("record", "add", "example.com", "www", "TXT", "x", "--wait", "0").done  # noqa: B018
    run(*delete, "www", "AAAA", "2001:0DB8:0::1").done  # noqa: B018
    assert [each[2] for each in values(alice, zone)] == ["2001:db8::", "2001:db8::2", "x"]
    run(*delete, "www", "aaaa").done  # noqa: B018
    assert [each[2] for each in values(alice, zone)] == ["x"]
    before = everything(installation)
    said = run(*delete, "www", "AAAA").refused
    assert said == "example.com has no such record: `zonewright zone show example.com` lists them."
    assert "no such record" in run(*delete, "www", "TXT", "y").refused
    assert everything(installation) == before


def test_record_value_may_begin_with_a_hyphen(run: Run, alice: FlaskClient, zone: Json) -> None:
    run("record", "add", "example.com", "www", "TXT", "--wait", "0", "--", "-x").done  # noqa: B018
    assert values(alice, zone) == [("www", "TXT", "-x", 3600)]


# ---- how far it got ----


def test_waiting_tells_how_far_it_got(run: Run, installation: "Installation", zone: Json) -> None:
    """Without a control plane nothing gets anywhere: status 1 for a script to see."""
    result = run("record", "add", "example.com", "www", "A", "192.0.2.1", "--wait", "0.01")
    assert (result.code, result.err) == (1, "")
    assert re.fullmatch(r"example\.com \d+: pending after \d+\.\d\d s\n  ns1: pending\n  ns2: pending\n", result.out)


def test_waiting_ends_with_the_failure(
    run: Run, installation: "Installation", zone: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.cli import writes

    forget = writes._forget

    def failing() -> None:
        forget()
        serials = dict(installation.stored(Zone, "domain", "serial"))
        installation.answers("ns1", "example.com", serials["example.com"])
        installation.fails("ns2", "example.com", serials["example.com"], "named refused it")

    monkeypatch.setattr(writes, "_forget", failing)
    result = run("record", "add", "example.com", "www", "A", "192.0.2.1", "--wait", "60")
    assert result.code == 1
    assert result.out.splitlines()[1:] == ["  ns1: in_sync", "  ns2: failed: named refused it"]


# ---- accounts, nameservers, settings ----


def test_lists_are_json(run: Run, installation: "Installation", zone: Json) -> None:
    accounts = json.loads(run("account", "list", "--json").done)
    assert [(each["email"], each["zones"]) for each in accounts] == [(ALICE, 1), (BOB, 0)]
    tokens = json.loads(run("token", "list", "--json").done)
    assert {each["account"] for each in tokens} == {ALICE, BOB}
    assert not [each for each in installation.secrets.values() if each in str(tokens)]
    nameservers = json.loads(run("nameserver", "list", "--json").done)
    assert [(each["name"], each["state"], each["behind"]) for each in nameservers] == [
        ("ns1", "pending", 1),
        ("ns2", "pending", 1),
    ]
    for noun in ("account", "token", "nameserver"):
        found = json.loads(run(noun, "list", "--json").done)
        assert len(rows(run(noun, "list").done)) == len(found)


def test_account_create(run: Run, installation: "Installation") -> None:
    assert run("account", "create", "Carol@Example.org").done == "The account carol@example.org is there.\n"
    assert run("account", "create", "carol@example.org").refused == "The account carol@example.org exists already."
    assert run("account", "create", "carol").refused == "“carol” is not an e-mail address."
    assert [row[0] for row in installation.stored(Account, "email")] == [ALICE, BOB, "carol@example.org"]


def test_token_create(run: Run, installation: "Installation") -> None:
    secret = run("token", "create", "--account", ALICE, "--permissions", "dns:list", "--quiet").done.strip()
    client = installation.client(secret=secret)
    assert client.get(ZONES).status_code == 200
    assert client.post(ZONES, json={"domain": "example.org"}).status_code == 403
    assert "dns:everything" in run("token", "create", "--account", ALICE, "--permissions", "dns:everything").refused
    assert "30d" in run("token", "create", "--account", ALICE, "--expires", "soon").usage
    uuid = json.loads(run("token", "list", "--json").done)[-1]["id"]
    assert "is revoked" in run("token", "revoke", uuid).done
    assert client.get(ZONES).status_code == 401
    assert "No token has" in run("token", "revoke", uuid).refused


# ---- errors ----


def test_missing_folder_and_database(call: Run, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    said = call("zone", "list", "--data", str(missing)).refused
    assert said == f"There is no data folder {missing}: `zonewright up` makes one, --data names another."
    said = call("zone", "list", "--data", str(tmp_path)).refused
    assert said.startswith(f"There is no database in {tmp_path}: `zonewright up`")
    assert list(tmp_path.iterdir()) == []


def test_database_of_another_version(call: Run, tmp_path: Path) -> None:
    (tmp_path / "zonewright.db").touch()
    assert "`zonewright migrate`" in call("zone", "list", "--data", str(tmp_path)).refused
    assert "this version's schema" in call("migrate", "--data", str(tmp_path)).done
    assert json.loads(call("zone", "list", "--json", "--data", str(tmp_path)).done) == []


def test_wrong_setting_is_told(call: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZONEWRIGHT_DEFAULT_TTL", "long")
    said = call("settings", "--data", str(tmp_path)).refused
    assert said == "The setting default_ttl must be a whole number, not “long”."


def test_unknown_variable_is_told(call: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZONEWRIGHT_DEFUALT_TTL", "60")
    said = call("settings", "--data", str(tmp_path)).refused
    assert said == "There is no setting ZONEWRIGHT_DEFUALT_TTL; `zonewright settings` lists them."


def test_wrong_database_url_is_told(call: Run, tmp_path: Path) -> None:
    for url in ("nonsense", "mysql://localhost/x", "://"):
        assert "database_url" in call("zone", "list", "--data", str(tmp_path), "--database-url", url).refused


def test_settings_are_listed(call: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZONEWRIGHT_DATABASE_URL", "postgresql://zonewright:geheim@db.example/zones")
    printed = call("settings", "--data", str(tmp_path)).done
    assert "geheim" not in printed
    assert re.search(r"^records_per_zone +100000 +the most records", printed, re.MULTILINE)


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["zone", "nonsense"], ["zone", "list", "--nonsense"], ["zone", "show"], ["zone", "list", "more"]],
    ids=" ".join,
)
def test_wrong_usage(call: Run, arguments: list[str]) -> None:
    assert call(*arguments).usage


def test_fault_of_ours_is_told_in_a_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a traceback only when it is asked for."""
    from api.store import zones

    def fail() -> None:
        raise RuntimeError("inside")

    monkeypatch.setattr(zones, "all_zones", fail)
    result = run("zone", "list")
    assert (result.code, result.out) == (70, "")
    assert result.err == ("zonewright: inside\nThis should not happen; with ZONEWRIGHT_TRACEBACK=1 it shows where.\n")
    monkeypatch.setenv("ZONEWRIGHT_TRACEBACK", "1")
    assert "Traceback" in run("zone", "list").err


def test_help_and_version(call: Run) -> None:
    for arguments in (["--help"], ["-h"], ["zone", "--help"], ["record", "set", "-h"]):
        assert call(*arguments).done.startswith("Usage: zonewright")
    listed = call("--help").done
    for noun in ("zone", "record", "token", "account", "nameserver", "completion", "settings"):
        assert re.search(rf"^  {noun} ", listed, re.MULTILINE)
    assert re.fullmatch(r"zonewright, version \d+\.\d+\.\d+\n", call("--version").done)


# ---- completion ----


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_script(call: Run, shell: str) -> None:
    script = call("completion", shell).done
    assert "_ZONEWRIGHT_COMPLETE" in script
    assert f"{shell}_complete" in script


def test_completion_of_another_shell(call: Run) -> None:
    assert "bash" in call("completion", "tcsh").usage


def test_bash_takes_the_script(call: Run, tmp_path: Path) -> None:
    (tmp_path / "script").write_text(call("completion", "bash").done)
    done = subprocess.run(
        ["bash", "-c", "source ./script && complete -p zonewright"], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, "zonewright" in done.stdout) == (0, True), done.stderr


def test_commands_are_completed() -> None:
    """What the script asks the program for."""
    environment = {
        "PATH": os.environ["PATH"],
        "_ZONEWRIGHT_COMPLETE": "bash_complete",
        "COMP_WORDS": "zonewright zone cr",
        "COMP_CWORD": "2",
    }
    argv = [sys.executable, "-m", "api"]
    program = "import sys; sys.argv[0] = 'zonewright'; from api.__main__ import main; main()"
    argv = [sys.executable, "-c", program]
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["plain,create"], done.stderr


# ---- drift ----


def test_drift_of_nameservers_that_cannot_be_asked_is_unknown(run: Run, alice: FlaskClient) -> None:
    created(alice, "example.com")
    asked = run("drift", "--json", "example.com")
    assert asked.code == 2
    found = json.loads(asked.out)
    assert [(each["nameserver"], each["state"], each["compared"], each["drifts"]) for each in found] == [
        ("ns1", "unreachable", None, []),
        ("ns2", "unreachable", None, []),
    ]
    assert all("The way to the nameserver's agent" in each["reason"] for each in found)
    told = run("drift", "--deep")
    assert told.code == 2
    assert "ns1 could not be asked, so nothing is known of it: " in told.out


def test_drift_log_of_nothing(run: Run) -> None:
    assert rows(run("drift", "--log").done) == []
    assert json.loads(run("drift", "--log", "--json").done) == []


def test_drift_refused(run: Run, alice: FlaskClient) -> None:
    created(alice, "example.com")
    assert "There is no zone nowhere.example" in run("drift", "nowhere.example").refused
    assert "Give zones or --all" in run("drift", "--all", "example.com").usage
    assert "--limit" in run("drift", "--limit", "0").usage


def test_vanished_zone_is_listed(run: Run, installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    vanish(installation, zone, alice.get(f"{ZONES}{zone['uuid']}/status/").get_json()["serial"])
    [row] = rows(run("zone", "list").done)
    assert row[0] == "example.com"
    assert row[3] == "held"
    assert "gone from the database" in row[4]
    differs = run("drift", "--all", "--no-repair")
    assert "example.com: The zone is gone from the database" in differs.err
    assert differs.code == 1
