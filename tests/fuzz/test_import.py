"""Properties of import and export: what comes out goes in again, and no file harms."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import strategies as st

from api.settings import Settings
from nameserver.records import TYPES
from tests.contract.forms import FILE
from tests.fuzz import values
from tests.fuzz.test_properties import all_records, hold, post, sizes
from tests.installation import ALICE, Installation, SqliteFiles
from tests.nameservers import installed

pytestmark = [pytest.mark.skipif(not installed(), reason="BIND is not installed"), pytest.mark.timeout(3600)]

Json = dict[str, Any]
_IMPORT = "/api/v1/dns-zones/import/"
_PIECES = [
    *(
        "$INCLUDE /etc/passwd",
        "$GENERATE 1-9 a$ A 192.0.2.$",
        "$GENERATE 1-99999999 a$ A 192.0.2.$",
        "$ORIGIN .",
        "$TTL 9",
    ),
    *(
        "(",
        ")",
        '"',
        ";",
        "\\",
        "\\000",
        "\n",
        "\r",
        "\n\n",
        " ",
        "\t",
        "\0",
        "@",
        "*",
        "IN",
        "CH",
        "A",
        "TXT",
        "CNAME",
    ),
    *("NS", "SOA", "MX", "DNAME", "TYPE1", "\\# 4 00000000", "192.0.2.1", "x.test.", "1", "4294967296", "é", "\x7f"),
]


@pytest.fixture(scope="module")
def new_zone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], tuple[FlaskClient, Json]]]:
    """A client, and an empty zone each time it is asked for."""
    folder = tmp_path_factory.mktemp("import")
    databases = SqliteFiles(tmp_path_factory.mktemp("furnished"))
    made = Installation(Settings(data=folder, database_url=databases.fresh(folder)), databases.secrets)
    numbers = iter(range(10**9))

    def create() -> tuple[FlaskClient, Json]:
        client = made.client(ALICE)
        answer = client.post("/api/v1/dns-zones/", json={"domain": f"z{next(numbers)}.example.com"})
        return client, dict(answer.get_json())

    yield create
    made.close()


def said(client: FlaskClient, zone: Json) -> list[str]:
    keys = ("name", "record_type", "value", "ttl", "priority")
    return sorted(repr([each[key] for key in keys]) for each in all_records(client, zone))


@sizes(60, 1500)
def test_export_is_a_fixed_point(new_zone: Callable[[], tuple[FlaskClient, Json]], examples: int) -> None:
    """Of every zone that the API accepts: replaced by its own export it stays as it is, and comes back when deleted."""

    def check(bodies: list[Json]) -> None:
        client, zone = new_zone()
        for body in bodies:
            post(client, zone, body)
        url, domain = f"/api/v1/dns-zones/{zone['uuid']}/", zone["domain"]
        content, records = client.get(f"{url}export/").data, said(client, zone)
        same = client.post(f"{_IMPORT}?domain={domain}&mode=replace", data=content, content_type="text/dns")
        assert same.status_code == 201, (content, same.text)
        assert "X-Change-Id" not in same.headers, (content, same.text)
        assert same.get_json()["plan"]["losses"] == []
        client.delete(url)
        again = client.post(f"{_IMPORT}?domain={domain}", data=content, content_type="text/dns")
        assert again.status_code == 201, (content, again.text)
        assert said(client, again.get_json()) == records
        client.delete(f"/api/v1/dns-zones/{again.get_json()['uuid']}/")

    hold(examples, check, st.lists(values.records(TYPES), max_size=12))


@sizes(150, 4000)
def test_no_file_harms(new_zone: Callable[[], tuple[FlaskClient, Json]], examples: int) -> None:
    """A zone or a sentence; nothing of this machine's files."""
    client, _ = new_zone()

    def check(drawn: tuple[list[str], int]) -> None:
        pieces, seed = drawn
        random_ = random.Random(seed)
        text = FILE.decode()
        for piece in pieces:
            at = random_.randrange(len(text) + 1)
            text = text[:at] + piece + text[at:]
        answer = client.post(f"{_IMPORT}?domain=any.test&dry_run=true", data=text.encode(), content_type="text/dns")
        assert answer.status_code in (201, 400), (text, answer.text)
        assert "root:" not in answer.text
        assert "/bin/" not in answer.text

    hold(examples, check, st.tuples(st.lists(st.sampled_from(_PIECES), max_size=8), st.integers(0, 2**32)))
