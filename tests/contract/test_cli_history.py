"""`zonewright zone history|diff|rollback|undelete`, `change` and `audit`, in one process."""

import json
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from tests.contract.forms import added, record_url, records_of, zone_url
from tests.contract.test_cli import Run, call, run  # noqa: F401  fixtures
from tests.contract.test_history import changes

Json = dict[str, Any]


def test_history_and_diff(run: Run, alice: FlaskClient, zone: Json) -> None:  # noqa: F811
    record = added(alice, zone, "www A 192.0.2.1")
    first = changes(alice, zone)[0]["serial"]
    alice.patch(record_url(record), json={"value": "192.0.2.2"}, headers={"X-Change-Reason": "moved"})
    lines = run("zone", "history", "example.com").done.splitlines()
    assert [line.split()[0] for line in lines] == ["NUMBER", "3", "2", "1"]
    assert "alice@example.org (all) by api" in lines[1]
    assert "moved" in lines[1]
    listed = json.loads(run("zone", "history", "example.com", "--json").done)
    assert listed == changes(alice, zone)
    assert run("zone", "history", "example.com", "--limit", "1").done.splitlines()[-1] == (
        "2 older ones: --limit 3 shows all."
    )
    assert run("zone", "diff", "example.com", str(first)).done == ("- www 3600 A 192.0.2.1\n+ www 3600 A 192.0.2.2\n")
    assert run("zone", "diff", "example.com", "tomorrow").refused.startswith("“tomorrow” must be a serial")
    assert run("zone", "history", "example.net").refused == "There is no zone example.net, and there never was one."


def test_undoing(run: Run, alice: FlaskClient, zone: Json) -> None:  # noqa: F811
    record = added(alice, zone, "www A 192.0.2.1")
    then = changes(alice, zone)[0]
    alice.delete(record_url(record))
    gone = changes(alice, zone)[0]
    wait = ("--wait", "0", "--yes")
    said = run("change", "revert", gone["id"], *wait, "--reason", "a slip").done
    assert "0 records removed, 1 added." in said
    assert changes(alice, zone)[0]["reason"] == "a slip"
    assert changes(alice, zone)[0]["undoes"] == gone["id"]
    shown = run("change", "show", gone["id"]).done
    assert f"example.com change 3: records, serial {gone['serial']}" in shown
    assert "- www 3600 A 192.0.2.1" in shown
    assert "www A changed since" in run("change", "revert", gone["id"], *wait).refused
    alice.delete(record_url(record))
    assert "0 records removed, 1 added." in run("zone", "rollback", "example.com", str(then["serial"]), *wait).done
    assert run("zone", "rollback", "example.com", str(then["serial"]), *wait).done == "example.com is so already.\n"
    assert len(records_of(alice, zone)) == 1


def test_undelete(run: Run, alice: FlaskClient, zone: Json) -> None:  # noqa: F811
    added(alice, zone, "www A 192.0.2.1")
    alice.delete(zone_url(zone))
    assert "0 records removed, 1 added." in run("zone", "undelete", "example.com", "--wait", "0").done
    assert len(records_of(alice, zone)) == 1
    assert run("zone", "undelete", "example.com", "--wait", "0").refused == "The zone is not deleted."


def test_reason_that_cannot_be_kept(run: Run, zone: Json) -> None:  # noqa: F811
    assert "printable" in run("zone", "delete", "example.com", "--yes", "--reason", "a\nb").usage
    assert zone["domain"] in run("zone", "list").done


def test_audit(run: Run, alice: FlaskClient, zone: Json, tmp_path: Path) -> None:  # noqa: F811
    saved = tmp_path / "heads.json"
    assert run("audit", "verify", "--save", str(saved)).done == (
        "1 changes of 1 domains: every one is as it was written, and none is missing.\n"
    )
    added(alice, zone, "www A 192.0.2.1")
    assert "2 changes of 1 domains" in run("audit", "verify", "--against", str(saved)).done
    saved.write_text('{"example.com": "0000"}')
    assert "1 of the findings above" in run("audit", "verify", "--against", str(saved)).err
    saved.write_text("no")
    assert "is no file that --save wrote" in run("audit", "verify", "--against", str(saved)).refused
