"""/metrics: who may read it, and that it tells the truth."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient

from tests.contract.forms import problem

if TYPE_CHECKING:
    from tests.installation import Installation


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


def test_held_and_unreachable_are_told(installation: "Installation", alice: FlaskClient, zone: dict[str, Any]) -> None:
    serial = alice.get(f"/api/v1/dns-zones/{zone['uuid']}/status/").get_json()["serial"]
    installation.holds(zone["domain"], serial)
    assert gauges(alice)["zonewright_zones_held"] == 1


def test_counters_of_all_processes_are_added(
    installation: "Installation", alice: FlaskClient, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What other processes counted lies in the shared folder."""
    import subprocess
    import sys

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
    from api.metrics import metrics

    alice.open("/healthz", method="NONSENSE")
    methods = {sample.labels.get("method") for sample in metrics().requests.collect()[0].samples}
    assert "NONSENSE" not in methods
    assert "other" in methods
