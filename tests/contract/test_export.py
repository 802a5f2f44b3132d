"""Exporting zones: what comes out goes in again, and what a format cannot hold is told."""

import csv
import io
import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from flask.testing import FlaskClient

from nameserver import records
from nameserver.agent import tools
from nameserver.records import PRIORITY_TYPES
from tests.contract.forms import IMPORT, UNKNOWN, added, created, problem, records_of, zone_url
from tests.unit.test_records import ACCEPTED

if TYPE_CHECKING:
    from tests.installation import Installation

Json = dict[str, Any]
ALL_OCTETS = " ".join('"' + "".join(f"\\{each:03d}" for each in range(start, start + 128)) + '"' for start in (0, 128))


@pytest.fixture
def full(alice: FlaskClient, zone: Json) -> Json:
    """A zone with every accepted value of every type, with all octets, and with an apex NS of its owner's."""
    bodies = [
        {"record_type": kind, "name": f"n{number}", "value": value, "ttl": number}
        | ({"priority": 10} if kind in PRIORITY_TYPES else {})
        for number, (kind, value, _) in enumerate(ACCEPTED)
        if len(value) < 2000
    ]
    bodies += [
        {"record_type": "TXT", "name": "octets", "value": ALL_OCTETS},
        {"record_type": "NS", "name": "@", "value": "ns.example.net", "ttl": 77},
        {"record_type": "SRV", "name": "_sip._tcp", "value": "1 5060 sip.example.net", "priority": 1},
        {"record_type": "A", "name": "*", "value": "192.0.2.1"},
        {"record_type": "A", "name": "10", "value": "192.0.2.1"},
        {"record_type": "A", "name": "9", "value": "192.0.2.1"},
    ]
    answer = alice.post(zone_url(zone, "records/"), json=bodies)
    assert answer.status_code == 201, answer.text
    assert {each["record_type"] for each in bodies} == set(records.TYPES)
    return zone


def exported(client: FlaskClient, zone: Json, form: str = "zone") -> bytes:
    answer = client.get(zone_url(zone, f"export/?format={form}"))
    assert answer.status_code == 200, answer.text
    return answer.data


def said(client: FlaskClient, zone: Json) -> list[tuple[Any, ...]]:
    keys = ("name", "ttl", "record_type", "priority", "value")
    return sorted((tuple(each[key] for key in keys) for each in records_of(client, zone)), key=repr)


def test_export_is_a_fixed_point(alice: FlaskClient, full: Json) -> None:
    """Export, named-checkzone, import: the same records, the same bytes, no change and no loss."""
    content = exported(alice, full)
    argv = [tools.find("named-checkzone"), "-k", "warn", "-i", "local", "example.com", "/dev/stdin"]
    checked = subprocess.run(argv, input=content, capture_output=True)
    assert checked.returncode == 0, checked.stdout
    answer = alice.post(f"{IMPORT}?domain=example.com&mode=replace", data=content, content_type="text/dns")
    plan = answer.get_json()["plan"]
    assert (plan["added"], plan["removed"], plan["changed"], plan["losses"]) == (0, 0, 0, [])
    assert "X-Change-Id" not in answer.headers
    assert exported(alice, full) == content


def test_import_of_an_export_is_the_same_zone(alice: FlaskClient, full: Json) -> None:
    content, wanted = exported(alice, full), said(alice, full)
    assert alice.delete(zone_url(full)).status_code == 204
    answer = alice.post(f"{IMPORT}?domain=example.com", data=content, content_type="text/dns")
    assert answer.status_code == 201, answer.text
    assert said(alice, answer.get_json()) == wanted
    again = exported(alice, answer.get_json())
    serial = re.compile(rb" 20\d{8}\b")
    assert serial.sub(b"", again) == serial.sub(b"", content)


def test_order_of_writing_makes_no_difference(alice: FlaskClient) -> None:
    """In no format."""
    lines = ["b A 192.0.2.1", "a.b A 192.0.2.2", "a A 192.0.2.3", "a A 192.0.2.1", "@ TXT x"]
    found = []
    for order in (lines, lines[::-1]):
        zone = created(alice, "example.com")
        alice.post(
            zone_url(zone, "records/"),
            json=[dict(zip(("name", "record_type", "value"), each.split(), strict=True)) for each in order],
        )
        found.append(
            [
                exported(alice, zone, form).replace(b"2026", b"")
                for form in ("zone", "json", "csv", "octodns", "tinydns")
            ]
        )
        alice.delete(zone_url(zone))
    serial = re.compile(rb"\d{10}|\d{6}(?=\D)")
    assert [serial.sub(b"", each) for each in found[0]] == [serial.sub(b"", each) for each in found[1]]


def test_zone_file_is_what_is_published(alice: FlaskClient, zone: Json) -> None:
    added(alice, zone, "www A 192.0.2.1")
    answer = alice.get(zone_url(zone, "export/"))
    assert (answer.mimetype, answer.headers["Content-Disposition"]) == (
        "text/dns",
        'attachment; filename="example.com.zone"',
    )
    assert re.fullmatch(
        r"; example.com serial (\d+)\n\$ORIGIN example.com\.\n"
        r"@ 3600 IN SOA ns1\.zonewright\.test\. hostmaster\.zonewright\.test\. \1 7200 900 1209600 300\n"
        r"@ 3600 IN NS ns1\.zonewright\.test\.\n@ 3600 IN NS ns2\.zonewright\.test\.\nwww 3600 IN A 192\.0\.2\.1\n",
        answer.text,
    )


def test_json_holds_everything(alice: FlaskClient, full: Json) -> None:
    body = json.loads(exported(alice, full, "json"))
    assert (body["domain"], body["authority"]["nameservers"][0]) == ("example.com", "ns1.zonewright.test")
    keys = ("name", "ttl", "record_type", "priority", "value")
    assert sorted((tuple(each[key] for key in keys) for each in body["records"]), key=repr) == said(alice, full)


def test_csv_holds_every_record(alice: FlaskClient, full: Json) -> None:
    rows = list(csv.reader(io.StringIO(exported(alice, full, "csv").decode(), newline="")))
    assert rows[0] == ["name", "ttl", "record_type", "priority", "value"]
    wanted = [tuple("" if each is None else str(each) for each in row) for row in said(alice, full)]
    assert sorted(map(tuple, rows[1:])) == sorted(wanted)


def test_octodns_is_read_in_its_order_and_tells_what_it_lacks(alice: FlaskClient, full: Json) -> None:
    """Every record is in the file or named above it; keys are in the order octoDNS enforces."""
    text = exported(alice, full, "octodns").decode()
    body = yaml.safe_load(text)
    held = sum(len(each.get("values", [0])) for there in body.values() for each in there)
    told = [line for line in text.splitlines() if line.startswith("# Left out: ")]
    assert held + len(told) - 1 == len(said(alice, full)) + 2  # the SOA; our NS records
    assert [list(each) == sorted(each) for there in body.values() for each in there] == [True] * sum(
        map(len, body.values())
    )
    names = list(body)
    assert names[0] == ""
    assert names.index("9") < names.index("10")
    types = {each["type"] for there in body.values() for each in there}
    assert types == {"A", "AAAA", "CNAME", "DNAME", "NS", "PTR", "MX", "SRV", "CAA", "TXT", "SSHFP", "TLSA", "DS"}
    answer = alice.get(zone_url(full, "export/?format=octodns"))
    assert int(answer.headers["X-Left-Out"]) == len(told)


def test_octodns_values(alice: FlaskClient, zone: Json) -> None:
    for line, more in {
        "m MX a.test": {"priority": 5},
        "_s._tcp SRV 1 2 a.test": {"priority": 3},
        "s SRV 1 2 a.test": {"priority": 3},
        "p PTR 1.0/25.2.0.192.in-addr.arpa": {},
        'c CAA 0 issue "ca.test; x=y"': {},
        "t TXT v=DKIM1; p=abc": {},
        "w CNAME a.test": {},
    }.items():
        added(alice, zone, line, **more)
    body = yaml.safe_load(exported(alice, zone, "octodns"))
    assert {name: there[0].get("value") or there[0]["values"][0] for name, there in body.items() if name} == {
        "m": {"exchange": "a.test.", "preference": 5},
        "_s._tcp": {"priority": 3, "weight": 1, "port": 2, "target": "a.test."},
        "c": {"flags": 0, "tag": "issue", "value": "ca.test; x=y"},
        "t": "v=DKIM1\\; p=abc",
        "w": "a.test.",
    }


def test_tinydns_holds_the_octets_of_every_record(alice: FlaskClient, full: Json) -> None:
    """Read back by the format's own rules."""
    found = set()
    for line in exported(alice, full, "tinydns").decode().splitlines():
        fields = line[1:].split(":")
        if line[0] == ":":
            octets = re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match[1], 8)]), fields[2].encode())
            found.add((fields[0], int(fields[1]), octets))
    keys = ("record_type", "value", "priority")
    generic = [each for each in records_of(alice, full) if each["record_type"] not in ("A", "NS", "CNAME", "PTR", "MX")]
    for each in generic:
        rdata = records.rdata(*(each[key] for key in keys))
        assert (f"{each['name']}.example.com", int(rdata.rdtype), rdata.to_wire()) in found
    assert len(found) == len(generic)
    text = exported(alice, full, "tinydns").decode()
    assert "\n&example.com::ns.example.net:77\n&example.com::ns1.zonewright.test:77\n" in text
    assert "\n+*.example.com:192.0.2.1:3600\n" in text


def test_who_may_export(installation: "Installation", alice: FlaskClient, bob: FlaskClient, zone: Json) -> None:
    problem(bob.get(zone_url(zone, "export/")), 404)
    problem(alice.get(zone_url({"uuid": UNKNOWN}, "export/")), 404)
    problem(installation.client_with("dns:create").get(zone_url(zone, "export/")), 403, says="dns:list")
    problem(alice.get(zone_url(zone, "export/?format=bind")), field="format")
