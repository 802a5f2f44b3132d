"""`zonewright check`: what it reports, in which form, and how it ends."""

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from api.database import writing
from api.models import Record
from tests.contract.forms import added, created
from tests.contract.test_check import history
from tests.contract.test_cli import Run, call  # noqa: F401  the fixture
from tests.nameservers import installed

if TYPE_CHECKING:
    from tests.installation import Installation

Json = dict[str, Any]

pytestmark = pytest.mark.skipif(not installed(), reason="BIND is not installed")


@pytest.fixture
def check(call: Run, installation: "Installation") -> Run:  # noqa: F811
    """Run `check` on the installation."""
    settings = installation.settings
    place = ["--data", str(settings.data)]
    if not settings.sqlite:
        place += ["--database-url", settings.database_url]
    return lambda *arguments: call("check", *place, *arguments)


@pytest.fixture
def poisoned(installation: "Installation", alice: FlaskClient, zone: Json) -> Json:
    """A zone that does not pass, beside one with a warning and one without a problem."""
    added(alice, created(alice, "warned.example"), "foo_bar A 192.0.2.1")
    created(alice, "clean.example")
    record = added(alice, zone, "www A 192.0.2.1")
    with installation.app.app_context(), writing() as session:
        session.execute(update(Record).where(Record.uuid == record["uuid"]).values(value="<b>192.0.2.256"))
    return record


def test_good_zone(check: Run, alice: FlaskClient, zone: Json) -> None:
    done = check("example.com")
    assert (done.code, done.err) == (0, "")
    assert "1 zone without a problem: example.com" in done.out
    assert "1 zone checked, no problem found." in done.out
    assert [each["kind"] for each in history(alice, zone)] == ["asked"]


@pytest.mark.parametrize(
    ("zones", "fail_on", "code"),
    [
        (["--all"], "error", 1),
        (["clean.example", "warned.example"], "error", 0),
        (["warned.example"], "warning", 1),
        (["clean.example"], "warning", 0),
        (["example.com"], "warning", 1),
        (["EXAMPLE.com.", "example.com"], "error", 1),
    ],
)
def test_how_it_ends(check: Run, poisoned: Json, zones: list[str], fail_on: str, code: int) -> None:
    done = check(*zones, "--fail-on", fail_on)
    assert (done.code, done.err) == (code, "")


def test_text(check: Run, poisoned: Json) -> None:
    """The worst first; the record, the sentence, the tool's words and the mend."""
    out = check("--all").out
    assert re.search(r"✗ example\.com \d+\n  error   www A <b>192\.0\.2\.256 \[rendering\]\n", out)
    assert "named: foo_bar.warned.example: bad owner name (check-names)" in out
    assert "→ Rename it" in out
    assert out.index("example.com") < out.index("warned.example") < out.index("clean.example")
    assert "1 error and 1 warning in 2 zones, of 3 zones checked." in out
    assert "\x1b" not in out


def test_json(check: Run, poisoned: Json) -> None:
    body = json.loads(check("--all", "--format", "json").out)
    assert (body["verdict"], body["zones"], body["errors"], body["warnings"]) == ("error", 3, 1, 1)
    [problem] = body["checks"][0]["problems"]
    assert (problem["rule"], problem["record"]["uuid"]) == ("rendering", poisoned["uuid"])


def test_page(check: Run, poisoned: Json, tmp_path: Path) -> None:
    """One file that loads nothing and runs nothing; values are escaped."""
    done = check("--all", "--format", "html", "--output", str(tmp_path / "report.html"))
    assert (done.code, done.out) == (1, "")
    page = (tmp_path / "report.html").read_text()
    assert "www A &lt;b&gt;192.0.2.256" in page
    assert "<b>192" not in page
    assert not re.search(r"<script|<link|<img|https?://|url\(|@import", page)
    for words in ("prefers-color-scheme: dark", "@media print", "clean.example", "1 error and 1 warning", "Rename it"):
        assert words in page


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["no.example"], "There is no zone no.example"),
        (["example.com", "--deep"], "check_resolver"),
        (["example.com", "--output", "/nowhere/x"], "/nowhere/x cannot be written"),
        (["a b"], "space"),
    ],
)
def test_not_checked(check: Run, zone: Json, arguments: list[str], says: str) -> None:
    done = check(*arguments)
    assert (done.code, done.out) == (2, "")
    assert re.fullmatch(rf"zonewright: .*{re.escape(says)}.*\n", done.err)


def test_without_the_checker(check: Run, zone: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nameserver.agent.tools._PLACES", (os.devnull,))
    assert check("--all").code == 2


@pytest.mark.parametrize("arguments", [[], ["example.com", "--all"], ["--all", "--format", "xml"]])
def test_wrong_usage(check: Run, arguments: list[str]) -> None:
    assert check(*arguments).usage


def test_more_zones_than_a_batch(
    check: Run,
    alice: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each is checked and kept once."""
    monkeypatch.setattr("api.checking.BATCH", 3)
    zones = [created(alice, f"z{number}.example") for number in range(7)]
    assert "7 zones without a problem" in check("--all").out
    assert [len(history(alice, zone)) for zone in zones] == [1] * 7
