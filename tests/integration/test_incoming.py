"""Zones from elsewhere, with real tools: transfers from a real named, what named-compilezone makes of odd files."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from nameserver.errors import InvalidInput
from nameserver.incoming import compiled as compiling
from nameserver.incoming.axfr import Key, key_of, transferred
from nameserver.incoming.incoming import incoming
from nameserver.incoming.powerdns import PowerDNS
from nameserver.plan import State
from nameserver.records import Record
from nameserver.render import Renderer
from nameserver.transport.pipe import PipeTransport
from nameserver.zone import Authority, Zone
from tests.contract.forms import FILE
from tests.nameservers import ADDRESS, TEMPLATES, RunningNamed, installed, publication, zone_file

pytestmark = pytest.mark.skipif(not installed(), reason="BIND is not installed")

OURS = Authority(("ns1.vps.org", "ns2.vps.org"), "hostmaster.vps.org")
MANY = 100_000


def lines(records: tuple[Record, ...]) -> list[str]:
    return sorted(f"{each.name} {each.ttl} {each.type} {each.value} {each.priority}" for each in records)


# ---- transfers ----


def test_transfer_with_the_key_is_the_zone(shared: RunningNamed, pipe: PipeTransport) -> None:
    """More than one message of it, and texts of every kind."""
    extra = 't 60 IN TXT "a\\"b\\\\;\\000\\255" "x y"\n*.w 60 IN AAAA 2001:db8::1\ns 60 IN SRV 1 2 3 a.b.test.\n'
    content = zone_file("moved.example", 7, 3000, extra)
    [outcome] = pipe.publish([publication("moved.example", 7, content)], pipe.hello().fence).outcomes
    assert outcome.state is State.IN_SYNC
    key = key_of(shared.embedded.target.key_file)
    there = transferred(f"{ADDRESS}:{shared.port}", "moved.example", key)
    found, wanted = (incoming("moved.example", each, OURS, MANY).records for each in (there, content))
    assert lines(found) == lines(wanted)
    assert len(found) > 3000


@pytest.mark.parametrize("key", [None, Key("zonewright", "hmac-sha256", "AAAA"), Key("other", "hmac-sha256", "AAAA")])
def test_transfer_that_is_refused(shared: RunningNamed, key: Key | None) -> None:
    with pytest.raises(InvalidInput, match=r"does not transfer .* \(allow-transfer\)"):
        transferred(f"{ADDRESS}:{shared.port}", "moved.example", key)


def test_transfer_from_nowhere() -> None:
    with pytest.raises(InvalidInput, match="does not transfer"):
        transferred("127.0.0.1:1", "a.test")
    with pytest.raises(InvalidInput, match="cannot be found"):
        transferred("no.such.host.invalid", "a.test")


@pytest.mark.parametrize("text", ["", "a", "a:b", "a:b:c:d"])
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(InvalidInput, match="NAME:ALGORITHM:SECRET"):
        key_of(text)


# ---- PowerDNS ----


@pytest.fixture
def powerdns() -> Iterator[str]:
    """What answers as PowerDNS's API does (its documentation, /servers/{id}/zones)."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the standard library's name
            zones = [{"name": "a.test.", "kind": "Native"}, {"name": "b.test.", "kind": "Slave"}]
            base = "/api/v1/servers/localhost/zones"
            bodies = {base: json.dumps(zones).encode(), f"{base}/a.test./export": FILE}
            known = self.headers["X-API-Key"] == "secret"
            self.send_response(401 if not known else 200 if self.path in bodies else 404)
            self.end_headers()
            self.wfile.write(bodies.get(self.path, b"") if known else b"")

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = HTTPServer((ADDRESS, 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://{ADDRESS}:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_zones_of_powerdns(powerdns: str) -> None:
    """Those that it is the primary of."""
    server = PowerDNS(powerdns, "secret")
    assert server.domains() == ["a.test"]
    assert server.zone_file("a.test") == FILE
    with pytest.raises(InvalidInput, match="404"):
        server.zone_file("x.test")
    with pytest.raises(InvalidInput, match="is the key right"):
        PowerDNS(powerdns, "wrong").domains()


@pytest.mark.parametrize("url", ["127.0.0.1:8081", "file:///etc/passwd", "http://127.0.0.1:1"])
def test_no_powerdns(url: str) -> None:
    with pytest.raises(InvalidInput):
        PowerDNS(url, "").domains()


# ---- files ----


def test_root_of_the_dns_goes_round() -> None:
    """A zone of its structure: 1,500 delegations with glue and DS records."""
    many = []
    for number in range(1500):
        name = f"tld{number}"
        many += [Record("", name, "NS", 172800, f"{each}.nic.{name}.example.com") for each in "abc"]
        many += [
            Record("", f"{each}.nic.{name}", "A", 172800, f"10.0.{number // 256}.{number % 256}") for each in "abc"
        ]
        many += [Record("", f"a.nic.{name}", "AAAA", 172800, f"2001:db8::{number + 1:x}")]
        many += [Record("", name, "DS", 86400, f"{number} 8 2 {number:064x}")]
    zone = Zone("", "example.com", 1, tuple(many))
    file = Renderer(TEMPLATES).zone_file(zone, OURS)
    found = incoming("example.com", file.content, OURS, MANY)
    assert found.losses == ()
    assert lines(found.records) == lines(zone.records)
    again = Renderer(TEMPLATES).zone_file(Zone("", "example.com", 1, found.records), OURS)
    assert again.content == file.content


# Shapes of zone files as nameservers ship them: (file, records).
SHAPES = {
    "omitted owners, TTLs and classes": (
        "$TTL 1h\n@ IN SOA ns.x.test. h.x.test. ( 1 ; serial\n 3h 1h ; a comment )\n 1w 1h )\n\tNS ns.x.test.\n"
        "www\tA 192.0.2.1\n\tA 192.0.2.2\n 5m AAAA 2001:db8::1\n",
        ["www 300 AAAA 2001:db8::1 None", "www 3600 A 192.0.2.1 None", "www 3600 A 192.0.2.2 None"],
    ),
    "nested origins": (
        "$ORIGIN test.\n$TTL 60\na SOA ns.x.test. h.x.test. 1 2 3 4 5\na NS ns.x.test.\n$ORIGIN sub.a\nx A 192.0.2.1\n"
        "$ORIGIN a.test.\nx A 192.0.2.2\n@ A 192.0.2.3\n",
        ["@ 60 A 192.0.2.3 None", "x 60 A 192.0.2.2 None", "x.sub 60 A 192.0.2.1 None"],
    ),
    "a step and a width": (
        FILE.decode() + "$GENERATE 2-6/2 h${10,3,d} 60 A 192.0.2.$\n$GENERATE 1-1 p$ 60 CNAME ${0,2,x}.b.test.\n",
        [*(f"h0{10 + each} 60 A 192.0.2.{each} None" for each in (2, 4, 6)), "p1 60 CNAME 01.b.test None"],
    ),
    "types by number": (
        FILE.decode() + "x 60 TYPE1 \\# 4 C0000201\ny 60 CLASS1 TYPE16 \\# 4 03616263\n",
        ["x 60 A 192.0.2.1 None", "y 60 TXT abc None"],
    ),
    "DOS line ends and upper case": (
        FILE.decode().replace("\n", "\r\n") + "WWW 60 in cname HOST.Example.NET.\r\n",
        ["www 60 CNAME host.example.net None"],
    ),
    "no final line end": (FILE.decode() + "x 60 A 192.0.2.1", ["x 60 A 192.0.2.1 None"]),
    "texts over several lines": (
        FILE.decode() + 'x 60 TXT ( "a b"\n   ; a comment\n   c "d;e" )\n',
        ['x 60 TXT "a b" "c" "d;e" None'],
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_of_zone_files(shape: str) -> None:
    content, wanted = SHAPES[shape]
    assert lines(incoming("a.test", content.encode(), OURS, MANY).records) == wanted


def test_records_that_would_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "_LEAST", 1000)
    monkeypatch.setattr(compiling, "_TIMES", 1)
    content = FILE + b"$GENERATE 1-50000 a$ 60 A 192.0.2.1\n"
    with pytest.raises(InvalidInput, match="would take more than"):
        incoming("a.test", content, OURS, MANY)


def test_program_that_never_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "named-compilezone"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)
    monkeypatch.setattr(compiling, "_program", lambda: str(program))
    monkeypatch.setattr(compiling, "_SECONDS", 0.2)
    with pytest.raises(InvalidInput, match="does not load"):
        incoming("a.test", FILE, OURS, MANY)


def test_without_the_program_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from nameserver.agent.errors import AgentError
    from nameserver.errors import CheckerMissing

    def missing(_name: str) -> str:
        raise AgentError("gone")

    monkeypatch.setattr(compiling.tools, "find", missing)
    with pytest.raises(CheckerMissing, match="setup"):
        incoming("a.test", FILE, OURS, MANY)
