"""Two APIs of two processes each on one PostgreSQL: many at once, and each rule holds over all of them."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from api.models import Publication, Record, Zone
from nameserver.names import is_below
from tests.fuzz.server import Client, Server, serving
from tests.installation import ALICE, BOB, NAMESERVERS, together

if TYPE_CHECKING:
    from tests.postgres import Postgres

DOMAINS = ("example.com", "a.example.com", "b.a.example.com", "x.example.com", "example.net")


@pytest.fixture(scope="module")
def servers(postgres: "Postgres", tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """Each with a data folder of its own, as on two hosts."""
    url = postgres.create("two_apis")
    folders = [tmp_path_factory.mktemp(f"api{number}") for number in range(2)]
    with serving(folders[0], url) as one, serving(Path(folders[1]), url, beside=one) as other:
        yield one, other


def at_once(
    servers: tuple[Server, Server], number: int, action: Callable[[Client, int], requests.Response], account: str = ""
) -> list[requests.Response]:
    """So many clients, each on a connection of its own, by turns at one API and at the other."""
    accounts = (account,) if account else (ALICE, BOB)
    secrets = servers[0].database.secrets

    def act(index: int) -> requests.Response:
        client = Client(servers[index % 2], secrets[accounts[index // 2 % len(accounts)]])
        try:
            return action(client, index)
        finally:
            client.close()

    return together([partial(act, index) for index in range(number)])


def test_50_create_overlapping_zones(servers: tuple[Server, Server]) -> None:
    """Each domain once, and no two accounts above one another."""
    answers = at_once(
        servers, 50, lambda client, index: client.call("POST", "dns-zones/", {"domain": DOMAINS[index // 4 % 5]})
    )
    assert {answer.status_code for answer in answers} == {201, 400}
    zones = servers[0].database.stored(Zone, "domain", "account_id")
    made = Counter(answer.json()["domain"] for answer in answers if answer.status_code == 201)
    assert made == Counter(domain for domain, _ in zones)
    assert max(made.values()) == 1
    assert all(owner == other for domain, owner in zones for below, other in zones if is_below(below, domain))
    kept = Counter(domain for (domain,) in servers[0].database.stored(Publication, "domain"))
    assert kept == Counter([domain for domain, _ in zones] * len(NAMESERVERS))


def test_20_create_a_cname(servers: tuple[Server, Server]) -> None:
    """One wins, and moves the serial alone."""
    client = Client(servers[0])
    zone: dict[str, Any] = client.call("POST", "dns-zones/", {"domain": "cname.example.org"}).json()

    def create(client: Client, index: int) -> requests.Response:
        body = {"record_type": "CNAME", "name": "www", "value": f"h{index}.example.net"}
        return client.call("POST", f"dns-zones/{zone['uuid']}/records/", body)

    answers = at_once(servers, 20, create, ALICE)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 400: 19}
    [winner] = [answer for answer in answers if answer.status_code == 201]
    stored = [row for row in servers[0].database.stored(Record, "uuid", "name", "value") if row[1] == "www"]
    assert stored == [(winner.json()["uuid"], "www", winner.json()["value"])]
    assert client.call("GET", f"dns-zones/{zone['uuid']}/status/").json()["serial"] == int(
        winner.headers["X-Zone-Serial"]
    )
    client.close()


def test_20_send_one_write_again(servers: tuple[Server, Server]) -> None:
    """The same key at both APIs: done once."""
    client = Client(servers[1])
    zone: dict[str, Any] = client.call("POST", "dns-zones/", {"domain": "again.example.org"}).json()
    body = [{"record_type": "TXT", "name": "@", "value": "once"}]

    def create(client: Client, _: int) -> requests.Response:
        return client.call("POST", f"dns-zones/{zone['uuid']}/records/", body, Idempotency_Key="once")

    answers = at_once(servers, 20, create, ALICE)
    assert {answer.status_code for answer in answers} <= {201, 409}
    done = {answer.json()[0]["uuid"] for answer in answers if answer.status_code == 201}
    assert len(done) == 1
    assert [row["uuid"] for row in client.call("GET", f"dns-zones/{zone['uuid']}/records/").json()] == list(done)
    client.close()
