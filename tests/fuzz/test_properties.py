"""Properties: whatever the API accepts is served as it is stored, and harms nothing beside it."""

import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, note, seed, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from nameserver.records import TYPES
from tests.fuzz import values
from tests.fuzz.world import World, bind_installed, world

pytestmark = [
    pytest.mark.skipif(not bind_installed(), reason="BIND is not installed"),
    pytest.mark.timeout(3600),
]

Json = dict[str, Any]
_MANY = 100  # records in one request


def sizes(usual: int, most: int) -> Any:
    """The number of examples: few in every run, many in the long one."""
    return pytest.mark.parametrize("examples", [usual, pytest.param(most, marks=pytest.mark.long)])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The API, and a named that serves what it accepts."""
    with world(tmp_path_factory.mktemp("served")) as made:
        yield made


def hold(examples: int, check: Callable[[Any], None], strategy: Any) -> None:
    """Try a property. The long run has a new seed each time, told when it fails: FUZZ_SEED=… repeats it."""
    number = int(os.environ.get("FUZZ_SEED", random.randrange(2**32) if examples >= 100 else 1))

    @seed(number)
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def property_(drawn: Any) -> None:
        note(f"FUZZ_SEED={number}")
        check(drawn)

    property_()


def post(client: FlaskClient, zone: Json, body: Any) -> TestResponse:
    """Create a record, or an array of them."""
    answer = client.post(f"/api/v1/dns-zones/{zone['uuid']}/records/", json=body)
    assert answer.status_code in (201, 400), (body, answer.text)
    return answer


def all_records(client: FlaskClient, zone: Json) -> list[Json]:
    """The zone's records, as the API answers them."""
    return list(client.get(f"/api/v1/dns-zones/{zone['uuid']}/records/").get_json())


def assert_put_changes_nothing(client: FlaskClient, zone: Json) -> None:
    """What a GET of a record answers can be sent back, whole, and nothing happens."""
    serial = client.get(f"/api/v1/dns-zones/{zone['uuid']}/status/").get_json()["serial"]
    for number, record in enumerate(all_records(client, zone)):
        url = f"/api/v1/dns-records/{record['uuid']}/"
        got = client.get(url)
        for method in ("PUT", "PATCH") if number % 4 == 0 else ("PUT",):
            answer = client.open(url, method=method, json=got.get_json())
            assert answer.status_code == 200, (got.text, answer.text)
            assert answer.get_json() == got.get_json()
            assert "X-Change-Id" not in answer.headers, got.text
            assert answer.headers["X-Zone-Serial"] == str(serial)


def assert_published(served: World, zone: Json, client: FlaskClient) -> None:
    """named took the zone, and answers exactly what the API does."""
    served.publish()
    assert served.not_in_sync() == []
    lines = served.assert_served(zone["domain"])
    assert len(lines) == len(all_records(client, zone))


@st.composite
def _writes(draw: Any) -> list[tuple[str, int, Json]]:
    """What is done to a zone: mostly new records, some changes and deletions of those that are there."""
    kinds = draw(st.sampled_from([TYPES, TYPES, ("A", "AAAA", "NS", "DS", "DNAME", "CNAME", "MX")]))
    found = []
    for _ in range(draw(st.integers(1, 14))):
        verb = draw(st.sampled_from(["POST", "POST", "POST", "POST", "PUT", "PATCH", "DELETE"]))
        body = draw(values.records(kinds))
        if verb == "PATCH":
            body = {key: body[key] for key in body if draw(st.booleans())}
        found.append((verb, draw(st.integers(0, 20)), body))
    return found


def _write(client: FlaskClient, zone: Json, verb: str, index: int, body: Json) -> TestResponse:
    present = all_records(client, zone) if verb != "POST" else []
    if not present:
        return post(client, zone, body)
    url = f"/api/v1/dns-records/{present[index % len(present)]['uuid']}/"
    answer = client.open(url, method=verb, json=None if verb == "DELETE" else body)
    assert answer.status_code in (200, 204, 400), (verb, body, answer.text)
    return answer


@sizes(40, 1000)
def test_what_is_accepted_is_served_as_stored(served: World, examples: int) -> None:
    client = served.client()

    def check(writes: list[tuple[str, int, Json]]) -> None:
        zone = served.new_zone(client)
        for verb, index, body in writes:
            _write(client, zone, verb, index, body)
        assert_published(served, zone, client)
        assert_put_changes_nothing(client, zone)
        client.delete(f"/api/v1/dns-zones/{zone['uuid']}/")

    hold(examples, check, _writes())


@sizes(4, 100)
@pytest.mark.parametrize("kind", TYPES)
def test_values_of_each_type_are_served_as_stored(served: World, kind: str, examples: int) -> None:
    """Many values of one type at names of their own, so that no rule between records keeps any of them out."""
    client = served.client()

    def check(found: list[str]) -> None:
        zone = served.new_zone(client)
        for number, value in enumerate(found):
            priority = {"priority": number} if kind in ("MX", "SRV") else {}
            post(client, zone, {"record_type": kind, "name": f"n{number}", "value": value, **priority})
        assert_published(served, zone, client)
        assert_put_changes_nothing(client, zone)
        client.delete(f"/api/v1/dns-zones/{zone['uuid']}/")

    hold(examples, check, st.lists(values.values(kind), min_size=1, max_size=20))


def test_every_octet_of_a_text_is_served(served: World) -> None:
    """Raw, quoted and escaped, and beyond a string of 255 octets."""
    client, zone = served.client(), served.new_zone(served.client())
    bodies = []
    for number in range(256):
        spellings = {f"q{number}": f'"\\{number:03}"', f"l{number}": f'"{"x" * 254}\\{number:03}" "\\{number:03}"'}
        if number:
            spellings[f"r{number}"] = f"a{chr(number)}b{chr(number) * 300}" if number % 2 else chr(number)
        bodies += [{"record_type": "TXT", "name": name, "value": value} for name, value in spellings.items()]
    for start in range(0, len(bodies), _MANY):
        assert post(client, zone, bodies[start : start + _MANY]).status_code == 201
    assert_published(served, zone, client)
    assert_put_changes_nothing(client, zone)


def _with_everything_in_it(kind: str, everywhere: bool) -> list[str]:
    """The type's example with every printable character in its middle, in the long run at its ends as well."""
    example = values.EXAMPLE[kind]
    places = (0, len(example) // 2, len(example)) if everywhere else (len(example) // 2,)
    return [example[:place] + character + example[place:] for character in values.PRINTABLE for place in places]


@pytest.mark.parametrize("everywhere", [False, pytest.param(True, marks=pytest.mark.long)])
@pytest.mark.parametrize("kind", TYPES)
def test_every_printable_in_a_value(served: World, kind: str, everywhere: bool) -> None:
    client, zone = served.client(), served.new_zone(served.client())
    found = [values.EXAMPLE[kind], *_with_everything_in_it(kind, everywhere)]
    bodies = [
        {"record_type": kind, "name": f"n{number}", "value": value} | ({"priority": 1} if kind in ("MX", "SRV") else {})
        for number, value in enumerate(found)
    ]
    assert _post_what_can_be(client, zone, bodies)
    assert_published(served, zone, client)
    assert_put_changes_nothing(client, zone)


@pytest.mark.parametrize(
    "kind", [kind if kind in ("A", "TXT", "SVCB") else pytest.param(kind, marks=pytest.mark.long) for kind in TYPES]
)
def test_every_printable_in_a_name(served: World, kind: str) -> None:
    """At both ends and inside of the leftmost and of a further label."""
    client, zone = served.client(), served.new_zone(served.client())
    example = {"record_type": kind, "value": values.EXAMPLE[kind]} | ({"priority": 1} if kind in ("MX", "SRV") else {})
    forms = ("{0}a{1:02}", "a{1:02}{0}", "a{0}{1:02}", "w.a{1:02}{0}x")
    numbered = enumerate(values.PRINTABLE)
    names = [form.format(character, number) for number, character in numbered for form in forms]
    accepted = _post_what_can_be(client, zone, [example | {"name": name} for name in names])
    assert accepted >= 4 * 36
    assert_published(served, zone, client)
    assert_put_changes_nothing(client, zone)


def _post_what_can_be(client: FlaskClient, zone: Json, bodies: list[Json]) -> int:
    """Post each by itself; answers how many were stored."""
    return sum(post(client, zone, body).status_code == 201 for body in bodies)


_SAME_NAME = [
    ("www", ["www", "WWW", "wWw", "www.{}", "www.{}.", "WWW.{}.", "ｗｗｗ", "www。{}", "www．{}", "www｡{}"]),
    ("xn--bcher-kva", ["bücher", "BÜCHER", "bu\u0308cher", "xn--bcher-kva", "XN--BCHER-KVA", "Bücher.{}."]),
    ("@", ["@", "{}", "{}."]),
    ("*.a", ["*.a", "*.A", "*.a.{}", "*.a.{}."]),
    ("k.a", ["k.a", "\u212a.a", "K.A.{}"]),
]
_SAME_VALUE: list[tuple[tuple[str, str], list[str]]] = [
    (
        ("CNAME", "host.example.org"),
        ["host.example.org", "HOST.example.ORG.", "host。example.org", " host.example.org "],
    ),
    (
        ("NS", "xn--bcher-kva.example"),
        ["bücher.example", "BÜCHER.example.", "xn--bcher-kva.example", "XN--bcher-KVA.example"],
    ),
    (("MX", "mail.example.org"), ["mail.example.org", "MAIL.EXAMPLE.ORG."]),
    (("SRV", "1 2 sip.example.org"), ["1 2 sip.example.org", "01 002 SIP.example.org.", "1  2   sip.example.org"]),
    (("TXT", "a b"), ["a b", '"a b"', '"a\\ b"', '"a\\032b"', ' "a b" ', '"\\097 b"\n']),
    (("TXT", '"a" "b"'), ['"a" "b"', '"a""b"', ' "a"\t"\\098" ']),
    (("CAA", '0 issue "ca.example"'), ['0 issue "ca.example"', "0 ISSUE ca.example", '0 issue "ca\\.example"']),
    (("PTR", "host.example.org."), ["host.example.org", "HOST.example.org."]),
    (("DNAME", "example.org."), ["example.org", "EXAMPLE.org.", "example。org"]),
    (("TLSA", "3 1 1 " + "ab" * 32), ["3 1 1 " + "ab" * 32, "3 1 1 " + "AB" * 32, "03 1 1 " + "abab " * 16]),
    (("SSHFP", "4 2 " + "ab" * 32), ["4 2 " + "ab" * 32, "4 2 " + "AB" * 16 + " " + "aB" * 16]),
    (("DS", "1 13 2 " + "ab" * 32), ["1 13 2 " + "ab" * 32, "1 ECDSAP256SHA256 2 " + "AB" * 32]),
    (("URI", '1 2 "x:"'), ['1 2 "x:"', '1 2 "\\120:"', '01 2 "x:"']),
    (("HINFO", '"A" "B"'), ['"A" "B"', "A B", '"\\065" B']),
    (
        ("SVCB", '1 . alpn="h2" port="53"'),
        ['1 . alpn="h2" port="53"', "1 . port=53 alpn=h2", "1 . key1=\\002h2 key3=\\000\\053"],
    ),
    (("LOC", "1 2 3.000 N 4 5 6.000 E 7.00m"), ["1 2 3 N 4 5 6 E 7", "1 2 3.000 N 4 5 6.000 E 7.00m 1m 10000m 10m"]),
    (("NAPTR", '1 2 "u" "s" "" a.example.org.'), ['1 2 "u" "s" "" a.example.org', '01 2 u s "" A.example.org.']),
    (("OPENPGPKEY", "AAAA"), ["AAAA", "AA AA", "\\# 3 000000"]),
]


def test_spellings_of_one_name_are_one_record(served: World) -> None:
    client = served.client()
    for name, forms in _SAME_NAME:
        for first in forms:
            zone = served.new_zone(client)
            bodies = [
                {"record_type": "A", "name": form.format(zone["domain"]), "value": "192.0.2.1"}
                for form in [first, *forms]
            ]
            created = post(client, zone, bodies[0])
            assert created.status_code == 201, created.text
            assert created.get_json()["name"] == name
            for body in bodies[1:]:
                again = post(client, zone, body)
                assert (again.status_code, again.json and again.json["field"]) == (400, "value"), body


def test_spellings_of_one_value_are_one_record(served: World) -> None:
    client = served.client()
    for (kind, value), forms in _SAME_VALUE:
        priority = {"priority": 5} if kind in ("MX", "SRV") else {}
        for first in forms:
            zone = served.new_zone(client)
            bodies = [{"record_type": kind, "name": "x", "value": form, **priority} for form in [first, *forms]]
            created = post(client, zone, bodies[0])
            assert created.status_code == 201, created.text
            if kind != "LOC":
                assert created.get_json()["value"] == value
            for body in bodies[1:]:
                again = post(client, zone, body)
                assert again.status_code == 400, body
                assert "already" in again.get_json()["detail"]


def test_a_centimetre_makes_another_place(served: World) -> None:
    """dnspython's float makes 28 centimetres of 0.29 m; what is compared must be what is served."""
    client, zone = served.client(), served.new_zone(served.client())
    for altitude in ("0.28m", "0.29m", "0.57m", "0.58m"):
        answer = post(client, zone, {"record_type": "LOC", "name": "x", "value": f"1 N 1 E {altitude}"})
        assert answer.status_code == 201, answer.text
    assert_published(served, zone, client)


@sizes(15, 1000)
def test_spellings_of_one_ipv6_address_are_one_record(served: World, examples: int) -> None:
    client = served.client()
    zone = served.new_zone(client)

    def check(octets: bytes) -> None:
        bodies = [
            {"record_type": "AAAA", "name": octets.hex(), "value": spelling}
            for spelling in values.spellings_of_address(octets)
        ]
        answers = [post(client, zone, body) for body in bodies]
        assert [answer.status_code for answer in answers] == [201] + [400] * (len(answers) - 1)
        client.delete(f"/api/v1/dns-records/{answers[0].get_json()['uuid']}/")

    zeros = st.lists(st.sampled_from([b"\0\0", b"\0\1", b"\xff\xff", b"\x20\x01", b"\x0a\0"]), min_size=8, max_size=8)
    hold(examples, check, st.one_of(st.binary(min_size=16, max_size=16), zeros.map(b"".join)))


@sizes(20, 500)
def test_domains_are_served_or_refused(served: World, examples: int) -> None:
    """Whatever may be a zone, named takes."""
    client = served.client()

    def check(found: list[str]) -> None:
        made = [client.post("/api/v1/dns-zones/", json={"domain": domain}) for domain in found]
        for answer in made:
            assert answer.status_code in (201, 400), answer.text
        zones = [answer.get_json() for answer in made if answer.status_code == 201]
        served.publish()
        assert served.not_in_sync() == []
        for zone in zones:
            assert served.loaded(zone["domain"]) == set()
            assert served.named.serial(zone["domain"]) is not None
            assert client.delete(f"/api/v1/dns-zones/{zone['uuid']}/").status_code == 204

    endings = st.sampled_from(["", ".example", ".example.", ".co.uk", ".in-addr.arpa", ".ip6.arpa", ".test", "。中国"])
    domain = st.tuples(st.one_of(values.names, values.hosts), endings).map("".join)
    hold(examples, check, st.lists(domain, min_size=1, max_size=8))
