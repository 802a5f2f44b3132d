"""The OpenAPI document: valid, complete, true of every answer, and enough to make a client of."""

import io
import json
import keyword
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator
from werkzeug.test import TestResponse

from api.routes import ROUTES, Route
from api.schemas.queries import WriteQuery
from tests.contract.forms import (
    CHANGES,
    FILE,
    IMPORT,
    LOCKS,
    RECORDS,
    UNKNOWN,
    ZONES,
    added,
    created,
    problem,
    record_url,
    serial,
    zone_url,
)
from tests.contract.test_dry_run import BATCHES

if TYPE_CHECKING:
    from tests.installation import Installation

Json = dict[str, Any]
URL = "/api/v1/openapi.json"
EIGHT = [
    ("A", "@", "192.0.2.1", None),
    ("AAAA", "@", "2001:db8::1", None),
    ("CNAME", "www", "example.com", None),
    ("MX", "@", "mail.example.com", 10),
    ("TXT", "@", "v=spf1 include:_spf.google.com ~all", None),
    ("NS", "sub", "ns1.example.net", None),
    ("SRV", "_sip._tcp", "10 5060 sip.example.com", 10),
    ("CAA", "@", '0 issue "letsencrypt.org"', None),
]


@pytest.fixture
def document(app: Flask) -> Json:
    """As it is served, to anybody."""
    answer = app.test_client().get(URL)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    return dict(answer.get_json())


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Method, path and operation of each."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


# ---- the document ----


def test_document_is_valid(document: Json) -> None:
    assert document["openapi"] == "3.1.0"
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_route_is_described(document: Json) -> None:
    """With its own name, its permission, and what it can be asked."""
    described = {(method, path): operation for method, path, operation in operations(document)}
    assert set(described) == {(route.method, re.sub(r"<(\w+)>", r"{\1}", route.path)) for route in ROUTES}
    names = [operation["operationId"] for operation in described.values()]
    assert len(set(names)) == len(names)
    for route in ROUTES:
        operation = described[route.method, route.path.replace("<uuid>", "{uuid}")]
        assert operation["summary"]
        assert operation["security"] == ([{"token": []}] if route.permission else [])
        if route.permission and "*" not in route.permission:
            assert f"`{route.permission}`" in operation["description"]
        queries = {each["name"] for each in operation["parameters"] if each["in"] == "query"}
        assert queries == set(route.query().fields)
        assert ("requestBody" in operation) == (route.body is not None or route.large)
        assert [each["name"] for each in operation["parameters"] if each["in"] == "path"] == re.findall(
            r"<(\w+)>", route.path
        )


def test_token_is_described(document: Json) -> None:
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


# Besides those that follow from what a route takes.
OWN_STATUSES = {
    "/confirm/": {"409"},
    "/reject/": {"409"},
    "/approve/": {"201", "202", "204", "409", "412"},
    "/metrics": {"403"},
}
TAGGED = (f"GET {ZONES}{{uuid}}/", f"GET {RECORDS}{{uuid}}/")


def statuses_of(route: Route) -> set[str]:
    """Written down a second time, from the contract."""
    path = route.path.replace("<uuid>", "{uuid}")
    own = next((each for end, each in OWN_STATUSES.items() if path.endswith(end)), set())
    statuses = {str(route.status), "400", "500", "503"} | own
    statuses |= {"429"} if path not in ("/healthz", "/metrics") else set()
    statuses |= {"401", "403"} if route.permission else set()
    statuses |= {"404"} if "<uuid>" in route.path else set()
    statuses |= {"415"} if route.body or route.large else set()
    if issubclass(route.query, WriteQuery):
        statuses |= {"202", "409", "413"} | ({"412"} if "<uuid>" in route.path else set())
    return statuses | ({"304"} if f"{route.method} {path}" in TAGGED else set())


def test_every_status_is_described(document: Json) -> None:
    for route in ROUTES:
        path, statuses = route.path.replace("<uuid>", "{uuid}"), statuses_of(route)
        described = document["paths"][path][route.method.lower()]["responses"]
        assert set(described) == statuses, f"{route.method} {path}"
        for status in {each for each in statuses if each >= "400"}:
            assert described[status]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}


def test_examples_keep_their_own_schemas(document: Json) -> None:
    seen = 0
    for _, _, operation in operations(document):
        holders = [operation.get("requestBody", {}), *operation["responses"].values()]
        for content in (each for holder in holders for each in holder.get("content", {}).values()):
            if "example" in content:
                seen += 1
                check(document, content["schema"], content["example"])
    assert seen > 10


def test_no_address_of_ours_is_in_it(alice: FlaskClient) -> None:
    answer = alice.get(URL, headers={"Host": "evil.example"})
    assert "evil" not in answer.text
    assert answer.data == alice.get(URL).data


# ---- every answer ----


def check(document: Json, schema: Json, value: Any) -> None:
    """The value keeps the schema."""
    whole = {**schema, "components": document["components"]}
    Draft202012Validator(whole, format_checker=FormatChecker()).validate(value)


ALWAYS = {"Content-Type", "Content-Length", "X-Request-Id", "X-Content-Type-Options", "Cache-Control", "Vary"}
ALWAYS |= {"WWW-Authenticate", "Allow", "Content-Security-Policy"}


def described(document: Json, answer: TestResponse) -> str:
    """The answer is one that the document knows: status, body, headers. Its operation."""
    method, path = answer.request.method, answer.request.path
    templates = [each for each in document["paths"] if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", each), path)]
    operation = document["paths"][min(templates, key=lambda each: each.count("{"))][method.lower()]
    response = operation["responses"][str(answer.status_code)]
    if "content" in response:
        body = answer.get_json() if answer.is_json else answer.text
        check(document, response["content"][answer.mimetype]["schema"], body)
    else:
        assert answer.data == b""
    if answer.status_code < 400:
        assert {name for name, _ in answer.headers} - ALWAYS <= set(response.get("headers", {}))
    return str(operation["operationId"])


def undo(see: Callable[[TestResponse], TestResponse], alice: FlaskClient, url: str, first: int) -> None:
    """Everything that goes back, and what it refuses."""
    newest = alice.get(CHANGES).get_json()[0]["id"]
    for target, body in ((f"{CHANGES}{newest}/revert/", {}), (f"{url}rollback/", {"serial": first})):
        see(alice.post(target, json=body))
    see(alice.post(f"{url}rollback/", json={"serial": alice.get(f"{url}status/").get_json()["serial"]}))
    see(alice.post(f"{CHANGES}{alice.get(CHANGES).get_json()[0]['id']}/revert/"))
    see(alice.delete(url))
    for _ in range(2):
        see(alice.post(f"{url}undelete/"))


def decide(see: Callable[[TestResponse], TestResponse], alice: FlaskClient, second: FlaskClient, records: str) -> None:
    """What is confirmed, approved and rejected."""
    body = {"record_type": "A", "name": "kept", "value": "192.0.2.1", "expires_at": "2126-01-18T16:45:00Z"}
    write = see(alice.post(f"{records}?confirm_within=60", json=body))
    confirm = f"{CHANGES}{write.headers['X-Change-Id']}/confirm/"
    proposals = [
        "/api/v1/dns-proposals/" + see(alice.post(f"{records}?{query}", json=body | {"name": name})).get_json()["id"]
        for name, query in (("a", "propose=true"), ("b", "propose=true&apply_at=2126-01-18T16:45:00Z"))
    ]
    for each in (confirm, *(f"{proposal}/approve/" for proposal in proposals), *(f"{proposals[1]}/reject/",) * 2):
        see(second.post(each))
    see(second.post(f"{proposals[0]}/approve/"))
    for each in ("/api/v1/dns-proposals/", "/api/v1/dns-proposals/?state=open", f"{proposals[0]}/"):
        see(alice.get(each))


def lock(see: Callable[[TestResponse], TestResponse], alice: FlaskClient, url: str, record: str) -> None:
    """Everything about locks, and what they refuse."""
    made = see(alice.post(f"{url}locks/", json={"reason": "billing"})).get_json()
    see(alice.patch(record, json={"ttl": 88}))
    for target in (f"{url}locks/", f"{LOCKS}{made['uuid']}/"):
        see(alice.get(target))
    for _ in range(2):
        see(alice.delete(f"{LOCKS}{made['uuid']}/"))


def see_files(alice: FlaskClient, zone: Json, see: Callable[[TestResponse], TestResponse]) -> None:
    """Imports and exports, and their errors."""
    sent = {"data": FILE, "content_type": "text/dns"}
    for query in ("domain=import.example", "domain=import.example&dry_run=true", "domain=com", "mode=x"):
        see(alice.post(f"{IMPORT}?{query}", **sent))
    see(alice.post(f"{IMPORT}?domain=import.example&mode=replace", **sent))
    see(alice.post(IMPORT, data={"several.example": (io.BytesIO(FILE), "x")}))
    see(alice.post(IMPORT, json={}))
    for form in ("zone", "json", "csv", "octodns", "tinydns", "x"):
        see(alice.get(zone_url(zone, f"export/?format={form}")))


def test_every_answer_is_as_described(installation: "Installation", alice: FlaskClient, document: Json) -> None:
    """The main flows and their errors, over all operations."""
    nobody, weak = installation.app.test_client(), installation.client_with("dns:list")
    reader = installation.client_with("dns:create")
    key = {"headers": {"Idempotency-Key": "k", "Prefer": "wait=0"}}
    seen: list[tuple[str, int]] = []

    def see(answer: TestResponse) -> TestResponse:
        seen.append((described(document, answer), answer.status_code))
        return answer

    create = see(alice.post(ZONES, json={"domain": "example.com"}))
    zone, first = create.get_json(), serial(create)
    urls = [zone_url(zone, rest) for rest in ("", "records/", "status/", "check/")]
    record: Json = {}
    for record_type, name, value, priority in EIGHT:
        body = {"record_type": record_type, "name": name, "value": value}
        body |= {} if priority is None else {"priority": priority}
        record = see(alice.post(urls[1], json=body)).get_json()
    see(alice.post(urls[1], json=[{"record_type": "A", "name": f"h{each}", "value": "192.0.2.1"} for each in range(3)]))
    see_files(alice, zone, see)
    url = record_url(record)
    batch = {
        "operations": [
            {"action": "create_zone", "domain": "example.net"},
            {"action": "create", "zone": "example.net", "record_type": "A", "name": "@", "value": "192.0.2.1"},
            {"action": "update", "record": record["uuid"], "ttl": 77},
            {"action": "create_zone", "domain": "example.org"},
        ]
    }
    see(alice.post(f"{BATCHES}?dry_run=true", json=batch))
    change = see(alice.post(BATCHES, json=batch, **key)).headers["X-Change-Id"].split(", ")[0]
    see(alice.post(BATCHES, json=batch, **key))
    gone = alice.get(f"{ZONES}?domain=example.org").get_json()[0]["uuid"]
    see(alice.post(BATCHES, json={"operations": [{"action": "delete_zone", "zone": gone}]}))
    installation.in_sync("example.com", alice.get(urls[2]).get_json()["serial"])
    installation.fails("ns2", "example.net", alice.get(f"{CHANGES}{change}/").get_json()["serial"])
    gets = [ZONES, f"{ZONES}?limit=1", RECORDS, f"{RECORDS}?limit=1", *urls, url, f"{CHANGES}{change}/"]
    gets += [urls[0] + rest for rest in ("changes/", f"diff/?from={first}", f"?at={first}", f"records/?at={first}")]
    gets += [CHANGES, f"{CHANGES}?limit=1"]
    for query in ("", "?deep=true"):
        see(alice.post(urls[3] + query))
    see(alice.get(f"{urls[3]}?history=2"))
    for each in (*gets, URL, "/docs/", "/healthz", "/metrics"):
        see(alice.get(each))
    for each in gets:
        path, _, _ = each.partition("?")
        see(alice.get(f"{path}?typo=1"))
        see(nobody.get(path))
        see(reader.get(path))
        if zone["uuid"] in each or "records/" in each[len(RECORDS) - 8 :] or "changes" in each:
            see(alice.get(re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", UNKNOWN, path)))
    lock(see, alice, urls[0], url)
    undo(see, alice, urls[0], first)
    decide(see, alice, installation.client(secret=installation.token()[1]), urls[1])
    tag = alice.get(url).headers["ETag"]
    see(alice.get(url, headers={"If-None-Match": tag}))
    see(alice.get(urls[0], headers={"If-None-Match": "*"}))
    plain = {"data": "x", "content_type": "text/plain"}
    huge = {"data": b" " * 1_100_000, "content_type": "application/json"}
    for method, target in (("POST", ZONES), ("POST", urls[1]), ("PUT", url), ("PATCH", url), ("POST", BATCHES)):
        see(alice.open(target, method=method, json={"tll": 1}))
        see(alice.open(target, method=method, **plain))
        see(alice.open(target, method=method, **huge))
        see(nobody.open(target, method=method))
        see(weak.open(target, method=method, json={}))
    for method, target in (("PUT", url), ("PATCH", url), ("DELETE", url), ("DELETE", urls[0])):
        body = {"json": {"record_type": "A", "name": "q", "value": "192.0.2.1"}} if method != "DELETE" else {}
        see(alice.open(target, method=method, headers={"If-Match": '"x"'}, **body))
        see(alice.open(target.replace(target.split("/")[4], UNKNOWN), method=method, **body))
        see(alice.open(f"{target}?dry_run=true", method=method, **body))
        see(alice.open(target, method=method, headers={"Idempotency-Key": f"{method}{len(target)}"}, **body))
        see(weak.open(target, method=method))
    answered = {name for name, status in seen if status < 300}
    assert answered == {operation["operationId"] for _, _, operation in operations(document)}
    assert {status for _, status in seen} == {200, 201, 202, 204, 304, 400, 401, 403, 404, 409, 412, 413, 415}


# ---- a client made of it ----


def generate(document: Json) -> str:
    """A Python module: one function for each operation, with what it takes as its parameters."""
    lines = ["import json", "", ""]
    for method, path, operation in operations(document):
        found = [each for each in operation["parameters"] if each["in"] in ("path", "query")]
        in_path = [each["name"] for each in found if each["in"] == "path"]
        in_query = [each["name"] for each in found if each["in"] == "query"]
        body = "requestBody" in operation
        names = [*in_path, *in_query]
        assert all(name.isidentifier() for name in names)
        variable = {name: f"{name}_" if keyword.iskeyword(name) else name for name in names}
        parameters = ", ".join(
            [
                "send",
                *in_path,
                *(["body"] if body else []),
                *(["*"] if in_query else []),
                *(f"{variable[each]}=None" for each in in_query),
            ]
        )
        expected = [int(status) for status in operation["responses"] if status.startswith("2")]
        lines += [
            f"def {operation['operationId']}({parameters}):",
            f"    {operation['summary']!r}",
            f"    path = {path!r}.format({', '.join(f'{name}={name}' for name in in_path)})",
            f"    given = {{{', '.join(f'{each!r}: {variable[each]}' for each in in_query)}}}",
            "    query = {key: value for key, value in given.items() if value is not None}",
            f"    status, text = send({method!r}, path, query, {'json.dumps(body)' if body else 'None'})",
            f"    if status not in {expected!r}:",
            "        raise RuntimeError(f'{status}: {text}')",
            "    return json.loads(text) if text else None",
            "",
            "",
        ]
    return "\n".join(lines)


def test_client_made_of_the_document_does_the_job(alice: FlaskClient, document: Json) -> None:
    module: Json = {}
    exec(compile(generate(document), "client.py", "exec"), module)
    api = SimpleNamespace(**{name: each for name, each in module.items() if callable(each)})

    def send(method: str, path: str, query: Json, text: str | None) -> tuple[int, str]:
        answer = alice.open(path, method=method, query_string=query, data=text, content_type="application/json")
        return answer.status_code, answer.text

    zone = api.create_zone(send, {"domain": "example.com"})
    made = []
    for record_type, name, value, priority in EIGHT:
        body = {"record_type": record_type, "name": name, "value": value, "ttl": 300, "priority": priority}
        made.append(api.create_record(send, zone["uuid"], body))
    assert [(each["record_type"], each["name"], each["value"], each["priority"]) for each in made] == EIGHT
    assert api.list_zone_records(send, zone["uuid"]) == made
    assert [each["record_count"] for each in api.list_zones(send, domain="example.com")] == [8]
    assert [each["uuid"] for each in api.list_records(send, record_type="MX")] == [made[3]["uuid"]]
    assert [each["uuid"] for each in api.list_records(send, limit=2)] == [each["uuid"] for each in made[:2]]
    patched = api.patch_record(send, made[0]["uuid"], {"ttl": 60})
    assert patched == api.show_record(send, made[0]["uuid"])
    assert patched["ttl"] == 60
    replaced = api.replace_record(send, made[0]["uuid"], {"record_type": "A", "name": "@", "value": "192.0.2.7"})
    assert replaced["value"] == "192.0.2.7"
    assert api.zone_status(send, zone["uuid"])["state"] == "pending"
    operation = {"action": "create", "zone": zone["uuid"], "record_type": "A", "name": "new", "value": "192.0.2.1"}
    assert api.apply_batch(send, {"operations": [operation]}, dry_run="true")["changes"] == []
    change = api.apply_batch(send, {"operations": [operation]})["changes"][0]
    assert api.show_change(send, change["id"])["serial"] == change["serial"]
    for record in made:
        assert api.delete_record(send, record["uuid"]) is None
    assert [each["name"] for each in api.show_zone(send, zone["uuid"])["records"]] == ["new"]
    assert api.diff(send, zone["uuid"], from_=change["serial"])["from"]["serial"] == change["serial"]
    assert api.delete_zone(send, zone["uuid"]) is None
    assert api.list_zones(send) == []
    with pytest.raises(RuntimeError, match="404"):
        api.show_zone(send, zone["uuid"])
    assert api.healthz(send) == {"status": "ok"}


# ---- the page ----


class Page(HTMLParser):
    """The page's elements and its text, as a browser reads them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.headings: list[str] = []
        self.words = ""
        self._heading = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        self._heading = tag == "h2" or (self._heading and tag == "code")
        if tag == "h2":
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        self._heading = self._heading and tag != "h2"

    def handle_data(self, data: str) -> None:
        self.words += data
        if self._heading:
            self.headings[-1] += data


def test_page_lists_every_endpoint(app: Flask, document: Json) -> None:
    answer = app.test_client().get("/docs/")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    page = Page(answer.text)
    assert sorted(page.headings) == sorted(f"{method} {path}" for method, path, _ in operations(document))
    for _, _, operation in operations(document):
        assert operation["summary"] in page.words
    assert "script" not in page.tags
    assert "openapi.json" in answer.text


def test_page_escapes(app: Flask) -> None:
    """What the caller says of the host, and what examples hold, stays text."""
    host = "evil.example\"><script>alert('x')</script>"
    answer = app.test_client().get("/docs/", headers={"Host": host})
    assert "<script" not in answer.text
    schema = app.extensions["zonewright_openapi"]
    real = schema()
    text = "</pre><script>alert(1)</script>"
    changed = json.loads(json.dumps(real))
    changed["info"]["description"] = text
    post = changed["paths"][ZONES]["post"]
    post["summary"] = text
    post["requestBody"]["content"]["application/json"]["example"] = {"domain": f"it's {text}"}
    app.extensions["zonewright_openapi"] = lambda: changed
    try:
        answer = app.test_client().get("/docs/")
    finally:
        app.extensions["zonewright_openapi"] = schema
    assert answer.status_code == 200
    page = Page(answer.text)
    assert "script" not in page.tags
    assert page.words.count(text) == 2


def test_page_may_load_nothing(app: Flask) -> None:
    """If a script got into it all the same, no browser would run it."""
    assert app.test_client().get("/docs/").headers["Content-Security-Policy"] == "default-src 'none'"


def test_page_and_document_are_for_everybody(installation: "Installation") -> None:
    """A wrong token does no harm; an unknown parameter is an error as everywhere."""
    client = installation.client(secret="vps_wrong")
    for path in (URL, "/docs/"):
        assert client.get(path).status_code == 200
        problem(client.get(f"{path}?typo=1"), field="typo")
    zone = created(installation.client(), "example.com")
    added(installation.client(), zone, "www A 192.0.2.1")
    assert "example.com/" not in client.get("/docs/").text
