"""The command line beside a running stack, and its errors: a sentence on stderr, status 1, no traceback."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.answers import assert_served
from tests.stack import Stack

COMMANDS = [
    [],
    ["up"],
    ["account"],
    ["account", "create"],
    ["account", "list"],
    ["token"],
    ["token", "create"],
    ["token", "list"],
    ["token", "revoke"],
    ["zone"],
    ["zone", "list"],
    ["nameserver"],
    ["nameserver", "list"],
    ["nameserver", "render"],
    ["doctor"],
    ["check"],
    ["publish"],
    ["control"],
    ["api"],
    ["migrate"],
    ["settings"],
]


def said(stack: Stack, *arguments: str, **environment: str) -> str:
    """What a command that must succeed prints."""
    done = stack.cli(*arguments, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(stack: Stack, *arguments: str, data: Path | None = None, **environment: str) -> str:
    """The sentence of a command that must fail."""
    done = stack.cli(*arguments, data=data, **environment)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert re.fullmatch(r"zonewright: .+\n", done.stderr), done.stderr
    return done.stderr.removeprefix("zonewright: ").strip()


def rows(table: str) -> list[list[str]]:
    """The cells of a printed table without its headings."""
    return [re.split(r" {2,}", line) for line in table.splitlines()[1:]]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help(shared: Stack, command: list[str]) -> None:
    text = said(shared, *command, "--help")
    assert text.startswith(f"Usage: zonewright {' '.join(command)}".rstrip())
    assert "--help" in text


def test_help_needs_no_installation(shared: Stack, tmp_path: Path) -> None:
    done = shared.cli("zone", "list", "--help", data=tmp_path / "missing")
    assert done.returncode == 0
    assert not (tmp_path / "missing").exists()


def test_tokens(shared: Stack) -> None:
    said(shared, "account", "create", "Tokens@Example.org")
    secret = said(shared, "token", "create", "--account", "tokens@example.org", "--name", "mine", "--quiet")
    assert re.fullmatch(r"vps_[A-Za-z0-9_-]{43}\n", secret)
    token = secret.strip()
    assert shared.call("GET", "dns-zones/", token=token).json() == []
    made = shared.call("POST", "dns-zones/", {"domain": "tokens.example.org"}, wait=10, token=token)
    assert made.status_code == 201
    assert_foreign(shared, made.json())

    listed = said(shared, "token", "list")
    assert token not in listed
    [row] = [row for row in rows(listed) if row[2] == "mine"]
    assert row[1:5] == ["tokens@example.org", "mine", "dns:list,dns:create,dns:update,dns:delete", "valid"]
    assert "“mine” is revoked" in said(shared, "token", "revoke", row[0])
    gone = shared.call("GET", "dns-zones/", token=token)
    assert (gone.status_code, gone.headers["WWW-Authenticate"].split()[0]) == (401, "Bearer")
    assert gone.json()["error_code"] == "invalid_token"
    assert " revoked " in said(shared, "token", "list")
    assert "No token has the name or id" in refused(shared, "token", "revoke", "mine")
    assert shared.call("GET", "dns-zones/").status_code == 200


def assert_foreign(stack: Stack, zone: dict[str, object]) -> None:
    """Another account's zone looks like one that does not exist."""
    foreign = stack.call("GET", f"dns-zones/{zone['uuid']}/")
    unknown = stack.call("GET", "dns-zones/00000000-0000-4000-8000-000000000000/")
    assert (foreign.status_code, foreign.content) == (404, unknown.content)


def test_permissions_and_expiry(shared: Stack) -> None:
    said(shared, "account", "create", "limits@example.org")
    create = ("token", "create", "--account", "limits@example.org", "--quiet")
    reader = said(shared, *create, "--permissions", "dns:list").strip()
    assert shared.call("GET", "dns-zones/", token=reader).status_code == 200
    forbidden = shared.call("POST", "dns-zones/", {"domain": "limits.example.org"}, token=reader)
    assert (forbidden.status_code, forbidden.json()["error_code"]) == (403, "permission_denied")

    long = said(shared, *create, "--name", "long", "--expires", "30d").strip()
    assert shared.call("GET", "dns-zones/", token=long).status_code == 200
    [row] = [row for row in rows(said(shared, "token", "list")) if row[2] == "long"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row[5])
    assert "dns:lost" in refused(shared, *create, "--permissions", "dns:list,dns:lost")
    assert shared.cli(*create, "--expires", "soon").returncode == 2

    loud = said(shared, "token", "create", "--account", "limits@example.org")
    assert len(re.findall(r"vps_\S+", loud)) == 1


def test_unknown_and_doubled_accounts(shared: Stack) -> None:
    assert "There is no account nobody@example.org" in refused(
        shared, "token", "create", "--account", "nobody@example.org", "--quiet"
    )
    assert "is not an e-mail address" in refused(shared, "account", "create", "nobody")
    said(shared, "account", "create", "twice@example.org")
    assert "exists already" in refused(shared, "account", "create", "TWICE@example.org")
    assert "twice@example.org" in said(shared, "account", "list")


def test_zones_and_nameservers(shared: Stack) -> None:
    zone = shared.zone("listed.example.org")
    shared.record(zone, "www", "192.0.2.1", wait=10)
    [row] = [row for row in rows(said(shared, "zone", "list")) if row[0] == "listed.example.org"]
    assert row[1:] == [str(shared.status(zone)["serial"]), "1", "in_sync", "-"]
    nameservers = rows(said(shared, "nameserver", "list"))
    assert [row[:3] for row in nameservers] == [["ns1", "in_sync", "0"], ["ns2", "in_sync", "0"]]
    assert all(row[5] == "-" for row in nameservers)


def test_publish(shared: Stack) -> None:
    zone = shared.zone("published.example.org", wait=10)
    shared.record(zone, "www", "192.0.2.1")
    assert said(shared, "publish", "Published.Example.org.") == (
        "published.example.org is in sync on every nameserver.\n"
    )
    assert_served(shared, zone)
    assert said(shared, "publish") == "Every zone is in sync on every nameserver.\n"
    assert "There is no zone missing.example.org" in refused(shared, "publish", "missing.example.org")


def test_publish_after_the_control_plane_hung(shared: Stack) -> None:
    """Until then the change waits, and the list says so."""
    zone = shared.zone("byhand.example.org", wait=10)
    with shared.frozen("control"):
        shared.record(zone, "www", "192.0.2.1")
        waiting = shared.cli("nameserver", "list").stdout
        assert [row[1:3] for row in rows(waiting)] == [["pending", "1"], ["pending", "1"]]
    assert said(shared, "publish", "byhand.example.org").endswith("is in sync on every nameserver.\n")
    assert_served(shared, zone)


def test_render(shared: Stack, tmp_path: Path) -> None:
    """What it writes is what BIND's own checker loads, every zone of it."""
    zone = shared.zone("rendered.example.org")
    shared.record(zone, "www", "192.0.2.1")
    shared.record(zone, "@", 'semi;colon "quoted"', "TXT", wait=10)
    text = said(shared, "nameserver", "render", "ns1", "--to", str(tmp_path / "ns1"))
    assert str(tmp_path / "ns1" / "named.conf") in text
    checker = shutil.which("named-checkconf", path="/usr/sbin:/usr/bin:/sbin:/usr/local/sbin")
    assert checker
    checked = subprocess.run(
        [checker, "-z", str(tmp_path / "ns1" / "named.conf")], capture_output=True, text=True, timeout=60
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"zone rendered.example.org/IN: loaded serial {shared.status(zone)['serial']}" in checked.stdout
    count = len(rows(said(shared, "zone", "list")))
    assert checked.stdout.count(": loaded serial ") == count
    assert text.startswith(f"{count} zones of ns1 ")
    assert "There is no nameserver ns9" in refused(shared, "nameserver", "render", "ns9", "--to", str(tmp_path / "ns9"))
    assert not (tmp_path / "ns9" / "named.conf").exists()


def test_settings(shared: Stack) -> None:
    listed = said(shared, "settings", ZONEWRIGHT_DEFAULT_TTL="600")
    assert re.search(r"^default_ttl +600 ", listed, re.MULTILINE)
    url = "postgresql+psycopg://zonewright:geheim@127.0.0.1/zonewright"
    hidden = said(shared, "settings", ZONEWRIGHT_DATABASE_URL=url)
    assert "geheim" not in hidden
    assert "zonewright:***@127.0.0.1" in hidden


@pytest.mark.parametrize(
    "command",
    [
        ["account", "list"],
        ["account", "create", "a@example.org"],
        ["token", "list"],
        ["zone", "list"],
        ["nameserver", "list"],
        ["publish"],
        ["control"],
        ["api"],
        ["settings"],
        ["migrate"],
    ],
    ids=" ".join,
)
def test_a_missing_data_folder_is_told_and_not_made(shared: Stack, tmp_path: Path, command: list[str]) -> None:
    missing = tmp_path / "missing"
    assert f"There is no data folder {missing}" in refused(shared, *command, data=missing)
    assert not missing.exists()


def test_an_empty_data_folder_is_told(shared: Stack, tmp_path: Path) -> None:
    assert "There is no database" in refused(shared, "zone", "list", data=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_wrong_settings_are_told(shared: Stack, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    for content, sentence in [
        ("defualt_ttl = 300", f"{file}: there is no setting `defualt_ttl`; `zonewright settings` lists them."),
        ('default_ttl = "long"', "The setting default_ttl must be a whole number, not “long”."),
        ("default_ttl = ", f"{file} cannot be read: "),
        ("lowest_ttl = 7200", "The settings must have lowest_ttl ≤ default_ttl ≤ highest_ttl, from 0 to 2147483647."),
    ]:
        file.write_text(content)
        assert refused(shared, "settings", data=tmp_path).startswith(sentence)
    file.unlink()
    assert "The setting sweep_seconds must be a whole number, not “often”." in refused(
        shared, "settings", data=tmp_path, ZONEWRIGHT_SWEEP_SECONDS="often"
    )


def test_wrong_settings_stop_up(tmp_path: Path) -> None:
    """Before anything is started, and before a token is shown that nobody would see again."""
    stack = Stack(tmp_path / "data")
    try:
        stack.data.mkdir()
        (stack.data / "settings.toml").write_text("defualt_ttl = 300\n")
        stack.launch()
        assert stack.wait() == 1
        assert stack.said == ""
        assert re.fullmatch(r"zonewright: .*there is no setting `defualt_ttl`.*\n", stack.complained)
        (stack.data / "settings.toml").unlink()
        stack.start()
        assert stack.token
    finally:
        stack.close()


def test_wrong_addresses_are_told(shared: Stack) -> None:
    for arguments in (["--api", "8053"], ["--dns", "127.0.0.1:5301"], ["--dns", "127.0.0.1:0,127.0.0.1:1"]):
        done = shared.cli("up", *arguments)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
