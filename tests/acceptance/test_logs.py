"""What a busy stack leaves behind: JSON lines with the ids of each write, and no secret outside its own file."""

import http.client
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stack import ADDRESS, Stack, eventually, running


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that logs as JSON, everything it can."""
    environment = {"ZONEWRIGHT_LOG_FORMAT": "json", "ZONEWRIGHT_LOG_LEVEL": "DEBUG"}
    with running(tmp_path_factory.mktemp("busy") / "data", environment) as stack:
        yield stack


def lines(stack: Stack, name: str) -> list[dict[str, Any]]:
    """Every line of a log; each must be JSON."""
    return [json.loads(line) for line in stack.log(name).splitlines()]


def test_a_write_can_be_followed_through_the_logs(busy: Stack) -> None:
    """From the answer's headers to the request's line, from its zone and serial to each nameserver's."""
    zone = busy.zone("followed.example.org")
    body = {"record_type": "A", "name": "www", "value": "192.0.2.1"}
    made = busy.done("POST", f"dns-zones/{zone['uuid']}/records/?dry_run=false", body, wait=10)
    [line] = [each for each in lines(busy, "api") if each.get("request_id") == made.headers["X-Request-Id"]]
    serial = int(made.headers["X-Zone-Serial"])
    assert line["change_id"] == made.headers["X-Change-Id"]
    assert (line["zone"], line["serial"]) == ("followed.example.org", serial)
    assert (line["method"], line["status"], line["level"], line["logger"]) == ("POST", 201, "INFO", "api.access")
    assert line["path"] == f"/api/v1/dns-zones/{zone['uuid']}/records/"
    assert (line["account"], line["token"]) == ("operator@zonewright.test", "first")
    assert line["ms"] > 0

    def published() -> list[dict[str, Any]]:
        of_it = (line["zone"], serial)
        return [each for each in lines(busy, "control") if (each.get("zone"), each.get("serial")) == of_it]

    eventually(lambda: {each["nameserver"] for each in published()} == {"ns1", "ns2"})  # logged after it is reported
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", each["time"]) for each in published())


def test_what_goes_wrong_is_one_line(busy: Stack) -> None:
    """A path that would begin a line of its own, and a nameserver that died."""
    busy.call("PATCH", "dns-records/%0A%22fake%22/", {"value": "x"})
    assert [each["status"] for each in lines(busy, "api") if "%0A%22fake%22" in each.get("path", "")] == [404]
    busy.zone("wrong.example.org", wait=10)
    with busy.frozen("ns1"):
        busy.zone("lost.example.org")
        busy.shoot("ns1")
    eventually(lambda: [each for each in lines(busy, "control") if each["level"] == "WARNING"])
    told = [each for each in lines(busy, "control") if each["level"] == "WARNING"]
    assert {each.get("nameserver") for each in told} == {"ns1"}


def raw(stack: Stack, request: bytes) -> bytes:
    """What the API answers to exactly these octets."""
    with socket.create_connection((ADDRESS, stack.port), timeout=20) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_no_secret_is_anywhere_but_in_its_own_file(busy: Stack) -> None:
    """Logs, database, counters, named's files and every answer, after tokens were sent where none belongs."""
    assert busy.token
    busy.cli("nameserver", "key")
    other = busy.cli("token", "create", "--account", "operator@zonewright.test", "--quiet").stdout.strip()
    token, wrong = busy.token, "vps_" + "Zq9" * 14 + "x"
    answers = []
    zone = busy.zone("secrets.example.org", wait=10)
    for secret in (token, other, wrong):
        for method, path, body in (
            ("GET", f"dns-zones/{secret}/", None),
            ("GET", f"dns-zones/?token={secret}", None),
            ("GET", f"dns-zones/?domain={secret}", None),
            ("POST", f"dns-zones/{zone['uuid']}/records/", {"record_type": secret, "name": "a", "value": "x"}),
            ("POST", "dns-zones/", {"domain": "x.example.org", "token": "…"}),
            ("POST", "dns-batches/", {"operations": secret}),
        ):
            answers.append(busy.call(method, path, body, token=secret).content)
        head = f"GET /api/v1/dns-zones/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n".encode()
        for rest in (b"Bad Header " + secret.encode() + b": x\r\n\r\n", b"\0\r\n\r\n"):
            raw(busy, head + rest)  # gunicorn shows its sender what it could not read
        raw(busy, f"GET {secret} HTTP/9.9\r\n\r\n".encode())
    connection = http.client.HTTPConnection(ADDRESS, busy.port, timeout=20)
    connection.request("GET", "/api/v1/dns-zones/", headers={"Authorization": f"Basic {token}"})
    answers.append(connection.getresponse().read())
    connection.close()
    assert busy.stop() == 0

    secrets = {"token": token[4:], "other": other[4:], "wrong": wrong[4:]}
    own: dict[str, Path] = {}
    for name in ("ns1", "ns2"):
        own[name] = busy.data / name / "rndc.key"
        found = re.search(r'secret "([^"]+)"', own[name].read_text())
        assert found
        secrets[name] = found[1]
    own["ssh"] = busy.data / "ssh" / "id_ed25519"
    secrets["ssh"] = own["ssh"].read_text().splitlines()[2]
    files = {path: path.read_bytes() for path in busy.data.rglob("*") if path.is_file()}
    assert any(b"secrets.example.org" in content for content in files.values())
    leaks = [
        (name, str(path))
        for name, secret in secrets.items()
        for path, content in files.items()
        if secret.encode() in content and path != own.get(name)
    ]
    assert leaks == []
    assert [name for name, secret in secrets.items() if secret in busy.complained] == []
    shown = [answer for answer in answers if token[4:].encode() in answer or other[4:].encode() in answer]
    assert shown == []
    assert "[removed]" in busy.log("api")
    for name in ("api", "control"):
        assert lines(busy, name)
    for path in own.values():
        assert path.stat().st_mode & 0o077 == 0
