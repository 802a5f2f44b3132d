"""check/: the zone's named-checkzone report; what the API accepts is loaded, what is wrong is named."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, update

from api.database import db, writing
from api.models import Record
from api.store.targets import missing
from tests.contract.forms import UNKNOWN, add, added, created, is_moment, problem, record_url, records_of, zone_url
from tests.contract.test_batches import bodies
from tests.contract.test_dry_run import everything
from tests.nameservers import installed

if TYPE_CHECKING:
    from tests.installation import Installation

Json = dict[str, Any]
REPORT = ["domain", "serial", "checked_at", "kind", "tool", "tool_version", "verdict", "problems"]
PROBLEM = ["rule", "severity", "detail", "words", "mend", "record"]
RECORD = ["uuid", "record_type", "name", "value"]
KEPT = "checks"

pytestmark = pytest.mark.skipif(not installed(), reason="BIND is not installed")


def report(client: FlaskClient, zone: Json) -> Json:
    answer = client.get(zone_url(zone, "check/"))
    assert answer.status_code == 200, answer.text
    return checked(answer.get_json())


def checked(found: Json) -> Json:
    assert list(found) == REPORT
    assert [list(each) for each in found["problems"]] == [PROBLEM] * len(found["problems"])
    assert all(list(each["record"]) == RECORD for each in found["problems"] if each["record"])
    return found


def now(client: FlaskClient, zone: Json, query: str = "") -> Json:
    answer = client.post(zone_url(zone, f"check/{query}"))
    assert answer.status_code == 200, answer.text
    return checked(answer.get_json())


def history(client: FlaskClient, zone: Json, most: int = 100) -> list[Json]:
    answer = client.get(zone_url(zone, f"check/?history={most}"))
    assert answer.status_code == 200, answer.text
    return [checked(each) for each in answer.get_json()]


def poison(installation: "Installation", **columns: Any) -> None:
    """Every record of the database becomes what the API would never have accepted."""
    with installation.app.app_context(), writing() as session:
        session.execute(update(Record).values(**columns))


def test_good_zone(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    """Looking at it changes nothing; the check is kept."""
    for line in ("@ A 192.0.2.1", "www CNAME a.example.net", 'txt TXT a"b;c', "*.a AAAA 2001:db8::1"):
        added(alice, zone, line)
    before = everything(installation)
    found = report(alice, zone)
    assert is_moment(found.pop("checked_at"))
    assert found.pop("tool_version").startswith("9.")
    serial = alice.get(zone_url(zone, "status/")).get_json()["serial"]
    made = {"domain": "example.com", "serial": serial, "kind": "asked", "tool": "named-checkzone"}
    assert found == made | {"verdict": "ok", "problems": []}
    after = everything(installation)
    assert len(after.pop(KEPT)) == 1 + len(before.pop(KEPT))
    assert after == before


def test_empty_zone(alice: FlaskClient, zone: Json) -> None:
    assert (report(alice, zone)["verdict"], report(alice, zone)["problems"]) == ("ok", [])


@pytest.mark.parametrize("line", ["foo_bar A 192.0.2.1", "foo_bar AAAA 2001:db8::1", "0/25 A 192.0.2.1", "a_b MX ."])
def test_strange_owner_is_a_warning(alice: FlaskClient, zone: Json, line: str) -> None:
    """Accepted and served; the warning names the record."""
    added(alice, zone, "www A 192.0.2.1")
    record = added(alice, zone, line, **({"priority": 0} if "MX" in line else {}))
    found = report(alice, zone)
    assert found["verdict"] == "warning"
    assert {each["severity"] for each in found["problems"]} == {"warning"}
    [named] = [each for each in found["problems"] if each["record"]]
    assert (named["record"]["uuid"], named["rule"]) == (record["uuid"], "owner-not-hostname")
    assert named["words"].endswith("bad owner name (check-names)")
    assert f"{record['name']}.example.com" in named["detail"]
    alice.delete(record_url(record))
    assert report(alice, zone)["verdict"] == "ok"


def test_services_are_no_strange_owners(alice: FlaskClient, zone: Json) -> None:
    for line in ("_dmarc TXT v=DMARC1; p=none", "_x._tcp CNAME a.example.net", "* A 192.0.2.1"):
        added(alice, zone, line)
    assert report(alice, zone)["verdict"] == "ok"


POISONED: dict[str, Json] = {
    "address": {"value": "192.0.2.256"},
    "type": {"type": "NOSUCH"},
    "type of another": {"type": "MX", "value": "mail.example.net", "priority": None},
    "priority": {"type": "MX", "value": "mail.example.net", "priority": 70000},
    "empty label": {"name": "a..b"},
    "long label": {"name": "a" * 64},
    "ttl": {"ttl": -1},
    "host": {"type": "CNAME", "value": "a b"},
}


@pytest.mark.parametrize("kind", POISONED)
def test_poisoned_record_is_an_error(installation: "Installation", alice: FlaskClient, zone: Json, kind: str) -> None:
    """What came past the API: a report, and no fault of ours; nothing of the machine is told."""
    record = added(alice, zone, "www A 192.0.2.1")
    poison(installation, **POISONED[kind])
    found = report(alice, zone)
    assert found["verdict"] == "error"
    errors = [each for each in found["problems"] if each["severity"] == "error"]
    assert errors
    if kind != "ttl":  # this one named itself finds
        assert [(each["rule"], each["record"]["uuid"]) for each in errors] == [("rendering", record["uuid"])]
    assert not [word for word in ("/tmp", "/usr", "Traceback", ".py", "stdin") if word in str(found)]


def test_second_cname_is_an_error(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    """Which only named itself sees."""
    for line in ("a A 192.0.2.1", "b CNAME a.example.net"):
        added(alice, zone, line)
    poison(installation, name="a")
    found = report(alice, zone)
    assert found["verdict"] == "error"
    assert "CNAME and other data" in str(found["problems"])


def test_zone_with_one_poisoned_record_names_it(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    for number in range(3):
        added(alice, zone, f"h{number} A 192.0.2.1")
    bad = records_of(alice, zone)[1]
    with installation.app.app_context(), writing() as session:
        session.execute(update(Record).where(Record.uuid == bad["uuid"]).values(value="x"))
    [found] = report(alice, zone)["problems"]
    assert found["record"]["uuid"] == bad["uuid"]


def test_without_the_checker_it_says_so(alice: FlaskClient, zone: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not there at the moment: no fault of the request, and none that a stack trace would help with."""
    monkeypatch.setattr("nameserver.agent.tools._PLACES", (os.devnull,))
    problem(alice.get(zone_url(zone, "check/")), 503)


def test_kept_until_the_zone_changes(alice: FlaskClient, zone: Json) -> None:
    """The last one is answered again; of an older serial it is no answer."""
    first = report(alice, zone)
    assert report(alice, zone) == first
    assert history(alice, zone) == [first]
    added(alice, zone, "www A 192.0.2.1")
    second = report(alice, zone)
    assert second["serial"] != first["serial"]
    assert history(alice, zone) == [second, first]
    assert history(alice, zone, 1) == [second]


def test_check_now(alice: FlaskClient, zone: Json) -> None:
    report(alice, zone)
    assert now(alice, zone)["kind"] == "asked"
    assert len(history(alice, zone)) == 2


def test_the_newest_are_kept(install: "Callable[..., Installation]") -> None:
    """Of each zone for itself; they go with their zone."""
    installation = install(checks_kept=3)
    client = installation.client()
    one, other = (created(client, domain) for domain in ("example.com", "example.net"))
    now(client, other)
    for _ in range(5):
        now(client, one)
    assert (len(history(client, one)), len(history(client, other))) == (3, 1)
    client.delete(zone_url(one))
    assert len(everything(installation)[KEPT]) == 1


@pytest.mark.parametrize("query", ["history=0", "history=x", "history=1001", "deep=true", "histroy=1"])
def test_wrong_history(alice: FlaskClient, zone: Json, query: str) -> None:
    problem(alice.get(zone_url(zone, f"check/?{query}")), field=query.split("=")[0])


@pytest.mark.parametrize("query", ["deep=yes", "history=1"])
def test_wrong_check_now(alice: FlaskClient, zone: Json, query: str) -> None:
    problem(alice.post(zone_url(zone, f"check/?{query}")), field=query.split("=")[0])


def test_deep_without_a_resolver_says_how(alice: FlaskClient, zone: Json) -> None:
    problem(alice.post(zone_url(zone, "check/?deep=true")), field="deep", says="check_resolver")


def test_words_of_the_tool_and_the_record(alice: FlaskClient, zone: Json) -> None:
    """What named accepts and says all the same: the record by its owner, type and value."""
    added(alice, zone, "www A 192.0.2.1")
    added(alice, zone, "mail CNAME www.example.com")
    added(alice, zone, "@ MX www.example.com", priority=5)
    record = added(alice, zone, "@ MX mail.example.com", priority=10)
    [found] = report(alice, zone)["problems"]
    assert found == {
        "rule": "target-is-alias",
        "severity": "warning",
        "detail": "The MX record of example.com names mail.example.com, which is a CNAME: such a name must be a host's"
        " own.",
        "words": "example.com/MX 'mail.example.com' is a CNAME (illegal)",
        "mend": "Name the host that mail.example.com points to, or give mail.example.com an A or AAAA record instead"
        " of the CNAME.",
        "record": {key: record[key] for key in RECORD},
    }


def test_target_in_another_zone_of_ours(alice: FlaskClient, bob: FlaskClient, zone: Json) -> None:
    """It matters to whoever points there, whosever zone it is."""
    other = created(bob, "example.net")
    for line in ("there A 192.0.2.1", "a.b A 192.0.2.1", "*.w A 192.0.2.1", "sub NS ns.example.org"):
        added(bob, other, line)
    for name in ("there", "b", "x.w", "x.y.w", "x.sub", "sub"):
        added(alice, zone, f"{name} CNAME {name}.example.net")
    for line in ("apex CNAME example.net", "far CNAME www.example.org"):
        added(alice, zone, line)
    assert report(alice, zone)["problems"] == []
    gone = added(alice, zone, "gone CNAME gone.example.net")
    mail = added(alice, zone, "@ MX x.there.example.net", priority=10)
    found = report(alice, zone)["problems"]
    assert {(each["rule"], each["record"]["uuid"]) for each in found} == {
        ("dangling-target", gone["uuid"]),
        ("dangling-target", mail["uuid"]),
    }


def test_targets_are_looked_up_together(installation: "Installation", alice: FlaskClient) -> None:
    """Each name that is missing was a walk through all names of its zone."""
    added(alice, created(alice, "example.net"), "a.there A 192.0.2.1")
    names, asked = ["there", *(f"gone{each}" for each in range(50))], []
    with installation.app.app_context():
        engine = db.engine
        event.listen(engine, "before_cursor_execute", note := lambda *_: asked.append(1))
        try:
            found = missing(f"{name}.example.net" for name in names)
        finally:
            event.remove(engine, "before_cursor_execute", note)
    assert found == {f"{name}.example.net" for name in names[1:]}
    assert len(asked) < 10


def test_control_planes_checks_are_kept(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    """In the transaction of what was observed next; of a zone that is gone nothing is kept."""
    from api.changes import checks, observations
    from nameserver.publish import Contact

    gone = created(alice, "example.net")
    alice.delete(zone_url(gone))
    serial = alice.get(zone_url(zone, "status/")).get_json()["serial"]
    moment = datetime.now(UTC)
    found = [
        checks.Report(each["uuid"], each["domain"], serial, moment, "publish", "9.18", ()) for each in (zone, gone)
    ]
    with installation.app.app_context():
        observations.report_with(Contact("ns1", None, "x"), lambda session: checks.keep(session, found, 20))
    assert report(alice, zone)["kind"] == "publish"
    assert len(everything(installation)[KEPT]) == 1


def test_checks_wait_for_the_next_observation(
    installation: "Installation", alice: FlaskClient, zone: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be written then is written with the one after, once; at the end nothing is left over."""
    from api.changes import observations
    from api.control import ControlPlane
    from api.store.control import desired_zone
    from api.store.zones import zone_named
    from nameserver.gate import Checked
    from nameserver.publish import Contact
    from nameserver.reconcile import Checks

    added(alice, zone, "@ TXT v=spf1 -all")
    added(alice, zone, "@ TXT v=spf1 mx -all")
    with installation.app.app_context():
        found = zone_named("example.com")
        assert found
        checked = Checks([Checked(desired_zone(found), None, ())])
    plane = ControlPlane(installation.app, installation.settings)
    plane._report(checked)
    assert everything(installation)[KEPT] == []
    with monkeypatch.context() as patch:
        patch.setattr(observations, "report", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            plane._report(Contact("ns1", None, "x"))
    plane._report(Contact("ns1", None, "x"))
    plane._report(Contact("ns2", None, "x"))
    [kept] = history(alice, zone)
    assert (kept["kind"], [each["rule"] for each in kept["problems"]]) == ("publish", ["spf-twice"])
    plane._report(checked)
    plane.close()
    assert len(history(alice, zone)) == 2


def test_foreign_and_unknown(alice: FlaskClient, bob: FlaskClient, zone: Json) -> None:
    problem(bob.get(zone_url(zone, "check/")), 404)
    problem(alice.get(zone_url({"uuid": UNKNOWN}, "check/")), 404)


# ---- what is accepted is loaded ----

# What stands, and then a write that would cost the nameserver at the apex its address.
LOSSES: dict[str, tuple[list[str], str]] = {
    "address goes": (["ns A 192.0.2.1", "@ NS ns.example.com"], "- ns A"),
    "wildcard goes": (["* A 192.0.2.1", "@ NS ns.example.com"], "- * A"),
    "text in the wildcard's place": (["* A 192.0.2.1", "@ NS ns.example.com"], "ns TXT x"),
    "alias in the wildcard's place": (["* A 192.0.2.1", "@ NS ns.example.com"], "ns CNAME a.example.net"),
    "name below": (["* A 192.0.2.1", "@ NS ns.example.com"], "x.ns TXT x"),
    "name between": (["* A 192.0.2.1", "@ NS ns.b.example.com"], "b TXT x"),
    "name beside": (["* A 192.0.2.1", "@ NS ns.b.example.com"], "x.b TXT x"),
    "nearer wildcard": (["* A 192.0.2.1", "@ NS ns.b.example.com"], "*.b TXT x"),
    "delegation goes": (["sub NS ns.example.net", "@ NS ns.sub.example.com"], "- sub NS"),
    "address of the apex goes": (["@ A 192.0.2.1", "@ NS example.com"], "- @ A"),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_nameserver_at_the_apex_keeps_its_address(alice: FlaskClient, zone: Json, loss: str) -> None:
    """named would refuse the zone, so the write is refused; once the NS record is gone, it is not."""
    stand, line = LOSSES[loss]
    for each in stand:
        added(alice, zone, each)
    before = records_of(alice, zone)

    def write() -> Any:
        if not line.startswith("- "):
            return add(alice, zone, line)
        name, record_type = line[2:].split()
        [record] = [each for each in before if (each["name"], each["record_type"]) == (name, record_type)]
        return alice.delete(record_url(record))

    assert report(alice, zone)["verdict"] == "ok"
    problem(write(), field="name", says="remove its NS record first")
    assert records_of(alice, zone) == before
    assert report(alice, zone)["verdict"] == "ok"
    [nameserver] = [each for each in before if (each["name"], each["record_type"]) == ("@", "NS")]
    alice.delete(record_url(nameserver))
    assert write().status_code in (201, 204)
    assert report(alice, zone)["verdict"] == "ok"


def test_what_is_harmless_beside_a_nameserver_is_accepted(alice: FlaskClient, zone: Json) -> None:
    for line in ("ns A 192.0.2.1", "@ NS ns.example.com", "ns TXT x", "x.ns TXT x", "* TXT x", "b TXT x"):
        added(alice, zone, line)
    added(alice, zone, "ns AAAA 2001:db8::1")
    for record in records_of(alice, zone):
        if (record["name"], record["record_type"]) == ("ns", "A"):
            assert alice.delete(record_url(record)).status_code == 204
    assert report(alice, zone)["verdict"] == "ok"


def _accepted(client: FlaskClient, seeds: list[Json]) -> Json:
    from tests.contract.test_batches import seeded

    return seeded(client, seeds)[0]


def test_every_accepted_zone_is_loaded(alice: FlaskClient) -> None:
    """Whatever is written, in whatever order: named-checkzone has no error."""
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(seeds=st.lists(bodies(), min_size=2, max_size=10), going=st.integers(0, 9))
    def loaded(seeds: list[Json], going: int) -> None:
        zone = _accepted(alice, seeds)
        for record in records_of(alice, zone)[going : going + 1]:
            alice.delete(record_url(record))
        found = report(alice, zone)
        assert found["verdict"] != "error", found["problems"]

    loaded()


def test_deep_at_the_resolver_that_is_set(install: "Callable[..., Installation]", tmp_path: Path) -> None:
    """A warning and no more, even when the resolver knows of nothing."""
    from tests.nameservers import ADDRESS, publication, running, zone_file

    with running(tmp_path / "world") as named, named.transport() as transport:
        content = zone_file("world.example", 1, extra="host 60 IN A 192.0.2.1\n")
        transport.publish([publication("world.example", 1, content)], 1)
        client = install(check_resolver=f"{ADDRESS}:{named.port}").client()
        zone = created(client, "example.com")
        added(client, zone, "@ MX host.world.example", priority=1)
        gone = added(client, zone, "x CNAME gone.world.example")
        found = now(client, zone, "?deep=true")
        assert (found["kind"], found["verdict"]) == ("deep", "warning")
        rules = {(each["rule"], (each["record"] or {}).get("uuid")) for each in found["problems"]}
        assert rules == {("resolver", None), ("dangling-target", gone["uuid"])}  # it does not know our own nameservers
        assert report(client, zone) == found
