"""The doctor's checks of the database, on both databases; and those that need no stack."""

import dataclasses
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from api.changes import leases
from api.database import db
from api.doctor import control_plane, database, disk, nameserver, tools, zones
from api.doctor.examination import Examination
from api.doctor.finding import Finding, Findings, Verdict, ok
from api.store.nameservers import all_nameservers
from nameserver.agent import VERSION
from nameserver.target import Target
from nameserver.transport.base import Greeting

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.installation import Installation


def found(installation: "Installation") -> dict[str, Finding]:
    return {each.name: each for each in database.check(installation.app, installation.settings)}


def test_a_good_database(installation: "Installation", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_SLOW", 1e9)
    names = {"database", "schema"} | (set() if installation.settings.sqlite else {"connections"})
    assert {name: each.verdict for name, each in found(installation).items()} == dict.fromkeys(names, Verdict.OK)


@pytest.mark.parametrize(("revision", "words"), [("0001", "earlier version"), ("9999", "does not know")])
def test_another_schema(installation: "Installation", revision: str, words: str) -> None:
    with installation.app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :new"), {"new": revision})
    schema = found(installation)["schema"]
    assert schema.verdict is Verdict.FAIL
    assert words in schema.sentence


def test_leases_tell_who_works(installation: "Installation") -> None:
    with installation.app.app_context():
        assert [each.verdict for each in control_plane.check([])] == [Verdict.FAIL]
        [nobody] = control_plane.check([row for row, _ in all_nameservers()])
        assert (nobody.verdict, "Nobody works on ns1, ns2" in nobody.sentence) == (Verdict.WARN, True)
        leases.take("control.example:77:9c1b")
        db.session.remove()
        [somebody] = control_plane.check([row for row, _ in all_nameservers()])
        assert somebody.sentence == "control.example:77 works on ns1, ns2."


def test_zones_being_published_are_no_fault(installation: "Installation", alice: "FlaskClient") -> None:
    zone = alice.post("/api/v1/dns-zones/", json={"domain": "example.com"}).get_json()
    with installation.app.app_context():
        assert [each.sentence for each in zones.check()] == ["1 of 1 zones are being published."]
    serial = alice.get(f"/api/v1/dns-zones/{zone['uuid']}/status/").get_json()["serial"]
    installation.in_sync("example.com", serial)
    with installation.app.app_context():
        assert [each.sentence for each in zones.check()] == ["All 1 zones are in sync on every nameserver."]


def test_many_held_zones_are_few_words(installation: "Installation", alice: "FlaskClient") -> None:
    for number in range(5):
        made = alice.post("/api/v1/dns-zones/", json={"domain": f"z{number}.example.com"})
        installation.holds(f"z{number}.example.com", int(made.headers["X-Zone-Serial"]), "It is bad.")
    with installation.app.app_context():
        [held] = zones.check()
    assert held.sentence.startswith("5 held: z0.example.com (It is bad); z1.example.com")
    assert held.sentence.endswith("; and 2 more.")


# ---- what needs no database ----


def test_a_check_that_hangs_is_given_up() -> None:
    """What it found before that is told."""
    end = threading.Event()

    def hangs() -> Findings:
        yield ok("first", "This works.")
        end.wait(30)

    first, second = Examination("part", 0.2, hangs).findings()
    end.set()
    assert (first.sentence, second.name, second.verdict) == ("This works.", "part", Verdict.FAIL)
    assert second.sentence == "This did not end within 0.2 seconds."


def test_a_check_that_breaks_is_a_sentence() -> None:
    def breaks() -> Findings:
        yield ok("first", "This works.")
        raise ValueError("unforeseen\nand more")

    assert [each.sentence for each in Examination("part", 5, breaks).findings()] == [
        "This works.",
        "The check itself failed: unforeseen",
    ]


@pytest.mark.parametrize(
    ("free", "files", "verdict"),
    [(999, 10**6, "FAIL"), (1000, None, "warn"), (1999, 10**6, "warn"), (2000, None, "ok"), (5000, 999, "FAIL")],
)
def test_room_on_a_disk(free: int, files: int | None, verdict: str) -> None:
    assert disk.judge("disk", free, 10**4, files, least=1000).verdict == verdict


@pytest.mark.parametrize(
    ("text_", "line"),
    [("BIND 9.18.49-1~deb12u1-Debian", "9.18"), ("9.20.4", "9.20"), ("BIND 10", None), (None, None)],
)
def test_a_line_of_bind(text_: str | None, line: str | None) -> None:
    assert tools.minor(text_) == line


def test_another_bind_there_is_explained() -> None:
    greeting = Greeting(1, VERSION, "BIND 9.20.4-Debian", True, 3, None, 0)
    assert nameserver._version("ns1", greeting).verdict is Verdict.WARN
    same = dataclasses.replace(greeting, named=f"BIND {tools.version_here()}")
    assert nameserver._version("ns1", same).verdict is Verdict.OK


def test_an_agent_of_an_earlier_version_is_told(installation: "Installation") -> None:
    """It greets, and knows nothing of clocks and disks."""
    program = (
        "import sys\nfrom nameserver.agent.server import Agent\nfrom nameserver.agent import PROTOCOL, frames\n"
        "agent = Agent.__new__(Agent)\n"
        "agent._operations = {'hello': lambda *_: dict(protocol=PROTOCOL, agent='0.0.1', named='BIND 9.18.1',"
        " started='', running=True, zones=0, configuration=None, fence=0)}\n"
        "agent.serve(sys.stdin.buffer, sys.stdout.buffer)\n"
    )
    target = Target("ns1", (sys.executable, "-c", program), (), 53, "/nowhere")
    subject = nameserver.Subject(target, False, None, [])
    told = {each.name: each for each in nameserver.check(subject, installation.settings)}
    assert told["ns1 agent"].sentence == f"Its agent is 0.0.1, this is {VERSION}."
    assert "it is an older one" in told["ns1 clock"].sentence
    assert {told[name].verdict for name in ("ns1 agent", "ns1 clock")} == {Verdict.WARN}


def test_strays_are_told(installation: "Installation") -> None:
    target = Target("ns1", ("false",), (), 53, "/nowhere")
    subject = nameserver.Subject(target, False, None, ["a.example", "b.example"])
    told = {each.name: each for each in nameserver.check(subject, installation.settings)}
    assert told["ns1 login"].verdict is Verdict.FAIL
    assert "2 zones that the database does not know, such as a.example, b.example." in told["ns1 strays"].sentence
