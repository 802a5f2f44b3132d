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
    assert "alice@example.org (all), api" in lines[1]
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
        "1 change of 1 domain: all as they were written, none is missing.\n"
    )
    added(alice, zone, "www A 192.0.2.1")
    assert "2 changes of 1 domain" in run("audit", "verify", "--against", str(saved)).done
    saved.write_text('{"example.com": "0000"}')
    assert "1 of the findings above" in run("audit", "verify", "--against", str(saved)).err
    saved.write_text("no")
    assert "is no file that --save wrote" in run("audit", "verify", "--against", str(saved)).refused


def test_confirming(run: Run, alice: FlaskClient, zone: Json) -> None:  # noqa: F811
    body = {"record_type": "A", "name": "www", "value": "192.0.2.1"}
    write = alice.post(zone_url(zone, "records/?confirm_within=600"), json=body).headers["X-Change-Id"]
    assert "  waiting, by 20" in run("change", "show", write).done
    assert run("change", "confirm", write).done == "example.com: change 2 is confirmed.\n"
    assert "  confirmed, by 20" in run("change", "show", write).done
    first = changes(alice, zone)[-1]["id"]
    assert run("change", "confirm", first).refused.startswith("This change was not made with confirm_within")


def test_proposals(run: Run, alice: FlaskClient, zone: Json) -> None:  # noqa: F811
    body = {"record_type": "A", "name": "foo_bar", "value": "192.0.2.1"}
    url = zone_url(zone, "records/?propose=true")
    one, two = (alice.post(url, json=body | {"value": f"192.0.2.{each}"}).get_json()["id"] for each in (1, 2))
    later = alice.post(f"{url}&apply_at=2126-01-18T16:45:00Z", json=body).get_json()["id"]
    assert [line.split()[-1] for line in run("proposal", "list").done.splitlines()] == ["ID", later, two, one]
    shown = run("proposal", "show", one).done
    assert "example.com records, 1 name, 0% goes\n+ foo_bar 3600 A 192.0.2.1" in shown
    assert "example.com as it would be: warning" in shown
    assert "pending" in run("proposal", "approve", one, "--wait", "0").done
    assert changes(alice, zone)[0]["actor"]["approved_by"].endswith(" (cli)")
    assert run("proposal", "approve", one).refused == "The proposal is applied already."
    assert run("proposal", "reject", two, "--reason", "no").done == "Rejected.\n"
    assert run("proposal", "approve", later).done == "Approved; it is done at 2126-01-18T16:45:00Z.\n"
    listed = json.loads(run("proposal", "list", "--json", "--state", "scheduled").done)
    assert [each["id"] for each in listed] == [later]
    assert run("proposal", "show", "x").refused == "Proposal not found."
