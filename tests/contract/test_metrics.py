"""/metrics: who may read it, and that it tells the truth."""

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from api import metrics
from api.changes import leases, observations
from api.database import now, writing
from api.models import Change, Publication
from nameserver.plan import Action, Item, Outcome, State
from nameserver.publish import Published
from tests.contract.forms import problem

if TYPE_CHECKING:
    from tests.installation import Installation

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gauges only: counters are shared by the processes of a real installation."""
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)


def gauges(client: FlaskClient) -> dict[str, float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "text/plain"
    return {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in answer.text.splitlines() if line[0] != "#"
    }


def test_no_token_is_needed_on_loopback(installation: "Installation") -> None:
    assert installation.app.test_client().get("/metrics").status_code == 200


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "", "nonsense"])
def test_other_addresses_may_not_read_it(installation: "Installation", address: str) -> None:
    client = installation.app.test_client()
    problem(client.get("/metrics", environ_overrides={"REMOTE_ADDR": address}), 403, says="metrics_networks")


def test_the_setting_lets_networks_in(install: "Callable[..., Installation]") -> None:
    client = install(metrics_networks=("192.0.2.0/24",)).app.test_client()
    assert client.get("/metrics", environ_overrides={"REMOTE_ADDR": "192.0.2.77"}).status_code == 200
    assert client.get("/metrics", environ_overrides={"REMOTE_ADDR": "127.0.0.1"}).status_code == 403


def test_gauges_tell_the_present_state(installation: "Installation", alice: FlaskClient, zone: dict[str, Any]) -> None:
    first = gauges(alice)
    assert first["zonewright_zones"] == 1
    assert first['zonewright_nameserver_behind{nameserver="ns1"}'] == 1
    assert first["zonewright_oldest_open_seconds"] >= 0
    serial = alice.get(f"/api/v1/dns-zones/{zone['uuid']}/status/").get_json()["serial"]
    installation.in_sync(zone["domain"], serial)
    settled = gauges(alice)
    assert settled['zonewright_nameserver_behind{nameserver="ns1"}'] == 0
    assert settled["zonewright_oldest_open_seconds"] == 0
    assert settled["zonewright_zones_held"] == 0


def test_an_old_change_stays_old(installation: "Installation", alice: FlaskClient, zone: dict[str, Any]) -> None:
    """Neither a refusal, which is tried again later, nor a newer change makes it younger."""
    serial = standing(alice, zone)
    installation.in_sync(zone["domain"], serial)
    alice.post(
        f"/api/v1/dns-zones/{zone['uuid']}/records/", json={"record_type": "A", "name": "a", "value": "192.0.2.1"}
    )
    with installation.app.app_context(), writing() as session:
        made = now() - timedelta(seconds=500)
        session.execute(update(Change).where(Change.serial == standing(alice, zone)).values(created_at=made))
    installation.fails("ns1", zone["domain"], standing(alice, zone))
    assert 500 <= gauges(alice)["zonewright_oldest_open_seconds"] < 560
    alice.post(
        f"/api/v1/dns-zones/{zone['uuid']}/records/", json={"record_type": "A", "name": "b", "value": "192.0.2.1"}
    )
    assert 500 <= gauges(alice)["zonewright_oldest_open_seconds"] < 560
    installation.in_sync(zone["domain"], standing(alice, zone))
    assert gauges(alice)["zonewright_oldest_open_seconds"] == 0


def test_an_old_deletion_stays_old(installation: "Installation", alice: FlaskClient, zone: dict[str, Any]) -> None:
    serial = standing(alice, zone)
    alice.delete(f"/api/v1/dns-zones/{zone['uuid']}/")
    with installation.app.app_context(), writing() as session:
        session.execute(update(Publication).values(due_at=now() + timedelta(seconds=300)))
    assert 0 < gauges(alice)["zonewright_oldest_open_seconds"] < 60
    for name in ("ns1", "ns2"):
        installation.no_longer_answers(name, zone["domain"], serial + 1)
    assert gauges(alice)["zonewright_oldest_open_seconds"] == 0


def test_publication_is_measured_from_the_commit(
    installation: "Installation", alice: FlaskClient, zone: dict[str, Any]
) -> None:
    """A refusal moves the next try, not the beginning; what is not what is wanted any more is not counted."""
    serial = standing(alice, zone)
    with installation.app.app_context(), writing() as session:
        session.execute(update(Change).values(created_at=now() - timedelta(seconds=40)))
    installation.fails("ns1", zone["domain"], serial)
    assert 40 <= seconds(installation, zone, serial)[0] < 60
    assert seconds(installation, zone, serial - 1) == []
    installation.answers("ns1", zone["domain"], serial)
    assert seconds(installation, zone, serial) == []


def seconds(installation: "Installation", zone: dict[str, Any], serial: int) -> list[float]:
    """How long an answer of ns1 with this serial would have taken."""
    outcomes = [Outcome(zone["domain"], State.IN_SYNC, serial)]
    published = Published("ns1", [Item(zone["domain"], Action.PUBLISH, serial)], outcomes)
    with installation.app.app_context():
        return [(now() - since).total_seconds() for since in observations.waiting_since(published)]


def add_record(client: FlaskClient, zone: dict[str, Any], name: str) -> None:
    """One more change of the zone."""
    body = {"record_type": "A", "name": name, "value": "192.0.2.1"}
    assert client.post(f"/api/v1/dns-zones/{zone['uuid']}/records/", json=body).status_code == 201


def standing(client: FlaskClient, zone: dict[str, Any]) -> int:
    """The zone's serial."""
    return int(client.get(f"/api/v1/dns-zones/{zone['uuid']}/status/").get_json()["serial"])


def test_nameservers_are_told(installation: "Installation", alice: FlaskClient) -> None:
    first = gauges(alice)
    assert first['zonewright_nameserver_leased{nameserver="ns1"}'] == 0
    assert 'zonewright_nameserver_contact_seconds{nameserver="ns1"}' not in first
    with installation.app.app_context():
        leases.take("somebody")
    installation.contact("ns1", None)
    installation.contact("ns2", "It is away.")
    installation.pause("ns2")
    then = gauges(alice)
    assert then['zonewright_nameserver_leased{nameserver="ns1"}'] == 1
    assert 0 <= then['zonewright_nameserver_contact_seconds{nameserver="ns1"}'] < 60
    assert [then[f'zonewright_nameserver_{what}{{nameserver="ns2"}}'] for what in ("up", "paused")] == [0, 1]


def test_failed_zones_are_told(installation: "Installation", alice: FlaskClient, zone: dict[str, Any]) -> None:
    installation.fails("ns1", zone["domain"], standing(alice, zone))
    assert gauges(alice)["zonewright_zones_failed"] == 1


def test_held_and_unreachable_are_told(installation: "Installation", alice: FlaskClient, zone: dict[str, Any]) -> None:
    serial = alice.get(f"/api/v1/dns-zones/{zone['uuid']}/status/").get_json()["serial"]
    installation.holds(zone["domain"], serial)
    assert gauges(alice)["zonewright_zones_held"] == 1


def test_counters_of_all_processes_are_added(
    installation: "Installation", alice: FlaskClient, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What other processes counted lies in the shared folder."""
    folder = tmp_path / "metrics"
    folder.mkdir()
    count = "from api.metrics import metrics; metrics().requests.labels('GET', '/x/', 200).inc({})"
    for times in (2, 3):
        subprocess.run(
            [sys.executable, "-c", count.format(times)], check=True, env={"PROMETHEUS_MULTIPROC_DIR": str(folder)}
        )
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(folder))
    text = alice.get("/metrics").text
    assert re.search(r'zonewright_api_requests_total\{method="GET",route="/x/",status="200"\} 5\.0', text)


def test_an_unknown_method_is_one_label(alice: FlaskClient) -> None:
    """A label with as many values as somebody cares to send would fill the memory."""
    alice.open("/healthz", method="NONSENSE")
    methods = {sample.labels.get("method") for sample in metrics.metrics().requests.collect()[0].samples}
    assert "NONSENSE" not in methods
    assert "other" in methods


def test_a_dead_process_waits_for_nothing(
    alice: FlaskClient, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, installation: "Installation"
) -> None:
    """What a killed one had in use is forgotten: by its master, or by the next start."""
    program = "import os; from api.metrics import metrics; metrics().waiters.inc(3); print(os.getpid())"
    folder = tmp_path / "metrics"
    folder.mkdir()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(folder))
    pids = [int(subprocess.check_output([sys.executable, "-c", program])) for _ in range(2)]
    assert gauges(alice)["zonewright_api_waiters"] == 6
    metrics.forget_process(pids[0])
    assert gauges(alice)["zonewright_api_waiters"] == 3
    shared = installation.settings.data.absolute() / "metrics"
    shared.mkdir(exist_ok=True)
    for file in folder.glob("gauge_live*"):
        file.rename(shared / file.name)
    metrics.share(installation.settings, fresh=False)
    assert "zonewright_api_waiters 3" not in alice.get("/metrics").text


def counted(alice: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Every family that is served once everything has been counted, by the name it has in the text."""
    folder = tmp_path / "metrics"
    folder.mkdir()
    program = (
        "from api.metrics import metrics; m = metrics(); m.waiters.inc()\n"
        "m.requests.labels('GET', '/', 200).inc(); m.request_seconds.labels('GET', '/').observe(1)\n"
        "m.publications.labels('ns1', 'in_sync').inc(); m.publication_seconds.labels('ns1').observe(1)\n"
        "m.drifts.labels('ns1', 'file').inc()\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env={"PROMETHEUS_MULTIPROC_DIR": str(folder)})
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(folder))
    families = text_string_to_metric_families(alice.get("/metrics").text)
    return {each.name + ("_total" if each.type == "counter" else ""): each for each in families}


def test_names_are_those_of_prometheus(alice: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """https://prometheus.io/docs/practices/naming/: a prefix, base units, no unit but seconds, a help text."""
    for name, family in counted(alice, tmp_path, monkeypatch).items():
        assert re.fullmatch(r"zonewright(_[a-z]+)+", name)
        assert not re.search(r"_(milliseconds|ms|minutes|count|sum|bucket)$", name), name
        assert name.endswith("_seconds") == (family.type == "histogram" or "seconds" in name)
        assert family.documentation.endswith((".", "?"))
        labels = {label for sample in family.samples for label in sample.labels}
        assert labels <= {"method", "route", "status", "nameserver", "outcome", "kind", "le"}, name


def test_every_metric_is_documented(alice: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs/reference/metrics.md").read_text()
    listed = re.findall(r"^\| `(\w+)` \| (\w+) \| ([\w, ]*?) ?\|", text, re.MULTILINE)
    served = counted(alice, tmp_path, monkeypatch)
    assert {name: kind for name, kind, _ in listed} == {name: family.type for name, family in served.items()} | {
        "zonewright_nameserver_contact_seconds": "gauge"
    }
    for name, _, labels in listed:
        found = {label for sample in served[name].samples for label in sample.labels} - {"le"}
        assert not found or found == set(labels.split(", ")), name


def test_alerts_use_what_is_served(alice: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each alert has a sentence, a mend, and an expression of metrics that there are."""
    served = set(counted(alice, tmp_path, monkeypatch))
    [group] = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text())["groups"]
    assert len({rule["alert"] for rule in group["rules"]}) == len(group["rules"])
    for rule in group["rules"]:
        assert re.fullmatch(r"[A-Z\"{].*\.", rule["annotations"]["summary"]), rule["alert"]
        assert rule["annotations"]["mend"]
        used = {name.removesuffix("_bucket") for name in re.findall(r"zonewright_\w+", rule["expr"])}
        assert used <= served, rule["alert"]
