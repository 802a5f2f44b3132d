"""`ETag`, `If-Match`, `If-None-Match`: nothing is written over unseen, nothing is sent twice."""

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.contract.forms import (
    PROBLEM,
    RECORDS,
    UNKNOWN,
    ZONES,
    add,
    added,
    created,
    locked,
    problem,
    record_url,
    records_of,
    serial,
    zone_url,
)
from tests.contract.test_dry_run import BATCHES, everything
from tests.installation import together

if TYPE_CHECKING:
    from tests.installation import Installation

Json = dict[str, Any]


def etag_of(client: FlaskClient, url: str) -> str:
    """The entity tag: a strong one, in quotes, without a comma."""
    answer = client.get(url)
    assert answer.status_code == 200
    tag = answer.headers["ETag"]
    assert tag[0] == tag[-1] == '"'
    assert tag[1:-1].isascii()
    assert not {'"', ","} & set(tag[1:-1])
    return tag


def changed_meanwhile(answer: TestResponse, tag: str) -> None:
    """The answer is a 412 that names the present tag."""
    assert answer.status_code == 412, answer.text
    assert list(answer.get_json()) == PROBLEM
    assert (answer.get_json()["error_code"], answer.get_json()["field"]) == ("precondition_failed", None)
    assert tag in answer.get_json()["detail"]


@pytest.fixture
def record(alice: FlaskClient, zone: Json) -> Json:
    return added(alice, zone, "www A 192.0.2.1")


# ---- which tag ----


def test_tag_changes_when_the_content_does(
    installation: "Installation", alice: FlaskClient, zone: Json, record: Json
) -> None:
    """And only then, whatever is written elsewhere, tried, refused or reported."""
    sibling, other = added(alice, zone, "www A 192.0.2.2"), created(alice, "example.net")
    urls = [record_url(record), record_url(sibling), zone_url(zone), zone_url(other)]
    seen: dict[str, dict[str, str]] = {url: {} for url in urls}
    last: dict[str, str] = {}

    def look(changed: int) -> None:
        """So many of the four have changed since the last look."""
        count = 0
        for url in urls:
            answer = alice.get(url)
            assert seen[url].setdefault(answer.text, answer.headers["ETag"]) == answer.headers["ETag"]
            count += last.get(url) != answer.headers["ETag"]
            last[url] = answer.headers["ETag"]
        assert len(set(last.values())) == 4
        assert count == changed

    look(4)
    look(0)
    alice.put(urls[0], json=record)
    alice.patch(urls[0], json={})
    alice.patch(f"{urls[0]}?dry_run=true", json={"ttl": 5})
    problem(alice.patch(urls[0], json={"value": "x"}), field="value")
    problem(add(alice, zone, "www A 192.0.2.1"), field="value")
    installation.in_sync("example.com", alice.get(zone_url(zone, "status/")).get_json()["serial"])
    look(0)
    for body in ({"value": "192.0.2.3"}, {"name": "w"}, {"record_type": "TXT"}, {"ttl": 77}):
        alice.patch(urls[0], json=body)
        look(2)
    mail = {"record_type": "MX", "value": "mail.example.net", "priority": 1}
    for body in (mail, {"priority": 2}):
        alice.patch(urls[0], json=body)
        look(2)
    added(alice, zone, "www A 192.0.2.9", ttl=60)
    look(2)  # the sibling has a new TTL
    added(alice, other, "www A 192.0.2.9")
    look(1)
    alice.delete(zone_url(zone))
    assert created(alice, "example.com")["uuid"] != zone["uuid"]
    again = [each["uuid"] for each in alice.get(ZONES).get_json() if each["domain"] == "example.com"]
    assert etag_of(alice, f"{ZONES}{again[0]}/") not in last.values()


def test_head_has_the_tag(alice: FlaskClient, record: Json) -> None:
    assert alice.head(record_url(record)).headers["ETag"] == etag_of(alice, record_url(record))


# ---- If-None-Match ----


@pytest.mark.parametrize("kind", ["zone", "record"])
@pytest.mark.parametrize(
    "header",
    [
        "{tag}",
        "W/{tag}",
        '"x", {tag}',
        '"x",{tag},"y"',
        '  "x" ,\tW/{tag} ',
        '"a,b", {tag}',
        ', {tag},, "x"',
        "*",
        " * ",
    ],
)
def test_known_content_is_not_sent_again(alice: FlaskClient, zone: Json, record: Json, kind: str, header: str) -> None:
    url = zone_url(zone) if kind == "zone" else record_url(record)
    tag = etag_of(alice, url)
    answer = alice.get(url, headers={"If-None-Match": header.format(tag=tag)})
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", tag)
    assert "Authorization" in answer.headers["Vary"]


@pytest.mark.parametrize("header", ['"x"', 'W/"x"', '""', '"x", "y"', '"{bare}x"', '"x{bare}"'])
def test_other_content_is_sent(alice: FlaskClient, zone: Json, record: Json, header: str) -> None:
    for url in (zone_url(zone), record_url(record)):
        bare = etag_of(alice, url).strip('"')
        answer = alice.get(url, headers={"If-None-Match": header.format(bare=bare)})
        assert (answer.status_code, answer.data) == (200, alice.get(url).data)


def test_tag_of_before_the_change_is_other_content(alice: FlaskClient, zone: Json, record: Json) -> None:
    for url in (zone_url(zone), record_url(record)):
        tag = etag_of(alice, url)
        alice.patch(record_url(record), json={"ttl": len(url)})
        assert alice.get(url, headers={"If-None-Match": tag}).status_code == 200


# ---- malformed ----

MALFORMED = ["x", "", " ", '"', '"x', 'x"', '"x" "y"', '"x";"y"', 'w/"x"', 'W/ "x"', "W/x", "**", '*, "x"', "W/*", ","]


@pytest.mark.parametrize("header", MALFORMED)
def test_malformed_tags(installation: "Installation", alice: FlaskClient, zone: Json, header: str) -> None:
    """A condition that can't be read is no condition that holds."""
    record = added(alice, zone, "www A 192.0.2.1")
    before = everything(installation)
    for url in (zone_url(zone), record_url(record)):
        problem(alice.get(url, headers={"If-None-Match": header}), field="If-None-Match")
    for method, url in (("DELETE", zone_url(zone)), ("PATCH", record_url(record)), ("DELETE", record_url(record))):
        body = {"json": {"ttl": 60}} if method == "PATCH" else {}
        problem(alice.open(url, method=method, headers={"If-Match": header}, **body), field="If-Match")
    assert everything(installation) == before


def test_long_headers_are_read_at_once(alice: FlaskClient, record: Json) -> None:
    """No text makes the reading take longer than its length."""
    for header in ('"x",' * 5000 + "x", "," * 20_000, '"' + "W/" * 10_000, " " * 20_000 + "x"):
        problem(alice.patch(record_url(record), json={}, headers={"If-Match": header}), field="If-Match")


# ---- If-Match ----

BODY = {"record_type": "A", "name": "www", "value": "192.0.2.7"}
GUARDED = {
    "PUT record": ("PUT", "record", BODY),
    "PATCH record": ("PATCH", "record", {"ttl": 60}),
    "DELETE record": ("DELETE", "record", None),
    "POST records": ("POST", "records", BODY),
    "POST array": ("POST", "records", [BODY, BODY | {"name": "a"}]),
    "DELETE zone": ("DELETE", "zone", None),
}


@pytest.mark.parametrize("write", GUARDED)
def test_write_only_what_was_read(
    installation: "Installation", alice: FlaskClient, zone: Json, record: Json, write: str
) -> None:
    method, noun, body = GUARDED[write]
    read = record_url(record) if noun == "record" else zone_url(zone)
    url = zone_url(zone, "records/") if noun == "records" else read

    def send(header: str) -> TestResponse:
        return alice.open(url, method=method, headers={"If-Match": header}, **({} if body is None else {"json": body}))

    old = etag_of(alice, read)
    alice.patch(record_url(record), json={"value": "192.0.2.3"})
    tag, before = etag_of(alice, read), everything(installation)
    for header in (old, '"x"', f'"x", {old}', f"W/{tag}", f'W/{tag}, "x"', f'"{tag[1:-1]}x"'):
        changed_meanwhile(send(header), tag)
    assert everything(installation) == before
    assert send(f'"x", {tag}').status_code in (200, 201, 204)
    assert everything(installation) != before


@pytest.mark.parametrize("write", GUARDED)
def test_star_is_whatever_is_there(alice: FlaskClient, zone: Json, record: Json, write: str) -> None:
    method, noun, body = GUARDED[write]
    base = {"record": RECORDS, "records": ZONES, "zone": ZONES}[noun]
    rest = "records/" if noun == "records" else ""
    uuid = record["uuid"] if noun == "record" else zone["uuid"]
    more = {"headers": {"If-Match": "*"}, **({} if body is None else {"json": body})}
    problem(alice.open(f"{base}{UNKNOWN}/{rest}", method=method, **more), 404)
    assert alice.open(f"{base}{uuid}/{rest}", method=method, **more).status_code in (200, 201, 204)


def test_condition_tells_nothing_of_a_foreign_record(alice: FlaskClient, bob: FlaskClient, record: Json) -> None:
    tag = etag_of(alice, record_url(record))
    for header in (tag, "*", '"x"'):
        problem(bob.patch(record_url(record), json={"ttl": 60}, headers={"If-Match": header}), 404)
        problem(bob.get(record_url(record), headers={"If-None-Match": header}), 404)


def test_condition_where_there_is_no_tag_is_refused(installation: "Installation", alice: FlaskClient) -> None:
    """Who sends one relies on it: it must not be passed over."""
    before = everything(installation)
    for url, body in (
        (ZONES, {"domain": "example.net"}),
        (BATCHES, {"operations": [{"action": "create_zone", "domain": "example.net"}]}),
    ):
        for header in ('"x"', "*"):
            problem(alice.post(url, json=body, headers={"If-Match": header}), field="If-Match")
    assert everything(installation) == before


def test_412_of_a_zone_tells_the_changes_since(alice: FlaskClient, zone: Json, record: Json) -> None:
    """The newest few, and how many there were."""
    tag = etag_of(alice, zone_url(zone))

    def said(tag: str) -> str:
        answer = alice.post(zone_url(zone, "records/"), json=BODY, headers={"If-Match": tag})
        changed_meanwhile(answer, etag_of(alice, zone_url(zone)))
        return str(answer.get_json()["detail"])

    alice.patch(record_url(record), json={"ttl": 60})
    assert "Since then: number 3 by alice@example.org (all), of www A. Read it again, then write." in said(tag)
    hosts = [{"record_type": "A", "name": f"h{index}", "value": "192.0.2.1"} for index in range(5)]
    alice.post(zone_url(zone, "records/"), json=hosts)
    locked(alice, zone, "no write", name="h9")  # it moves no serial
    alice.delete(record_url(record))
    alice.patch(record_url(added(alice, zone, "a A 192.0.2.1")), json={"ttl": 5})
    by = "by alice@example.org (all), of"
    told = f"number 8 {by} a A; number 7 {by} a A; number 6 {by} www A, and 2 before. Read"
    assert f"Since then: {told}" in said(tag)
    for other in ('"x"', f'"{zone["uuid"][:8]}-1"', f'"{zone["uuid"][:8]}-99999999999"'):
        assert "Since then" not in said(other)


def test_412_of_a_record_tells_its_last_change(alice: FlaskClient, zone: Json, record: Json) -> None:
    tag = etag_of(alice, record_url(record))
    alice.patch(record_url(record), json={"ttl": 60})
    added(alice, zone, "other A 192.0.2.1")
    answer = alice.delete(record_url(record), headers={"If-Match": tag})
    changed_meanwhile(answer, etag_of(alice, record_url(record)))
    assert "Its last change: number 3 by alice@example.org (all), of www A. Read" in answer.get_json()["detail"]


def test_condition_goes_before_the_rules(alice: FlaskClient, record: Json) -> None:
    """Of a record that has changed it is no use to know that the value would be wrong."""
    answer = alice.patch(record_url(record), json={"value": "x"}, headers={"If-Match": '"x"'})
    changed_meanwhile(answer, etag_of(alice, record_url(record)))


@pytest.mark.parametrize("write", ["PATCH record", "DELETE record", "POST records", "DELETE zone"])
def test_one_of_many_writers_wins(
    installation: "Installation", alice: FlaskClient, zone: Json, record: Json, write: str
) -> None:
    method, noun, _ = GUARDED[write]
    read = record_url(record) if noun == "record" else zone_url(zone)
    url, tag = zone_url(zone, "records/") if noun == "records" else read, etag_of(alice, read)

    def send(number: int) -> TestResponse:
        body = {"POST": BODY | {"name": f"h{number}"}, "PATCH": {"ttl": number + 1}}.get(method)
        more = {} if body is None else {"json": body}
        return installation.client().open(url, method=method, headers={"If-Match": tag}, **more)

    answers = together([partial(send, number) for number in range(8)])
    wins = [answer for answer in answers if answer.status_code < 300]
    assert len(wins) == 1
    gone = method == "DELETE"
    assert {answer.status_code for answer in answers} - {wins[0].status_code} == {404 if gone else 412}
    if not gone:
        assert alice.get(zone_url(zone, "status/")).get_json()["serial"] == serial(wins[0])
        assert len(records_of(alice, zone)) == (2 if method == "POST" else 1)
