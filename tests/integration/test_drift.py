"""What the agent tells of the files and of the content that a real named serves."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import dns.tsig
import pytest

from nameserver.agent.names import parse
from nameserver.agent.rndc import Rndc, read_key
from nameserver.content import of_zone_file
from nameserver.errors import Unreachable
from nameserver.plan import State
from nameserver.records import TYPES
from nameserver.transport.pipe import PipeTransport, Timeouts
from tests.nameservers import ADDRESS, RunningNamed, publication, zone_file

Start = Callable[..., RunningNamed]


@pytest.fixture
def served(pipe: PipeTransport) -> Callable[..., bytes]:
    """Publish a zone file; what was published."""

    def publish(domain: str, serial: int, records: int = 0, extra: str = "") -> bytes:
        item = publication(domain, serial, zone_file(domain, serial, records, extra))
        [outcome] = pipe.publish([item], pipe.hello().fence).outcomes
        assert outcome.state is State.IN_SYNC, outcome.error
        return item.content

    return publish


def _transfer(named: RunningNamed, source: str | None = None, **key: object) -> str:
    """Ask for a transfer as anybody could; how that ended."""
    question = dns.message.make_query("hidden.example", "AXFR")
    if key:
        question.use_tsig(**key)
    try:
        reply = dns.query.tcp(question, ADDRESS, timeout=5, port=named.port, source=source)
    except dns.tsig.PeerBadKey:
        return "BADKEY"
    except dns.tsig.PeerBadSignature:
        return "BADSIG"
    return dns.rcode.to_text(reply.rcode())


@pytest.mark.parametrize("source", [None, "127.0.0.2", "127.9.9.9"])
def test_nobody_without_the_key_gets_a_transfer(
    shared: RunningNamed, served: Callable[..., bytes], source: str | None
) -> None:
    """From loopback neither: behind a proxy on the same machine the whole world would come from there."""
    served("hidden.example", 1)
    assert _transfer(shared, source) == "REFUSED"
    wrong = dns.tsig.Key("zonewright", b"0" * 32, "hmac-sha256")
    assert _transfer(shared, source, keyring=wrong) == "BADSIG"
    assert _transfer(shared, source, keyring=dns.tsig.Key("other", b"0" * 32, "hmac-sha256")) == "BADKEY"


def test_the_key_gives_the_transfer(shared: RunningNamed, served: Callable[..., bytes]) -> None:
    served("hidden.example", 2)
    secret = read_key(Path(shared.embedded.target.key_file))
    assert _transfer(shared, keyring=dns.tsig.Key("zonewright", secret, "hmac-sha256")) == "NOERROR"


def test_a_transfer_of_many_messages(pipe: PipeTransport, served: Callable[..., bytes]) -> None:
    file = served("many.example", 1, 20_000)
    content = pipe.content(["many.example"])["many.example"].content
    assert content == of_zone_file("many.example", file)
    assert content is not None
    assert len(content) == 20_002


def test_every_record_type_is_the_same_in_file_and_transfer(pipe: PipeTransport, served: Callable[..., bytes]) -> None:
    priority = {"MX": "10 ", "SRV": "10 "}
    assert {"NS", *(kind for kind, _ in VALUES)} == set(TYPES)
    lines = [f"t{number} 60 IN {kind} {priority.get(kind, '')}{value}\n" for number, (kind, value) in enumerate(VALUES)]
    file = served("types.example", 1, extra="".join(lines))
    answer = pipe.content(["types.example"])["types.example"]
    assert answer.content == of_zone_file("types.example", file)
    assert len(answer.content or ()) == 2 + len(VALUES)


VALUES = [
    ("A", "192.0.2.1"),
    ("AAAA", "2001:db8::1"),
    ("CNAME", "Mixed.Case.Example.NET."),
    ("MX", "Mail.Example.NET."),
    ("TXT", r'"a\"b\\c" "\000\255" "x"'),
    ("SRV", "20 443 Host.Example.NET."),
    ("PTR", "Host.Example.NET."),
    ("CAA", '0 issue "letsencrypt.org"'),
    ("TLSA", f"3 1 1 {'ab' * 32}"),
    ("SSHFP", f"4 2 {'cd' * 32}"),
    ("DS", f"12345 13 2 {'ef' * 32}"),
    ("NAPTR", '100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" Mixed.Example.'),
    ("SVCB", '1 Svc.Example.NET. alpn="h2" port=8443'),
    ("HTTPS", '1 . alpn="h2,h3" ipv4hint=192.0.2.1'),
    ("DNAME", "Example.NET."),
    ("LOC", "52 22 23.000 N 4 53 32.000 E -2.00m"),
    ("URI", '10 1 "https://www.example.com/"'),
    ("SMIMEA", f"3 1 1 {'12' * 32}"),
    ("OPENPGPKEY", "mQENBFVHm5sBCADV"),
    ("HINFO", '"ARM64" "LINUX"'),
]


def test_a_file_edited_in_the_same_size_and_time_has_another_digest(
    shared: RunningNamed, pipe: PipeTransport, served: Callable[..., bytes]
) -> None:
    """Digests of untouched files are kept by the agent; an edit shows, even one that hides itself."""
    path = shared.directory / "zones" / "edited.example.zone"
    file = served("edited.example", 1, 3)
    old = time.time_ns() - 3600 * 10**9
    os.utime(path, ns=(old, old))
    before = pipe.digests(["edited.example"])
    assert before == pipe.digests(["edited.example"]) == {"edited.example": publication("", 1, file).digest}
    path.write_bytes(file.replace(b"10.0.0.1", b"10.0.0.9"))
    os.utime(path, ns=(old, old))
    assert pipe.digests(["edited.example"]) != before
    path.write_bytes(file)
    assert pipe.digests(["edited.example"]) == before
    path.unlink()
    assert pipe.digests(["edited.example"]) == {"edited.example": None}


def test_what_named_serves_and_what_is_on_its_disk_are_told_apart(
    shared: RunningNamed, pipe: PipeTransport, served: Callable[..., bytes]
) -> None:
    file = served("apart.example", 1, 3)
    (shared.directory / "zones" / "apart.example.zone").write_bytes(zone_file("apart.example", 1, 4))
    assert pipe.content(["apart.example"])["apart.example"].content == of_zone_file("apart.example", file)
    assert pipe.digests(["apart.example"]) != {"apart.example": publication("", 1, file).digest}
    reload_zone(shared, "apart.example")
    wanted = of_zone_file("apart.example", zone_file("apart.example", 1, 4))
    end = time.monotonic() + 10
    while pipe.content(["apart.example"])["apart.example"].content != wanted:
        assert time.monotonic() < end


def test_a_frozen_named_is_unreachable_and_nothing_is_known_of_it(named: Start) -> None:
    server = named()
    with server.transport(Timeouts(publish=2.0)) as transport:
        transport.publish([publication("frozen.example", 1)], 1)
        with server.frozen(), pytest.raises(Unreachable):
            transport.content(["frozen.example"])
        assert transport.content(["frozen.example"])["frozen.example"].content


def reload_zone(named: RunningNamed, domain: str) -> None:
    """As somebody would by hand."""
    target = named.embedded.target
    rndc = Rndc(target.rndc_port, Path(target.key_file))
    assert rndc.call(f"reload {parse(domain).quoted}").error is None
    rndc.close()
