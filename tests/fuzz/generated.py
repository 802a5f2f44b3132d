"""Requests made from right ones by damaging them: the same seed and number give the same request."""

import json
import random
from dataclasses import dataclass, field
from typing import Any

from nameserver.records import TYPES
from tests.fuzz import values

Json = dict[str, Any]

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "FOO", "get"]
_NAMES = [
    "@",
    "a",
    "b",
    "a.b",
    "*",
    "*.a",
    "www",
    "_x._tcp",
    "0/25",
    "bücher",
    "x" * 63,
    "d.a.b",
    "ns",
    "WWW",
    "foo_bar",
]
_DOMAINS = [
    "{0}.example.net",
    "A{0}.Example.NET.",
    "sub.{1}",
    "xn--{0}.example",
    "b{0}ü.example",
    "com",
    "{1}",
    "a..b",
    "1.2.3.4",
]
_NASTY_TEXT = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "x\udfffy",
    "\u202eabc",
    "\u200b",
    "\ufeff",
    "a\nb IN A 192.0.2.9",
    "a\r\n$INCLUDE /etc/passwd",
    '"',
    '"a" "b',
    "\\",
    "\\999",
    ";",
    "(",
    "$ORIGIN .",
    "' OR 1=1 --",
    "%s%n",
    "{{7*7}}",
    "../../etc/passwd",
    "<script>",
    "x" * 65_536,
    "é" * 32_000,
    '"' + "\\000" * 250 + '"',
    '"a"' * 20_000,
    "a." * 500,
    "1" * 5000,
    "_schema",
    "null",
    "\U0001f642" * 300,
]
_NASTY_JSON: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1.0,
    1.5,
    2**31,
    2**63,
    2**64,
    10**400,
    1e300,
    [],
    {},
    [[]],
    [None],
    {"a": {"b": []}},
    "3600",
    *_NASTY_TEXT,
]
_RAW_BODIES: list[bytes] = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"[" * 200_000,
    b'{"a":' * 50_000,
    b"[" * 1000 + b"]" * 1000,
    b'{"name":"a","name":"b","record_type":"A","record_type":"TXT","value":"x","value":"192.0.2.1"}',
    b'{"ttl":' + b"9" * 5000 + b"}",
    b'{"ttl":1e999}',
    b'{"ttl":NaN}',
    b'{"value":"\\ud800"}',
    b'{"value":"\xed\xa0\x80"}',
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    bytes(range(256)),
    b'"string"',
    b"1",
    b'{"domain":"a.example"} x',
    b"{'domain': 'a'}",
    b"domain=a.example",
    b'{"domain":"a.example"',
    b" " * 70_000 + b"{}",
    b'{"' + b"k" * 65_536 + b'":1}',
]
_HEADERS: dict[str, list[str]] = {
    "PREFER": [
        "wait=0",
        "wait",
        "wait=1",
        "wait=-1",
        "wait=" + "9" * 400,
        "wait=" + "9" * 5000,
        "return=minimal, wait=0;x=y",
        "wait=\u0663".encode().decode("latin-1"),
        'wait="0"',
        ",",
    ],
    "IF_MATCH": ["*", '"x"', 'W/"x"', "x", '"', ",", "", '"a", "b"', '"' + "x" * 60_000 + '"', "\xff"],
    "IF_NONE_MATCH": ["*", '"x"', "x", "", ", ,", '"\xe9"'],
    "IDEMPOTENCY_KEY": ["k1", "k2", "k3", "k4", "k5", "", " ", "x" * 255, "x" * 256, "\xe9", "\x01", "a\tb"],
    "CONTENT_TYPE": [
        "application/json",
        "application/merge-patch+json",
        "text/plain",
        "",
        "application/json; charset=utf-16",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "\xff",
        ";",
        "application/json;" + "a" * 9000,
    ],
    "AUTHORIZATION": [
        "",
        "Bearer",
        "Bearer ",
        "Bearer vps_",
        "Bearer vps_" + "A" * 43,
        "bearer vps_\xe9",
        "Basic YTpi",
        "Bearer vps_" + "x" * 60_000,
        "Bearer\tvps_x",
        "\x00",
    ],
    "HOST": ["", "x", "exa mple", "[::1", "\xff", "a" * 300, "xn--a", "a:b:c"],
    "ORIGIN": ["https://x.example", "null", "\xff"],
    "ACCESS_CONTROL_REQUEST_METHOD": ["PUT", "\xff"],
    "ACCEPT": ["text/html", "*/*", "\xff"],
    "RANGE": ["bytes=0-1", "x"],
    "UPGRADE": ["websocket"],
    "CONNECTION": ["Upgrade"],
    "TRANSFER_ENCODING": ["chunked", "x"],
    "X_HTTP_METHOD_OVERRIDE": ["DELETE"],
    "IF_MODIFIED_SINCE": ["x"],
    "COOKIE": ["a=b", "\xff;=;"],
}
_QUERIES = [
    "",
    "dry_run=true",
    "dry_run=false",
    "dry_run=1",
    "dry_run=true&dry_run=false",
    "limit=1",
    "limit=1000000000",
    "limit=0",
    "limit=-1",
    "limit=" + "9" * 5000,
    "limit=\u0663",
    "cursor=aWQ6MQ",
    "cursor=%00",
    "cursor=" + "A" * 4000,
    "cursor=aWQ6OTk5OTk5OTk5OTk5OTk5OTk5",
    "page=1&page_size=2",
    "page=1000000000&page_size=5000",
    "page=1&limit=2",
    "zone=x&record_type=A",
    "record_type=TXT",
    "record_type=%ff",
    "record_type=\u017f",
    "domain=%00",
    "domain=" + "a." * 3000,
    "domain=b%C3%BCcher.example",
    "domain=%ED%A0%80",
    "zone=%00%0a",
    "tll=1",
    "_schema=1",
    "&&==&=",
    "a[]=1",
    "%",
    "dry_run",
    "dry_run=true%00",
    "x=" + "y" * 60_000,
]


@dataclass
class Request:
    """One request. `zones` and `records` are the uuids it names: nothing else may be changed by it."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    account: str | None = None

    def environ(self) -> Json:
        """The WSGI environment of it, octets as they are: no client's own ideas come in between."""
        found: Json = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path.encode("utf-8", "surrogateescape").decode("latin-1"),
            "QUERY_STRING": self.query.encode("utf-8", "surrogateescape").decode("latin-1"),
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(self.body)),
            "wsgi.url_scheme": "http",
        }
        for name, value in self.headers.items():
            found[name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"] = value
        return found


class Generator:
    """Makes requests from what is there: the present zones and records, in their order of creation."""

    def __init__(self, seed: int, secrets: dict[str, str]) -> None:
        self._seed, self._secrets = seed, secrets

    def request(self, number: int, zones: list[Json], records: list[Json]) -> Request:
        """The request of this number. Both have uuid and account, zones domain too."""
        random_ = random.Random(f"{self._seed}:{number}")
        accounts = list(self._secrets)
        account = random_.choices([*accounts, None], [80, 16, 4])[0]
        owner = account or accounts[0]
        foreign = random_.random() < 0.07
        mine = [zone for zone in zones if foreign or zone["account"] == owner]
        ours = [record for record in records if foreign or record["account"] == owner]
        made = _Maker(random_, number, mine, ours).request()
        made.account = account
        made.headers = {"CONTENT_TYPE": "application/json", "HOST": "127.0.0.1"} | made.headers
        if made.account is not None and "AUTHORIZATION" not in made.headers:
            made.headers["AUTHORIZATION"] = f"Bearer {self._secrets[made.account]}"
        return made


class _Maker:
    def __init__(self, random_: random.Random, number: int, zones: list[Json], records: list[Json]) -> None:
        self._random, self._number, self._zones, self._records = random_, number, zones, records

    def request(self) -> Request:
        """A right request, damaged in none, one or several places."""
        method, path, body = self._right()
        made = Request(method, path)
        if body is not None:
            body = self._damaged(body) if self._chance(0.4) else body
            made.body = self._encoded(body)
        if self._chance(0.06):
            made.body = self._random.choice(_RAW_BODIES)
        if self._chance(0.03):
            made.body = self._flipped(made.body)
        if self._chance(0.05):
            made.method = self._random.choice(_METHODS)
        if self._chance(0.05):
            made.path = self._damaged_path(made.path)
        if self._chance(0.5 if method == "GET" else 0.08):
            made.query = self._random.choice(_QUERIES)
        while self._chance(0.2):
            name = self._random.choice(list(_HEADERS))
            made.headers[name] = self._random.choice(_HEADERS[name])
        return made

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _right(self) -> tuple[str, str, Any]:
        zone, record = self._of(self._zones), self._of(self._records)
        api, random_ = "/api/v1", self._random
        unknown = "00000000-0000-4000-8000-000000000000"
        of_zone = f"{api}/dns-zones/{zone['uuid'] if zone else unknown}"
        of_record = f"{api}/dns-records/{record['uuid'] if record else unknown}/"
        choices: list[tuple[int, Any]] = [
            (30, lambda: ("POST", f"{of_zone}/records/", self._record())),
            (6, lambda: ("POST", f"{of_zone}/records/", [self._record() for _ in range(random_.randint(1, 4))])),
            (10, lambda: ("PUT", of_record, self._record())),
            (12, lambda: ("PATCH", of_record, self._part(self._record()))),
            (9, lambda: ("DELETE", of_record, None)),
            (4 if len(self._zones) > 3 else 40, lambda: ("POST", f"{api}/dns-zones/", {"domain": self._domain()})),
            (1 if len(self._zones) < 8 else 9, lambda: ("DELETE", f"{of_zone}/", None)),
            (12, lambda: ("POST", f"{api}/dns-batches/", {"operations": self._operations()})),
            (3, lambda: ("GET", random_.choice([f"{api}/dns-zones/", f"{api}/dns-records/"]), None)),
            (3, lambda: ("GET", random_.choice([of_record, f"{of_zone}/", f"{of_zone}/records/"]), None)),
            (2, lambda: ("GET", random_.choice([f"{of_zone}/status/", f"{api}/dns-changes/{unknown}/"]), None)),
            (1, lambda: ("GET", random_.choice(["/docs/", "/healthz", f"{api}/openapi.json", "/", "/metrics"]), None)),
        ]
        chosen = random_.choices([make for _, make in choices], [weight for weight, _ in choices])[0]
        found: tuple[str, str, Any] = chosen()
        return found

    def _of(self, rows: list[Json]) -> Json | None:
        return self._random.choice(rows) if rows else None

    def _domain(self) -> str:
        zone = self._of(self._zones)
        below = zone["domain"] if zone else "example.org"
        return self._random.choice(_DOMAINS).format(f"z{self._number}", below)

    def _record(self) -> Json:
        random_ = self._random
        kind = random_.choice(TYPES)
        body: Json = {"record_type": kind, "name": self._name(), "value": self._value(kind)}
        if random_.random() < 0.5:
            body["ttl"] = random_.choice([0, 1, 60, 300, 3600, 2**31 - 1])
        if kind in ("MX", "SRV") or random_.random() < 0.03:
            body["priority"] = random_.choice([0, 10, 65535])
        return body

    def _name(self) -> str:
        if self._chance(0.7):
            return self._random.choice(_NAMES)
        return f"h{self._random.randint(0, 30)}"

    def _value(self, kind: str) -> str:
        example, random_ = values.EXAMPLE[kind], self._random
        if kind in ("A", "AAAA"):
            return random_.choice(
                [example, f"192.0.2.{random_.randint(0, 255)}", f"2001:db8::{random_.randint(0, 9999)}"]
            )
        if kind in ("CNAME", "NS", "MX", "PTR", "DNAME"):
            zone = self._of(self._zones)
            inside = zone["domain"] if zone else "example.net"
            return random_.choice([example, f"ns.{inside}", f"h{random_.randint(0, 30)}.{inside}", f"a.b.{inside}"])
        if kind == "TXT":
            return "".join(random_.choice(values.STRANGE + values.PRINTABLE) for _ in range(random_.randint(0, 40)))
        return example

    def _part(self, body: Json) -> Json:
        return {key: value for key, value in body.items() if self._chance(0.4)}

    def _operations(self) -> list[Json]:
        return [self._operation() for _ in range(self._random.choice([1, 2, 3, 5, 30]))]

    def _operation(self) -> Json:
        zone, record = self._of(self._zones), self._of(self._records)
        named = zone[self._random.choice(["uuid", "domain"])] if zone else "example.net"
        uuid = record["uuid"] if record else "x"
        return self._random.choices(
            [
                {"action": "create", "zone": named, **self._record()},
                {"action": "update", "record": uuid, **self._part(self._record())},
                {"action": "delete", "record": uuid},
                {"action": "create_zone", "domain": self._domain()},
                {"action": "delete_zone", "zone": named},
            ],
            [60, 20, 10, 5, 1],
        )[0]

    def _damaged(self, body: Any) -> Any:
        """Something nasty somewhere in it."""
        random_ = self._random
        if isinstance(body, list) and body and self._chance(0.9):
            at = random_.randrange(len(body))
            return [*body[:at], self._damaged(body[at]), *body[at + 1 :]]
        if isinstance(body, dict) and body:
            key = random_.choice(list(body))
            how = random_.random()
            if how < 0.25:
                return body | {random_.choice([*_NASTY_TEXT, "uuid", "zone", "created_at", "tll", "id"]): self._nasty()}
            if how < 0.35:
                return {name: value for name, value in body.items() if name != key}
            if isinstance(body[key], (list, dict)) or self._chance(0.3):
                return body | {key: self._damaged(body[key])}
            return body | {key: self._nasty()}
        if isinstance(body, str) and body and self._chance(0.6):
            at = random_.randrange(len(body))
            inserted = random_.choice([*values.STRANGE, chr(random_.randrange(256)), chr(random_.randrange(0x11_0000))])
            return body[:at] + inserted + body[at:]
        return self._nasty()

    def _nasty(self) -> Any:
        return self._random.choice(_NASTY_JSON)

    def _encoded(self, body: Any) -> bytes:
        text = json.dumps(body, ensure_ascii=self._chance(0.5))
        return text.encode("utf-8", "surrogatepass")

    def _flipped(self, body: bytes) -> bytes:
        changed = bytearray(body or b"{}")
        for _ in range(self._random.randint(1, 4)):
            changed[self._random.randrange(len(changed))] = self._random.randrange(256)
        return bytes(changed)

    def _damaged_path(self, path: str) -> str:
        at = self._random.randrange(len(path) + 1)
        return self._random.choice(
            [
                path[:at] + chr(self._random.randrange(256)) + path[at:],
                path[:at] + "\udcff" + path[at:],
                path[:at] + "\x00" + path[at:],
                path[:at] + "//" + path[at:],
                path.rstrip("/"),
                path + "/",
                path.upper(),
                path[:at],
                path + "../" * 3,
                path.replace("dns", "%64ns"),
                "/" + "a" * 60_000,
                path + "x" * 60_000,
                "",
                "*",
            ]
        )
