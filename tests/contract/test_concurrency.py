"""Many at once, in one process: everything acknowledged is there, and no rule is broken in between."""

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.models import Change, Publication, Zone
from nameserver.names import is_below
from nameserver.serial import newest
from tests.contract.forms import ZONES, add, added, problem, record_url, records_of, serial, zone_url
from tests.installation import ALICE, BOB, NAMESERVERS, together

if TYPE_CHECKING:
    from tests.installation import Installation

Json = dict[str, Any]


def post(installation: "Installation", zone: Json, line: str, **more: Any) -> TestResponse:
    """A new client for each, as each thread has."""
    return add(installation.client(), zone, line, **more)


def statuses(answers: list[TestResponse]) -> dict[int, int]:
    """How often each status was answered."""
    found = [answer.status_code for answer in answers]
    return {status: found.count(status) for status in sorted(set(found))}


def check_zone(installation: "Installation", client: FlaskClient, zone: Json, writes: list[TestResponse]) -> None:
    """Every write has a serial and a change of its own, and the nameservers are due for the newest."""
    serials = [serial(write) for write in writes]
    assert len(set(serials)) == len(serials)
    last = client.get(zone_url(zone, "status/")).get_json()["serial"]
    assert newest(serials) == last
    names = {write.headers["X-Change-Id"] for write in writes}
    kept = dict(installation.stored(Change, "uuid", "serial"))
    assert {kept[name] for name in names} == set(serials)
    wanted = [(domain, number) for domain, number in installation.stored(Publication, "domain", "wanted")]
    assert [number for domain, number in wanted if domain == zone["domain"]] == [last] * len(NAMESERVERS)


def test_32_create_records_in_one_zone(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    def several(number: int) -> list[TestResponse]:
        return [post(installation, zone, f"h{number} A 192.0.2.{index}") for index in range(3)]

    answers = [answer for some in together([partial(several, number) for number in range(32)]) for answer in some]
    assert statuses(answers) == {201: 96}
    found = records_of(alice, zone)
    assert sorted(record["uuid"] for record in found) == sorted(answer.get_json()["uuid"] for answer in answers)
    check_zone(installation, alice, zone, answers)


def test_20_create_the_same_record(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    spellings = ["www AAAA 2001:db8::1", "WWW AAAA 2001:0DB8::1", "www.example.com. AAAA 2001:db8:0::1"]
    actions = [partial(post, installation, zone, spellings[index % 3]) for index in range(20)]
    answers = together(actions)
    assert statuses(answers) == {201: 1, 400: 19}
    for answer in answers:
        if answer.status_code == 400:
            problem(answer, field="value", says="exists")
    assert len(records_of(alice, zone)) == 1
    check_zone(installation, alice, zone, [answer for answer in answers if answer.status_code == 201])


def test_20_create_a_cname_and_others(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    """Either the CNAME alone, or the others."""
    lines = [f"www CNAME h{index}.example.net" if index % 2 else f"www TXT {index}" for index in range(20)]
    answers = together([partial(post, installation, zone, line) for line in lines])
    types = [record["record_type"] for record in records_of(alice, zone)]
    assert types in (["CNAME"], ["TXT"] * 10)
    assert statuses(answers) == {201: len(types), 400: 20 - len(types)}


def test_20_fill_an_rrset(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    for number in range(90):
        added(alice, zone, f"www A 192.0.2.{number}")
    answers = together([partial(post, installation, zone, f"www A 198.51.100.{index}") for index in range(20)])
    assert statuses(answers) == {201: 10, 400: 10}
    assert len(records_of(alice, zone)) == 100


def test_16_write_a_ttl_each(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    """The RRset ends with one TTL, the last one written."""
    records = [added(alice, zone, f"www A 192.0.2.{number}") for number in range(16)]

    def patch(number: int) -> TestResponse:
        return installation.client().patch(record_url(records[number]), json={"ttl": 100 + number})

    answers = together([partial(patch, number) for number in range(16)])
    assert statuses(answers) == {200: 16}
    last = max(answers, key=serial)
    assert {record["ttl"] for record in records_of(alice, zone)} == {last.get_json()["ttl"]}
    check_zone(installation, alice, zone, answers)


@pytest.mark.parametrize("clients", [8, pytest.param(50, marks=(pytest.mark.long, pytest.mark.timeout(900)))])
def test_no_update_of_an_rrset_is_lost(
    installation: "Installation", alice: FlaskClient, zone: Json, clients: int
) -> None:
    """Each client counts on from what it read, in one or the other record of the RRset; a 412 sends it back to read."""
    counters = [added(alice, zone, f"count TXT {name}:0") for name in "ab"]
    turns = 4

    def count(client: FlaskClient, record: Json) -> TestResponse:
        while True:
            read = client.get(record_url(record))
            name, _, number = read.get_json()["value"].partition(":")
            body, tag = {"value": f"{name}:{int(number) + 1}"}, read.headers["ETag"]
            answer = client.patch(record_url(record), json=body, headers={"If-Match": tag})
            if answer.status_code != 412:
                return answer
            assert "Its last change: number " in answer.get_json()["detail"]

    def several(index: int) -> list[TestResponse]:
        client = installation.client()
        return [count(client, counters[(index + turn) % 2]) for turn in range(turns)]

    answers = together([partial(several, index) for index in range(clients)], seconds=600)
    done = [answer for some in answers for answer in some]
    assert statuses(done) == {200: clients * turns}
    half = clients * turns // 2
    assert [record["value"] for record in records_of(alice, zone)] == [f"a:{half}", f"b:{half}"]
    written = sorted(each["value"] for (added_,) in installation.stored(Change, "added")[3:] for each in added_)
    assert written == sorted(f"{name}:{number}" for name in "ab" for number in range(1, half + 1))
    check_zone(installation, alice, zone, done)


def test_nothing_is_written_once_it_is_locked(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    """What was written before the lock is there; what came after it is refused."""
    actions: list[Any] = [partial(post, installation, zone, f"h{index} A 192.0.2.1") for index in range(19)]
    body = {"reason": "moving"}
    lock = [lambda: installation.client().post(zone_url(zone, "locks/"), json=body)]
    answers = together([*actions[:10], *lock, *actions[10:]])
    assert set(statuses(answers)) <= {201, 409}
    actions_ = [action for _, action in sorted(installation.stored(Change, "number", "action"))]
    assert actions_ == ["zone.create", *["records"] * (len(actions_) - 2), "lock"]
    assert len(records_of(alice, zone)) == len(actions_) - 2 == statuses(answers)[201] - 1


def test_16_delete_one_record(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    record = added(alice, zone, "www A 192.0.2.1")
    answers = together([lambda: installation.client().delete(record_url(record)) for _ in range(16)])
    assert statuses(answers) == {204: 1, 404: 15}
    assert records_of(alice, zone) == []


def test_records_while_their_zone_is_deleted(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    """A record is added to a zone that is there, or not at all."""
    actions: list[Any] = [partial(post, installation, zone, f"h{index} A 192.0.2.1") for index in range(15)]
    answers = together([*actions, lambda: installation.client().delete(zone_url(zone))])
    assert answers[-1].status_code == 204
    assert set(statuses(answers[:-1])) <= {201, 404}
    change = alice.get(f"/api/v1/dns-changes/{answers[-1].headers['X-Change-Id']}/").get_json()
    made = {answer.get_json()["uuid"] for answer in answers[:-1] if answer.status_code == 201}
    assert {record["uuid"] for record in change["removed"]} == made


def test_50_create_overlapping_zones(installation: "Installation") -> None:
    """Same, parent and child, from two accounts: each domain once, and no two accounts above one another."""
    domains = ["example.com", "a.example.com", "b.a.example.com", "x.example.com", "example.net"]

    def create(index: int) -> TestResponse:
        account = ALICE if index % 2 else BOB
        return installation.client(account).post(ZONES, json={"domain": domains[index // 2 % len(domains)]})

    answers = together([partial(create, index) for index in range(50)])
    assert set(statuses(answers)) == {201, 400}
    for answer in answers:
        if answer.status_code == 400:
            problem(answer, field="domain")
    zones = installation.stored(Zone, "domain", "account_id")
    assert sorted(domain for domain, _ in zones) == sorted(
        answer.get_json()["domain"] for answer in answers if answer.status_code == 201
    )
    assert len({domain for domain, _ in zones}) == len(zones)
    owners = {(owner, other) for domain, owner in zones for below, other in zones if is_below(below, domain)}
    assert all(owner == other for owner, other in owners)
    assert {"example.net"} <= {domain for domain, _ in zones}
    kept = [row[0] for row in installation.stored(Publication, "domain")]
    assert sorted(kept) == sorted([domain for domain, _ in zones] * len(NAMESERVERS))


def test_reads_go_on_while_others_write(installation: "Installation", zone: Json) -> None:
    """Each sees a whole state: the number of records and the records agree."""

    def read(_: int) -> list[TestResponse]:
        return [installation.client().get(zone_url(zone)) for _ in range(10)]

    def write(number: int) -> list[TestResponse]:
        return [post(installation, zone, f"h{number} A 192.0.2.{index}") for index in range(5)]

    results = together([partial(read if number % 2 else write, number) for number in range(16)])
    for answer in (answer for some in results for answer in some):
        assert answer.status_code in (200, 201), answer.text
        if answer.status_code == 200:
            assert answer.get_json()["record_count"] == len(answer.get_json()["records"])
