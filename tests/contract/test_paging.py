"""Lists in pages: nothing lost, nothing twice, and all of a zone's records where no page is asked for."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.contract.forms import RECORDS, ZONES, added, created, record_url, records_of, zone_url
from tests.installation import ALICE, BOB

if TYPE_CHECKING:
    from tests.installation import Installation

Json = dict[str, Any]
NOTHING_MORE = 50


def next_of(answer: TestResponse) -> str | None:
    """Where the next page is, if there is one."""
    found = [re.fullmatch(r'<(/[^>]*)>; rel="next"', link) for link in answer.headers.getlist("Link")]
    assert len(found) <= 1
    assert all(found)
    return found[0][1] if found and found[0] else None


def pages(client: FlaskClient, url: str) -> Iterator[TestResponse]:
    """Every page from this one on."""
    following: str | None = url
    for _ in range(NOTHING_MORE):
        if following is None:
            return
        answer = client.get(following)
        assert answer.status_code == 200, answer.text
        yield answer
        following = next_of(answer)
    raise AssertionError("the pages have no end")


def walk(client: FlaskClient, url: str) -> list[Any]:
    return [item for answer in pages(client, url) for item in answer.get_json()]


@pytest.fixture
def filled(installation: "Installation", zone: Json) -> Json:
    """Alice's zone with 23 records."""
    installation.store_records(zone["uuid"], 23)
    return zone


@pytest.mark.parametrize("size", [1, 5, 22, 23, 24, 5000])
@pytest.mark.parametrize("parameter", ["limit", "page_size"])
def test_walk_is_complete(alice: FlaskClient, filled: Json, size: int, parameter: str) -> None:
    everything = records_of(alice, filled)
    flat = alice.get(RECORDS).get_json()
    assert len(everything) == len(flat) == 23
    for url, whole in ((zone_url(filled, "records/"), everything), (RECORDS, flat)):
        answers = list(pages(alice, f"{url}?{parameter}={size}"))
        assert [item for answer in answers for item in answer.get_json()] == whole
        assert [len(answer.get_json()) for answer in answers[:-1]] == [size] * (len(answers) - 1)
        assert answers[-1].get_json()
        assert {answer.headers["X-Total-Count"] for answer in answers} == {"23"}


def test_pages_of_zones(alice: FlaskClient, bob: FlaskClient) -> None:
    domains = [f"z{number}.example.net" for number in range(7)]
    for domain in domains:
        created(alice, domain)
        created(bob, f"{domain}.example.org")
    answers = list(pages(alice, f"{ZONES}?limit=3"))
    assert [[zone["domain"] for zone in answer.get_json()] for answer in answers] == [
        domains[:3],
        domains[3:6],
        domains[6:],
    ]
    assert {answer.headers["X-Total-Count"] for answer in answers} == {"7"}


def test_page_by_number(alice: FlaskClient, filled: Json) -> None:
    url, everything = zone_url(filled, "records/"), records_of(alice, filled)
    for page, size in ((1, 10), (2, 10), (3, 10), (4, 10), (1, 23), (1000000000, 5000)):
        answer = alice.get(f"{url}?page={page}&page_size={size}")
        assert answer.get_json() == everything[(page - 1) * size : page * size]
        assert answer.headers["X-Total-Count"] == "23"
        assert (next_of(answer) is not None) == (page * size < 23)
    assert alice.get(f"{url}?page=1").get_json() == everything
    assert alice.get(f"{url}?page=2").get_json() == []


@pytest.mark.parametrize("query", ["limit=2", "page_size=2", "page=1&page_size=2"])
def test_next_keeps_the_filters(alice: FlaskClient, zone: Json, query: str) -> None:
    other = created(alice, "example.net")
    for number in range(5):
        added(alice, zone, f"h{number} A 192.0.2.1")
        added(alice, zone, f"h{number} TXT x")
        added(alice, other, f"h{number} A 192.0.2.1")
    found = walk(alice, f"{RECORDS}?record_type=A&zone={zone['uuid']}&{query}")
    assert [(record["name"], record["record_type"], record["zone"]) for record in found] == [
        (f"h{number}", "A", zone["uuid"]) for number in range(5)
    ]


def test_next_keeps_the_spelling_of_the_url(alice: FlaskClient, filled: Json) -> None:
    url = zone_url(filled, "records").replace(filled["uuid"], filled["uuid"].upper())
    assert len(walk(alice, f"{url}?limit=10")) == 23


def test_walk_while_others_write(alice: FlaskClient, filled: Json) -> None:
    """What stood from the first page to the last is seen once, whatever comes and goes meanwhile."""
    stood = [record["uuid"] for record in records_of(alice, filled)]
    seen, gone = [], set()
    for number, answer in enumerate(pages(alice, f"{RECORDS}?limit=4")):
        names = [record["uuid"] for record in answer.get_json()]
        seen += names
        if number < 8:
            added(alice, filled, f"new{number} A 192.0.2.1")
        first, last = names[0], names[-1]
        for each in {first, last}:
            alice.delete(record_url({"uuid": each}))
            gone.add(each)
    assert [uuid for uuid in seen if uuid in stood] == stood
    assert len(set(seen)) == len(seen)
    assert gone


def test_cursor_survives_the_deletion_of_the_newest(alice: FlaskClient, zone: Json) -> None:
    """A database that gives the number of a deleted record to a new one would hide that one from the cursor."""
    records = [added(alice, zone, f"h{number} A 192.0.2.1") for number in range(4)]
    following = next_of(alice.get(f"{RECORDS}?limit=3"))
    assert following is not None
    for record in records[2:]:
        alice.delete(record_url(record))
    new = added(alice, zone, "new A 192.0.2.1")
    assert [record["uuid"] for record in alice.get(following).get_json()] == [new["uuid"]]


def test_cursor_is_good_after_its_record_is_gone(alice: FlaskClient, filled: Json) -> None:
    everything = records_of(alice, filled)
    first = alice.get(f"{RECORDS}?limit=10")
    alice.delete(record_url(everything[9]))
    following = next_of(first)
    assert following is not None
    assert [record["uuid"] for record in alice.get(following).get_json()] == [
        each["uuid"] for each in everything[10:20]
    ]


def test_cursor_of_one_account_opens_nothing_of_another(alice: FlaskClient, bob: FlaskClient, filled: Json) -> None:
    following = next_of(alice.get(f"{RECORDS}?limit=5"))
    assert following is not None
    answer = bob.get(following)
    assert (answer.status_code, answer.get_json(), answer.headers["X-Total-Count"]) == (200, [], "0")


# ---- without a page ----


def test_records_of_a_zone_are_complete(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    """`All records`, says the page: where no page is asked for, there is none."""
    installation.store_records(zone["uuid"], 1001)
    answer = alice.get(zone_url(zone, "records/"))
    assert (len(answer.get_json()), answer.headers["X-Total-Count"]) == (1001, "1001")
    assert next_of(answer) is None
    shown = alice.get(zone_url(zone)).get_json()
    assert (len(shown["records"]), shown["record_count"]) == (1001, 1001)
    assert alice.get(ZONES).get_json()[0]["record_count"] == 1001


def test_flat_records_have_a_thousand_a_page(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    installation.store_records(zone["uuid"], 1001)
    for query in ("", "?page=1", f"?zone={zone['uuid']}"):
        answers = list(pages(alice, f"{RECORDS}{query}"))
        assert [len(answer.get_json()) for answer in answers] == [1000, 1]
        assert {answer.headers["X-Total-Count"] for answer in answers} == {"1001"}
    assert len(alice.get(f"{RECORDS}?limit=5000").get_json()) == 1001


def test_zones_have_a_thousand_a_page(installation: "Installation", alice: FlaskClient, bob: FlaskClient) -> None:
    installation.store_zones(ALICE, 1001)
    created(bob, "example.org")
    answers = list(pages(alice, ZONES))
    assert [len(answer.get_json()) for answer in answers] == [1000, 1]
    assert len({zone["uuid"] for answer in answers for zone in answer.get_json()}) == 1001
    assert len(installation.client(BOB).get(ZONES).get_json()) == 1


def test_list_that_fits_has_no_next(alice: FlaskClient, filled: Json) -> None:
    for url in (ZONES, RECORDS, zone_url(filled, "records/"), f"{RECORDS}?limit=23"):
        answer = alice.get(url)
        assert next_of(answer) is None
        assert answer.headers["X-Total-Count"] == str(len(answer.get_json()))
