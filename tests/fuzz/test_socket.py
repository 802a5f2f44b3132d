"""Raw octets on the socket of a running API: whatever comes, it answers on, and no 5xx is ours."""

import os
import random
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.fuzz.server import Server, serving

pytestmark = pytest.mark.timeout(1200)

_LIMIT = 1_048_576
_STATUS = re.compile(rb"^HTTP/1\.[01] (\d{3})", re.MULTILINE)
_OURS = b'"error_code"'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running API on SQLite."""
    with serving(tmp_path_factory.mktemp("socket")) as started:
        yield started


@pytest.fixture(autouse=True)
def _goes_on(server: Server) -> Iterator[None]:
    """After each test it answers as before, and no error of ours is in its log."""
    yield
    assert server.healthy(), server.log()[-4000:]
    assert "Traceback" not in server.log(), server.log()[-4000:]


def exchange(server: Server, *parts: bytes, pause: float = 0.0, half_close: bool = True) -> bytes:
    """What comes back for these octets, to the end of the connection."""
    with server.connect() as connection:
        with suppress(OSError):  # it may answer and close before all is sent
            for part in parts:
                connection.sendall(part)
                time.sleep(pause)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        return _read(connection)


def _read(connection: socket.socket) -> bytes:
    found = b""
    with suppress(ConnectionError):
        while chunk := connection.recv(65_536):
            found += chunk
    return found


def statuses(answer: bytes) -> list[int]:
    """The statuses of the answers in it."""
    return [int(found) for found in _STATUS.findall(answer)]


def head(server: Server, method: str, path: str, *headers: str, token: bool = True) -> bytes:
    """The beginning of a right request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers]
    if token:
        lines.append(f"Authorization: Bearer {server.secret}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def post(server: Server, body: bytes, *headers: str, path: str = "/api/v1/dns-zones/") -> bytes:
    """A right request with a body."""
    length = f"Content-Length: {len(body)}"
    return head(server, "POST", path, length, "Content-Type: application/json", *headers) + body


_BROKEN = [
    b"\r\n" * 100,
    b"\x00" * 100,
    b"GET\r\n\r\n",
    b"GET /\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET  /  HTTP/1.1\r\nHost: x\r\n\r\n",
    b"G\xc3\x89T / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\nHost: x\n\n",
    b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    b"GET / HTTP/1.1\r\nNo colon\r\n\r\n",
    b"GET / HTTP/1.1\r\n folded: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: a\x00b\r\n\r\n",
    b"GET http://other.example/healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    b"POST /api/v1/dns-zones/ HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST /api/v1/dns-zones/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1e3\r\n\r\n",
    b"POST /api/v1/dns-zones/ HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
    b"POST /api/v1/dns-zones/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n{}",
    b"POST /api/v1/dns-zones/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /api/v1/dns-zones/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
    b"POST /api/v1/dns-zones/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /api/v1/dns-zones/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
    b"Connection: close\r\n\r\n{}",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(5000)) + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 50_000,
    b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
]


@pytest.mark.parametrize("octets", _BROKEN, ids=range(len(_BROKEN)))
def test_broken_http(server: Server, octets: bytes) -> None:
    """gunicorn's own refusals are in its own words; it answers 501 to what it does not know. No 5xx is ours."""
    answer = exchange(server, octets)
    assert not [status for status in statuses(answer) if status >= 500 and status != 501], answer[:2000]
    assert not (b" 501 " in answer[:20] and _OURS in answer)


_PATHS = [
    "/api/v1/dns-zones/%",
    "/api/v1/dns-zones/%zz/",
    "/api/v1/dns-zones/%00/",
    "/api/v1/dns-zones/%ff%fe/",
    "/api/v1/dns-zones/%2e%2e/%2e%2e/etc/passwd",
    "/api/v1/dns-zones/../../healthz",
    "/api/v1/dns-zones/%ed%a0%80/",
    "/api/v1/dns-zones/\xff\xfe/",
    "/api/v1/dns-zones/%0d%0aX-Injected:%20yes/",
    "/api/v1/dns-zones/?domain=%00",
    "/api/v1/dns-zones/?domain=%ff%fe",
    "/api/v1/dns-zones/?domain=\xff",
    "/api/v1/dns-zones/?limit=%D9%A3",
    "/api/v1/dns-zones/?%00=%00",
    "/api/v1/dns-zones/?" + "a=b&" * 1500,
    "/api/v1/dns-zones/?cursor=%0d%0aX-Injected:%20yes",
    "/api/v1/dns-zones//",
    "//api/v1/dns-zones/",
    "/api/v1/dns-zones/;x=y",
    "/api/v1/dns-zones/#x",
    "/%61pi/v1/dns-zones/",
    "/api/v1/dns-records/%00%0a%0d/",
    "/healthz/%ff",
    "/docs/../../etc/passwd",
]


@pytest.mark.parametrize("path", _PATHS, ids=range(len(_PATHS)))
@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "OPTIONS", "TRACE", "FOO"])
def test_strange_paths(server: Server, method: str, path: str) -> None:
    answer = exchange(server, head(server, method, path))
    [status] = statuses(answer)
    assert status < 500, answer
    assert b"\nX-Injected" not in answer
    if method == "TRACE":
        assert server.secret.encode() not in answer


@pytest.mark.parametrize("token", [False, True])
def test_10_mib_are_refused(server: Server, token: bool) -> None:
    """The refusal arrives, although it is answered before all is read."""
    body = b'{"domain": "' + b"a" * 10 * _LIMIT + b'"}'
    length = (f"Content-Length: {len(body)}", "Content-Type: application/json")
    answer = exchange(server, head(server, "POST", "/api/v1/dns-zones/", *length, token=token), body, half_close=False)
    assert statuses(answer) == [413 if token else 401], answer
    assert (b"payload_too_large" if token else b"invalid_token") in answer


def test_the_limit_is_exact(server: Server) -> None:
    """One octet more is 413; so many are read."""
    for more, status in ((0, 400), (1, 413)):
        body = b'{"domain": "' + b"a" * (_LIMIT - 14 + more) + b'"}'
        assert len(body) == _LIMIT + more
        assert statuses(exchange(server, post(server, body), half_close=False)) == [status]


def test_chunks_over_the_limit(server: Server) -> None:
    """No length is told beforehand; the limit holds all the same."""
    start = head(server, "POST", "/api/v1/dns-zones/", "Transfer-Encoding: chunked", "Content-Type: application/json")
    chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    answer = exchange(server, start, *[chunk] * 40, b"0\r\n\r\n", half_close=False)
    assert statuses(answer) == [413], answer
    small = b'd\r\n{"domain":"x"\r\n1\r\n}\r\n0\r\n\r\n'
    assert statuses(exchange(server, start, small, half_close=False)) == [400]


_BODIES = [
    b"[" * 200_000,
    b"[" * 200_000 + b"]" * 200_000,
    b'{"a":' * 100_000,
    b'{"ttl":' + b"9" * 5000 + b"}",
    b'{"domain":"\\ud800"}',
    b'{"domain":"a\\u0000b.example"}',
    b'{"domain":"' + b"a." * 60_000 + b'"}',
    b"\xff" * 1000,
    b"",
    b"\x00",
]


@pytest.mark.parametrize("body", _BODIES, ids=range(len(_BODIES)))
@pytest.mark.parametrize("path", ["/api/v1/dns-zones/", "/api/v1/dns-batches/"])
def test_hostile_json(server: Server, path: str, body: bytes) -> None:
    answer = exchange(server, post(server, body, path=path), half_close=False)
    assert statuses(answer) == [400], answer
    assert b"validation_error" in answer


def test_pipelined(server: Server) -> None:
    """Each is answered, in order, or the connection ends; a body never becomes a request."""
    inner = b"DELETE /api/v1/dns-zones/x/ HTTP/1.1\r\nHost: x\r\n\r\n"
    first = post(server, inner).replace(b"Connection: close", b"Connection: keep-alive")
    last = head(server, "GET", "/healthz")
    for order in ([first, last], [first] * 20 + [last]):
        found = statuses(exchange(server, b"".join(order), half_close=False))
        assert found in ([400] * (len(order) - 1) + [200], found[:1] * bool(found)), found
        assert set(found) <= {400, 200}


def test_slow_requests_hold_nobody_up(server: Server) -> None:
    """Connections that drip, fewer than one process has threads: others are answered meanwhile.

    More of them are a proxy's to keep away, which buffers requests (deploy/nginx).
    """
    stop = threading.Event()
    connections = [server.connect() for _ in range(12)]

    def drip(connection: socket.socket, number: int) -> None:
        octets = (
            post(server, b'{"domain": "x"}')
            if number % 2
            else b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 99
        )
        with suppress(OSError):
            for octet in octets:
                connection.sendall(bytes([octet]))
                if stop.wait(0.2):
                    return

    threads = [threading.Thread(target=drip, args=(each, number)) for number, each in enumerate(connections)]
    try:
        for thread in threads:
            thread.start()
        time.sleep(1)
        assert server.healthy()
        assert statuses(exchange(server, head(server, "GET", "/api/v1/dns-zones/"), half_close=False)) == [200]
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
        for connection in connections:
            connection.close()


def test_a_body_is_never_cut_short(server: Server) -> None:
    """What is right as far as the limit, and goes on behind it, isn't carried out."""
    start = head(server, "POST", "/api/v1/dns-zones/", "Transfer-Encoding: chunked", "Content-Type: application/json")
    body = b'{"domain": "cut.example.org"}'.ljust(_LIMIT) + b"what would be lost"
    pieces = [body[at : at + 0x10000] for at in range(0, len(body), 0x10000)]
    chunks = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces]
    assert statuses(exchange(server, start, *chunks, b"0\r\n\r\n", half_close=False)) == [413]


def test_clients_that_go_away(server: Server) -> None:
    """Before the body, in the middle of it, before the answer; with a reset, too."""
    body = post(server, b'{"domain": "' + b"a" * 1000 + b'"}')
    for cut in (1, 30, len(body) - 900, len(body) - 1, len(body)):
        for reset in (False, True):
            connection = server.connect()
            connection.sendall(body[:cut])
            if reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()


@pytest.mark.parametrize("requests", [300, pytest.param(5_000, marks=pytest.mark.long)])
def test_flipped_octets(server: Server, requests: int) -> None:
    """Right requests with octets changed, taken out and put in anywhere, the request line and headers included."""
    seed = int(os.environ.get("FUZZ_SEED", random.randrange(2**32) if requests > 1000 else 1))
    random_ = random.Random(seed)
    bodies = [
        b'{"domain": "z%d.example.org"}',
        b'{"operations": [{"action": "create_zone", "domain": "y%d.example.org"}]}',
    ]
    for number in range(requests):
        kind = random_.randrange(2)
        path = ["/api/v1/dns-zones/", "/api/v1/dns-batches/"][kind]
        changed = bytearray(post(server, bodies[kind] % number, path=path))
        for _ in range(random_.randint(1, 3)):
            at = random_.randrange(len(changed))
            how = random_.randrange(3)
            changed[at : at + (how != 2)] = b"" if how == 1 else bytes([random_.randrange(256)])
        answer = exchange(server, bytes(changed))
        wrong = [status for status in statuses(answer) if status >= 500 and status not in (501, 505)]
        assert not wrong, (f"FUZZ_SEED={seed}, request {number}", bytes(changed), answer)
