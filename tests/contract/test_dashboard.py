"""The dashboard's pages: who may see and do what there, what is in them, and what keeps them to themselves."""

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from api.dashboard.pages import PAGES, Page
from api.database import db, writing
from api.models import Account, Change, Token, Zone
from tests.contract.forms import UNKNOWN, add, created, problem, records_of
from tests.contract.visitor import Visitor, signed_in, without_token
from tests.installation import ALICE, BOB

if TYPE_CHECKING:
    from tests.installation import Installation

Json = dict[str, Any]
GUARDED = [page for page in PAGES if not page.open]
FORMS = [page for page in PAGES if page.method == "POST"]
TOKENS = "/account/developers/"
EVIL = "<script>alert('x')</script>\"&"


def name(page: Page) -> str:
    return f"{page.method} {page.path}"


def path(page: Page, **values: str) -> str:
    """The page's path with these values, and an unknown uuid for all others."""
    return re.sub(r"<uuid:(\w+)>", lambda match: values.get(match[1], UNKNOWN), page.path)


@pytest.fixture
def visitor(installation: "Installation") -> Visitor:
    """A browser in which Alice is signed in."""
    return signed_in(installation)


@pytest.fixture
def operator(installation: "Installation") -> Visitor:
    """A browser in which Bob is signed in, who is an operator now."""
    from sqlalchemy import update

    with installation.app.app_context(), writing() as session:
        session.execute(update(Account).where(Account.email == BOB).values(operator=True))
    return signed_in(installation, BOB)


@pytest.fixture
def ids(alice: FlaskClient, installation: "Installation", zone: Json) -> dict[str, str]:
    """A zone, a change and a token of Alice's, and a session."""
    change = add(alice, zone, "www A 192.0.2.1").headers["X-Change-Id"]
    token, _ = installation.token()
    return {"zone": zone["uuid"], "change": change, "token": token.uuid}


# ---- guards ----


@pytest.mark.parametrize("page", GUARDED, ids=name)
def test_signed_out(installation: "Installation", ids: dict[str, str], page: Page) -> None:
    """One is asked to sign in, and nothing is done."""
    before = [installation.stored(model, "id") for model in (Token, Change)]
    answer = Visitor(installation).client.open(path(page, **ids), method=page.method)
    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in/?next=/")
    assert "example.com" not in answer.text
    assert [installation.stored(model, "id") for model in (Token, Change)] == before


@pytest.mark.parametrize("page", FORMS, ids=name)
def test_form_of_another_page(installation: "Installation", visitor: Visitor, ids: dict[str, str], page: Page) -> None:
    """Without the token, or with another browser's (CSRF): nothing is done."""
    before = (installation.stored(Token, "revoked_at"), installation.stored(Change, "id"))
    other = signed_in(installation, BOB).token()
    fields = {"name": "x", "permissions": "dns:list", "expires": "7"}
    for token in ({}, {"csrf_token": ""}, {"csrf_token": other}):
        answer = visitor.client.post(path(page, **ids), data={**fields, **token})
        assert (answer.status_code, answer.mimetype) == (400, "text/html")
        assert "Reload the page" in answer.text
    assert visitor.signed_in
    assert (installation.stored(Token, "revoked_at"), installation.stored(Change, "id")) == before


def test_pages_of_another_account(installation: "Installation", ids: dict[str, str]) -> None:
    """As if there were nothing: the same page as for an unknown id."""
    bob = signed_in(installation, BOB)
    before = (installation.stored(Token, "revoked_at"), installation.stored(Change, "id"))

    def ask(page: Page, **values: str) -> TestResponse:
        where = path(page, **values)
        return bob.get(where) if page.method == "GET" else bob.post(where)

    with_ids = [page for page in GUARDED if "<uuid:" in page.path and "sessions" not in page.path]
    assert len(with_ids) == 4
    for page in with_ids:
        foreign, unknown = ask(page, **ids), ask(page)
        assert (foreign.status_code, without_token(foreign)) == (404, without_token(unknown))
    assert (installation.stored(Token, "revoked_at"), installation.stored(Change, "id")) == before


def test_no_route_beside_the_table(installation: "Installation") -> None:
    """What answers with a page is in the table, where it has its guards; only the files have none."""
    served = {rule.endpoint for rule in installation.app.url_map.iter_rules() if rule.endpoint.startswith("dashboard.")}
    assert served == {f"dashboard.{name(page)}" for page in PAGES} | {"dashboard.static"}


# ---- what every page has ----


class Read(HTMLParser):
    """What of a page could load, run or confuse something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.links: list[str] = []
        self.labelled: set[str] = set()
        self.inputs: list[dict[str, str | None]] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See HTMLParser."""
        values = dict(attrs)
        self.inline += [tag] if tag == "style" or (tag == "script" and "src" not in values) else []
        self.inline += [key for key in values if key == "style" or key.startswith("on")]
        self.links += [str(values[key]) for key in ("href", "src", "action") if key in values]
        self.ids += [str(values["id"])] if "id" in values else []
        if tag == "label":
            self.labelled.add(str(values["for"]))
        if tag in ("input", "select", "textarea") and values.get("type") != "hidden":
            self.inputs.append(values)


def every_page(visitor: Visitor, ids: dict[str, str]) -> list[tuple[str, TestResponse]]:
    """Every page one can read, and the ones that tell of an error."""
    read = [path(page, **ids) for page in GUARDED if page.method == "GET"]
    answers = [(each, visitor.get(each)) for each in [*read, "/nothing/", f"/zones/{UNKNOWN}/"]]
    answers.append(("token", visitor.post(TOKENS, name="x", permissions="dns:list", expires="7")))
    answers.append(("faults", visitor.post(TOKENS, name="", expires="7")))
    answers.append(("csrf", visitor.client.post(TOKENS)))
    return [*answers, ("sign-in", Visitor(visitor.installation).get("/sign-in/"))]


def test_headers(visitor: Visitor, ids: dict[str, str]) -> None:
    """Nothing from elsewhere, no script or style within a page, no frame, no copy in a cache."""
    answers = every_page(visitor, ids)
    assert {answer.status_code for _, answer in answers} == {200, 400, 404}
    for which, answer in [*answers, ("redirect", Visitor(visitor.installation).get("/"))]:
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; "), which
        assert "unsafe" not in policy
        assert all(f"{each} 'none'" in policy for each in ("base-uri", "frame-ancestors"))
        assert "form-action 'self'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "same-origin"


def test_pages_are_whole_and_labelled(visitor: Visitor, ids: dict[str, str]) -> None:
    for which, answer in every_page(visitor, ids):
        read = Read(answer.text)
        assert read.inline == [], which
        assert not [link for link in read.links if not re.match(r"/(?!/)|#", link)], which
        assert not [each for each in read.inputs if not {each.get("id"), "aria-label"} & (read.labelled | set(each))]
        assert len(read.ids) == len(set(read.ids)), which
        assert re.search(r'<html lang="en">.*<title>[^<]+ · zonewright</title>.*<h1>', answer.text, re.DOTALL), which


def test_files_are_served_from_here_and_kept(visitor: Visitor) -> None:
    links = [link for link in Read(visitor.text("/")).links if link.startswith("/static/")]
    assert len(links) == 3
    for link in links:
        answer = visitor.get(link)
        assert (answer.status_code, answer.headers["X-Content-Type-Options"]) == (200, "nosniff")
        assert "max-age=31536000" in answer.headers["Cache-Control"]
        assert "Set-Cookie" not in answer.headers
    for other in ("/static/../forms.py", "/static/%2e%2e/forms.py", "/static/nothing.css"):
        assert visitor.get(other).status_code == 404


def test_stored_scripts_are_text(installation: "Installation", alice: FlaskClient, zone: Json) -> None:
    """In names, values, reasons, what a browser calls itself, and what is searched for."""
    installation.token(name=EVIL)
    value = {"record_type": "TXT", "name": "www", "value": EVIL}
    alice.post(f"/api/v1/dns-zones/{zone['uuid']}/records/", json=value, headers={"X-Change-Reason": EVIL})
    visitor = signed_in(installation, agent=EVIL)
    visitor.client.environ_base["HTTP_USER_AGENT"] = EVIL
    at = f"/zones/{zone['uuid']}/"
    pages = [TOKENS, "/account/", at, f"{at}history/", f"{at}?search={EVIL}", f"/?search={EVIL}", f"/?state={EVIL}"]
    pages.append(f"/sign-in/?next={EVIL}")
    for page in pages[:-1]:
        text = visitor.text(page)
        assert "<script>alert" not in text, page
        assert "alert(" not in re.sub(r"&lt;script&gt;alert\(", "", text), page
    assert visitor.text(TOKENS).count("&lt;script&gt;alert") >= 2
    assert visitor.text(at).count("&lt;script&gt;alert") == 1
    assert visitor.text(f"{at}history/").count("&lt;script&gt;alert") == 2
    assert "<script>alert" not in Visitor(installation).text(pages[-1])


def test_nothing_there(installation: "Installation") -> None:
    """A page for people; programs get what they always got."""
    visitor = Visitor(installation)
    answer = visitor.get("/nothing/")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "There is nothing at this URL." in answer.text
    for where, accepts in (("/nothing/", "*/*"), ("/nothing/", "application/json"), ("/api/v1/nothing/", "text/html")):
        problem(visitor.get(where, headers={"Accept": accepts}), 404)


# ---- tokens ----


def secret_of(answer: TestResponse) -> str:
    found = re.search(r'<pre id="secret">(vps_[\w-]+)</pre>', answer.text)
    assert found, answer.text
    return found[1]


def test_token(installation: "Installation", visitor: Visitor, zone: Json) -> None:
    """Made, shown this once with a line to try, used, listed, revoked."""
    made = visitor.post(TOKENS, name=" my site ", permissions=["dns:list", "dns:create"], expires="30")
    secret = secret_of(made)
    assert made.status_code == 200
    command = re.search(r'<pre id="curl">(.+?)</pre>', made.text, re.DOTALL)
    assert command
    assert "curl &#34;http://localhost/api/v1/dns-zones/&#34;" in command[1]
    assert f"Bearer {secret}&#34;" in command[1]
    client = installation.client(secret=secret)
    assert [each["domain"] for each in client.get("/api/v1/dns-zones/").get_json()] == ["example.com"]
    assert add(client, zone, "www A 192.0.2.1").status_code == 201
    problem(client.delete(f"/api/v1/dns-zones/{zone['uuid']}/"), 403)
    installation.close()  # the use is written in the background
    shown = visitor.text(TOKENS)
    assert secret not in shown
    assert re.search(r"my site</th>.*?dns:list.*?dns:create.*?just now.*?valid", shown, re.DOTALL)
    row = installation.stored(Token, "name", "uuid", "permissions", "created_at", "expires_at")[-1]
    assert (row[0], row[2], (row[4] - row[3]).days) == ("my site", "dns:list dns:create", 30)
    assert visitor.post(f"{TOKENS}{row[1]}/revoke/").location == TOKENS
    problem(client.get("/api/v1/dns-zones/"), 401)
    assert re.search(r"The token “my site” is revoked.*my site</th>.*?revoked", visitor.text(TOKENS), re.DOTALL)


def test_token_for_ever(installation: "Installation", visitor: Visitor) -> None:
    secret_of(visitor.post(TOKENS, name="x", permissions="dns:create", expires="never"))
    assert installation.stored(Token, "expires_at")[-1] == (None,)


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"name": ""}, "name", "what the token is for"),
        ({"name": "x" * 101}, "name", "1 to 100"),
        ({"name": "x\0"}, "name", "printable"),
        ({"permissions": []}, "permissions", "at least one"),
        ({"permissions": "dns:everything"}, "permissions", "not a valid"),
        ({"expires": "1000000"}, "expires", "Not a valid"),
    ],
    ids=str,
)
def test_token_refused(installation: "Installation", visitor: Visitor, fields: Json, field: str, says: str) -> None:
    """With a sentence beside the field; what was filled in stays."""
    before = installation.stored(Token, "id")
    answer = visitor.post(TOKENS, **{"name": "kept", "permissions": "dns:delete", "expires": "365", **fields})
    assert answer.status_code == 400
    assert re.search(rf'id="{field}-fault">[^<]*{says}', answer.text)
    kept = {"name": 'value="kept"', "permissions": 'value="dns:delete" id="permission-4" checked',
            "expires": 'value="365" id="expires-4" checked'}  # fmt: skip
    assert not [each for each in kept if each not in fields and kept[each] not in answer.text]
    assert installation.stored(Token, "id") == before


def test_presets(visitor: Visitor) -> None:
    for preset, number in (("read-only", 1), ("everything", 4), ("nonsense", 1)):
        text = visitor.text(f"{TOKENS}?preset={preset}")
        assert len(re.findall(r'name="permissions"[^>]* checked', text)) == number


# ---- zones ----


def domains(text: str) -> list[str]:
    return re.findall(r'<a href="/zones/[\w-]{36}/">([^<]+)</a>', text)


def test_zones_are_found(
    installation: "Installation", visitor: Visitor, operator: Visitor, alice: FlaskClient, bob: FlaskClient
) -> None:
    """One's own; an operator sees all."""
    for domain in ("example.com", "shop.example", "bücher.example", "a-b.example.net"):
        created(alice, domain)
    created(bob, "example.org")
    assert domains(visitor.text("/")) == ["a-b.example.net", "example.com", "shop.example", "xn--bcher-kva.example"]
    assert "bücher.example" in visitor.text("/")
    assert "example.org" in domains(operator.text("/"))
    assert len(domains(operator.text("/"))) == 5
    for text, found in (
        ("SHOP", ["shop.example"]),
        ("bücher", ["xn--bcher-kva.example"]),
        ("_", []),
        ("%", []),
        ("example.org", []),
        ("\0shop", ["shop.example"]),
    ):
        assert domains(visitor.get("/", query_string={"search": text}).text) == found
    serials = dict(installation.stored(Zone, "domain", "serial"))
    installation.holds("shop.example", serials["shop.example"], "the checker refused it")
    assert domains(visitor.text("/?state=held")) == ["shop.example"]
    assert "the checker refused it" in visitor.text("/?state=held")
    assert domains(visitor.text("/?state=failed")) == []
    assert len(domains(visitor.text("/?state=nonsense"))) == 4


def test_many_zones_come_in_pages(installation: "Installation", visitor: Visitor) -> None:
    """With few questions to the database, however many there are."""
    installation.store_zones(ALICE, 120)
    seen: list[str] = []
    with installation.app.app_context():
        engine = db.engine

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    found = [domains(visitor.text(f"/?page={number}")) for number in (1, 2, 3, 4)]
    event.remove(engine, "before_cursor_execute", note)
    assert [len(each) for each in found] == [50, 50, 20, 0]
    assert len({each for page in found for each in page}) == 120
    assert len([each for each in seen if each.lstrip().upper().startswith("SELECT")]) <= 4 * 6
    assert re.findall(r'rel="(prev|next)" href="([^"]+)"', visitor.text("/?search=z&page=2")) == [
        ("prev", "/?search=z&amp;page=1"),
        ("next", "/?search=z&amp;page=3"),
    ]
    for number in ("0", "-1", "x", "99999999999999999999"):
        visitor.text(f"/?page={number}")


def test_zone(
    installation: "Installation", visitor: Visitor, operator: Visitor, alice: FlaskClient, zone: Json
) -> None:
    add(alice, zone, "@ MX mail.example.com", priority=10, ttl=300)
    serial = int(add(alice, zone, "www A 192.0.2.1").headers["X-Zone-Serial"])
    installation.answers("ns1", "example.com", serial)
    installation.fails("ns2", "example.com", serial, "named refused it")
    at = f"/zones/{zone['uuid']}/"
    for each in (visitor, operator):
        text = each.text(at)
        assert f"serial {serial}" in text
        assert re.search(r"@</th>.*?MX.*?5 minutes.*?10 mail\.example\.com.*?www</th>.*?1 hour", text, re.DOTALL)
        assert re.search(r"ns1.*?in sync.*?ns2.*?failed.*?named refused it", text, re.DOTALL)
    assert (ALICE in operator.text(at), BOB in visitor.text(at)) == (True, False)
    for text, number in (("mx", 1), ("MAIL", 1), ("www", 1), ("192.0", 1), ("%", 0), ("", 2), ("\0", 2)):
        assert visitor.get(at, query_string={"search": text}).text.count("rowheader") == number


def test_records_come_in_pages(installation: "Installation", visitor: Visitor, zone: Json) -> None:
    installation.store_records(zone["uuid"], 230)
    at = f"/zones/{zone['uuid']}/"
    found = [re.findall(r'class="name">(h\d+)<', visitor.text(f"{at}?page={number}")) for number in (1, 2, 3)]
    assert [len(each) for each in found] == [100, 100, 30]
    assert len({each for page in found for each in page}) == 230


# ---- history ----


def revert(visitor: Visitor, zone: Json, change: TestResponse | str) -> str:
    """Take a change back, and read what the page says then."""
    which = change if isinstance(change, str) else change.headers["X-Change-Id"]
    answer = visitor.post(f"/zones/{zone['uuid']}/changes/{which}/revert/")
    assert answer.location == f"/zones/{zone['uuid']}/history/", answer.text
    found = re.search(r'<p class="message[^>]*>([^<]+)</p>', visitor.text(answer.location))
    assert found
    return found[1]


def test_change_is_taken_back(
    installation: "Installation", visitor: Visitor, operator: Visitor, alice: FlaskClient, zone: Json
) -> None:
    """By the owner, and by an operator in the owner's zone; the history says who it was."""
    first, second = add(alice, zone, "www A 192.0.2.1"), add(alice, zone, "mail A 192.0.2.2")
    assert "Change 2 is taken back" in revert(visitor, zone, first)
    assert [each["name"] for each in records_of(alice, zone)] == ["mail"]
    assert "Change 3 is taken back" in revert(operator, zone, second)
    assert records_of(alice, zone) == []
    made = installation.stored(Change, "actor", "account_uuid")[-2:]
    assert [actor["account"] for actor, _ in made] == [ALICE, BOB]
    assert len({owner for _, owner in made}) == 1
    assert "deleted" not in visitor.text("/")


def test_change_that_cannot_be_taken_back(visitor: Visitor, alice: FlaskClient, zone: Json) -> None:
    """The page says why, and nothing is done."""
    first = add(alice, zone, "www A 192.0.2.1")
    add(alice, zone, "www A 192.0.2.2")
    said = revert(visitor, zone, first)
    assert "Change 2 was not taken back." in said
    assert "www A" in said
    assert len(records_of(alice, zone)) == 2


def test_change_of_another_zone(installation: "Installation", visitor: Visitor, alice: FlaskClient, zone: Json) -> None:
    """Nor the one that made the zone: this page has no button for it."""
    other = created(alice, "example.net")
    change = add(alice, other, "www A 192.0.2.1").headers["X-Change-Id"]
    [made] = [uuid for uuid, domain in installation.stored(Change, "uuid", "domain") if domain == "example.com"]
    for each in (change, made):
        assert visitor.post(f"/zones/{zone['uuid']}/changes/{each}/revert/").status_code == 404
    assert len(records_of(alice, other)) == 1
    assert len(alice.get("/api/v1/dns-zones/").get_json()) == 2


def test_history(installation: "Installation", visitor: Visitor, alice: FlaskClient, zone: Json) -> None:
    body = [{"record_type": "A", "name": f"h{number}", "value": "192.0.2.1"} for number in range(20)]
    reason = {"X-Change-Reason": "twenty hosts"}
    alice.post(f"/api/v1/dns-zones/{zone['uuid']}/records/", json=body, headers=reason)
    text = visitor.text(f"/zones/{zone['uuid']}/history/")
    assert re.search(r"2\. added 20 records.*?“twenty hosts”.*?12 more added.*?1\. created the zone", text, re.DOTALL)
    assert text.count("Take back") == 1
    assert "token “all”" in text
    for _ in range(12):
        add(alice, zone, f"x{_} A 192.0.2.1")
    assert len(re.findall(r"<article", visitor.text(f"/zones/{zone['uuid']}/history/?page=2"))) == 4
