"""Signing in: passwords, throttling, sessions and their cookie."""

import io
import logging
import re
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from api.changes import passwords
from api.dashboard.rates import FROM_AN_ADDRESS, ON_AN_ACCOUNT
from api.database import now, writing
from api.models import Account, BrowserSession, Password
from api.models.sessions import IDLE, LIFETIME
from tests.contract.forms import UNKNOWN, problem
from tests.contract.test_cli import Run, call, run  # noqa: F401  fixtures
from tests.contract.visitor import PASSWORD, Visitor, give_password, signed_in, without_token
from tests.installation import ALICE, BOB

if TYPE_CHECKING:
    from tests.installation import Installation

OTHER = "another horse, another staple"
WRONG = "The e-mail address or the password is wrong."


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time of the limits, which stands still: no test runs over the end of a minute."""
    now_ = [600.0]
    monkeypatch.setattr("api.rates.monotonic", lambda: now_[0])
    return now_


def visit(installation: "Installation", **options: str) -> Visitor:
    give_password(installation)
    return Visitor(installation, **options)


# ---- in and out ----


def test_in_and_out(installation: "Installation") -> None:
    visitor = visit(installation)
    answer = visitor.get("/account/developers/?preset=everything")
    assert (answer.status_code, answer.location) == (303, "/sign-in/?next=/account/developers/%3Fpreset%3Deverything")
    assert (visitor.sign_in().status_code, visitor.get("/").status_code) == (303, 200)
    assert visitor.get("/sign-in/").location == "/"
    kept = visitor.client.get_cookie("zonewright")
    assert kept
    assert visitor.post("/sign-out/").location == "/sign-in/"
    assert not visitor.signed_in
    assert installation.stored(BrowserSession, "id") == []
    visitor.client.set_cookie("zonewright", kept.value)  # what a thief of the cookie would send
    assert not visitor.signed_in


def test_address_in_any_spelling(installation: "Installation") -> None:
    assert visit(installation).sign_in(f" {ALICE.upper()} ").status_code == 303


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (ALICE, OTHER),
        (ALICE, PASSWORD.upper()),
        (ALICE, PASSWORD + " "),
        (ALICE, "x" * 100_000),
        (BOB, PASSWORD),  # an account without a password
        ("nobody@example.org", PASSWORD),
        ("nobody\0@example.org", PASSWORD),
    ],
    ids=str,
)
def test_wrong(installation: "Installation", email: str, password: str) -> None:
    """In the same words, whichever of the two it is."""
    visitor = visit(installation)
    answer = visitor.sign_in(email, password)
    assert (answer.status_code, WRONG in answer.text) == (400, True)
    assert "Set-Cookie" not in answer.headers
    assert password not in answer.text
    assert not visitor.signed_in


def test_nothing_filled_in(installation: "Installation") -> None:
    answer = Visitor(installation).sign_in("", "")
    assert answer.status_code == 400
    assert re.findall(r'aria-describedby="(\w+)-fault" aria-invalid="true"', answer.text) == ["email", "password"]


def test_unknown_account_takes_as_long(installation: "Installation", monkeypatch: pytest.MonkeyPatch) -> None:
    """A password is computed for nobody, too: time does not tell who has an account."""
    computed: list[str] = []
    verify = passwords._HASHER.verify

    def watched(kept: str, text: str) -> bool:
        computed.append(kept.rpartition("$")[0].rpartition("$")[0])
        return bool(verify(kept, text))

    visitor = visit(installation)
    monkeypatch.setattr(passwords, "_HASHER", type("Watched", (), {"verify": staticmethod(watched)}))
    for email in (ALICE, BOB, "nobody@example.org"):
        visitor.sign_in(email, OTHER)
    assert len(computed) == 3
    assert len(set(computed)) == 1  # with the same parameters


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/account/developers/?preset=everything", "/account/developers/?preset=everything"),
        ("", "/"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example/", "/"),
        ("/\\elsewhere.example/", "/"),
        ("/\t/elsewhere.example/", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_where_one_goes_on(installation: "Installation", wanted: str, reached: str) -> None:
    """To the page that was wanted, never to another host."""
    assert visit(installation).sign_in(next=wanted).location == reached


# ---- the cookie ----


def cookie_of(visitor: Visitor, **request: Any) -> str:
    answer = visitor.client.get("/sign-in/", **request)
    return str(answer.headers["Set-Cookie"])


def test_cookie(install: Callable[..., "Installation"]) -> None:
    """No script reads it, no other site's form is sent with it, and no plain connection carries it after https."""
    installation = install(trusted_proxies=("10.0.0.0/8",))
    plain = cookie_of(Visitor(installation))
    assert all(flag in plain for flag in ("HttpOnly", "SameSite=Lax", "Path=/"))
    assert "Secure" not in plain
    assert "Secure" in cookie_of(Visitor(installation), base_url="https://dns.example.org")
    for peer, believed in (("10.0.0.1", True), ("192.0.2.1", False)):
        other = Visitor(installation, REMOTE_ADDR=peer)
        assert ("Secure" in cookie_of(other, headers={"X-Forwarded-Proto": "https"})) is believed


def test_cookie_from_before_is_worth_nothing(installation: "Installation") -> None:
    """What somebody put into the browser before (session fixation)."""
    visitor = visit(installation)
    planted, token = visitor.client.get_cookie("zonewright"), visitor.token("/sign-in/")
    visitor.sign_in()
    assert visitor.client.get_cookie("zonewright") != planted
    assert visitor.client.post("/sign-out/", data={"csrf_token": token}).status_code == 400
    assert visitor.signed_in


def test_forged_cookie(installation: "Installation") -> None:
    visitor = signed_in(installation)
    kept = visitor.client.get_cookie("zonewright")
    assert kept
    visitor.client.set_cookie("zonewright", kept.value[:-4] + "AAAA")
    assert not visitor.signed_in


def test_api_takes_no_cookie_and_gives_none(installation: "Installation") -> None:
    """So no page of another site can use the API in somebody's name."""
    visitor = signed_in(installation)
    answer = visitor.get("/api/v1/dns-zones/")
    problem(answer, 401)
    answers = [answer, installation.client().get("/api/v1/dns-zones/"), visitor.get("/docs/"), visitor.get("/healthz")]
    assert not [each for each in answers if "Set-Cookie" in each.headers or "Cookie" in each.headers.get("Vary", "")]


# ---- passwords ----


def test_password_is_argon2id_and_nowhere_else(installation: "Installation", caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    visitor = visit(installation)
    visitor.sign_in()
    Visitor(installation).sign_in(password=OTHER)
    [(kept,)] = installation.stored(Password, "hash")
    assert re.fullmatch(r"\$argon2id\$v=19\$m=(\d+),t=\d,p=\d\$\S+", kept)
    assert int(kept.split("m=")[1].split(",")[0]) >= 19 * 1024  # KiB
    assert "POST /sign-in/" in caplog.text
    assert f"for {ALICE}" in caplog.text
    assert not [text for text in (PASSWORD, OTHER, kept) if text in caplog.text]
    installation.close()
    files = [path for path in installation.settings.data.rglob("*") if path.is_file()]
    assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]


def test_change_password(installation: "Installation") -> None:
    """Every other browser is signed out, this one stays."""
    visitor, other = visit(installation), signed_in(installation)
    visitor.sign_in()
    answer = visitor.post("/account/password/", present=PASSWORD, password=OTHER, again=OTHER)
    assert answer.location == "/account/"
    assert "Your password is changed" in visitor.text("/account/")
    assert (visitor.signed_in, other.signed_in) == (True, False)
    assert Visitor(installation).sign_in().status_code == 400
    assert Visitor(installation).sign_in(password=OTHER).status_code == 303


@pytest.mark.parametrize(
    ("present", "password", "again", "field", "says"),
    [
        (OTHER, OTHER, OTHER, "present", "not your present password"),
        (PASSWORD, OTHER, PASSWORD, "again", "not the same"),
        (PASSWORD, "", "", "password", "Fill this in"),
        (PASSWORD, "x" * 11, "x" * 11, "password", "12 to 1000 characters"),
        (PASSWORD, "x" * 1001, "x" * 1001, "password", "12 to 1000 characters"),
        (PASSWORD, ALICE.upper(), ALICE.upper(), "password", "is no password"),
    ],
)
def test_change_password_refused(
    installation: "Installation", present: str, password: str, again: str, field: str, says: str
) -> None:
    """With a sentence beside the field."""
    give_password(installation)
    before = installation.stored(Password, "hash", "changed_at")
    visitor = signed_in(installation)
    answer = visitor.post("/account/password/", present=present, password=password, again=again)
    assert answer.status_code == 400
    assert re.search(rf'id="{field}-fault">[^<]*{says}', answer.text)
    assert installation.stored(Password, "hash", "changed_at") == before


# ---- throttling ----


def test_account_over_its_limit(installation: "Installation", clock: list[float]) -> None:
    """From any address, and with the right password, until the minute is over; another account is not touched."""
    give_password(installation, BOB)
    visitor = visit(installation)
    for number in range(ON_AN_ACCOUNT):
        guess = Visitor(installation, REMOTE_ADDR=f"192.0.2.{number}")
        assert guess.sign_in(password=OTHER).status_code == 400
    answer = visitor.sign_in()
    assert (answer.status_code, answer.headers["Retry-After"], answer.mimetype) == (429, "60", "text/html")
    assert "try again in 60 s" in answer.text
    assert Visitor(installation).sign_in(BOB).status_code == 303
    clock[0] += 60
    assert visitor.sign_in().status_code == 303


@pytest.mark.usefixtures("clock")
def test_address_over_its_limit(installation: "Installation", monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever accounts are tried; what is over it costs no computation."""
    visitor = visit(installation)
    real = passwords.matches
    monkeypatch.setattr(passwords, "matches", lambda *_: False)
    for number in range(FROM_AN_ADDRESS):
        assert visitor.sign_in(f"{number}@example.org").status_code == 400
    monkeypatch.setattr(passwords, "matches", lambda *_: pytest.fail("a password was computed"))
    assert visitor.sign_in("other@example.org").status_code == 429
    monkeypatch.setattr(passwords, "matches", real)
    assert Visitor(installation, REMOTE_ADDR="192.0.2.1").sign_in().status_code == 303


@pytest.mark.usefixtures("clock")
def test_present_password_is_not_to_be_guessed_either(
    installation: "Installation", monkeypatch: pytest.MonkeyPatch
) -> None:
    """By who finds a browser that somebody left signed in."""
    visitor = signed_in(installation)
    monkeypatch.setattr(passwords, "matches", lambda *_: False)
    fields = {"present": "x", "password": OTHER, "again": OTHER}
    found = [visitor.post("/account/password/", **fields).status_code for _ in range(ON_AN_ACCOUNT + 1)]
    assert found == [400] * ON_AN_ACCOUNT + [429]


# ---- sessions ----


def test_sessions_are_listed_and_ended(installation: "Installation") -> None:
    """One's own only; the browser it was in is signed out at once."""
    here, there, bob = (signed_in(installation, email) for email in (ALICE, ALICE, BOB))
    uuids = [uuid for _, uuid in installation.stored(BrowserSession, "id", "uuid")]
    shown = here.text("/account/")
    assert shown.count("Firefox on Linux") == 3  # two sessions, and a button's label
    assert shown.count("this browser") == 1
    assert re.findall(r"/account/sessions/([^/]+)/revoke/", shown) == [uuids[1]]
    unknown = here.post(f"/account/sessions/{UNKNOWN}/revoke/")
    foreign = here.post(f"/account/sessions/{uuids[-1]}/revoke/")
    assert (unknown.status_code, foreign.status_code) == (404, 404)
    assert without_token(foreign) == without_token(unknown)
    assert here.post(f"/account/sessions/{uuids[1]}/revoke/").location == "/account/"
    assert (here.signed_in, there.signed_in, bob.signed_in) == (True, False, True)


@pytest.mark.parametrize(("column", "limit"), [("created_at", LIFETIME), ("seen_at", IDLE)])
def test_session_ends_by_itself(installation: "Installation", column: str, limit: timedelta) -> None:
    visitor = signed_in(installation)
    for age, lasts in ((limit - timedelta(minutes=1), True), (limit + timedelta(minutes=1), False)):
        with installation.app.app_context(), writing() as session:
            session.execute(update(BrowserSession).values({column: now() - age}))
        assert visitor.signed_in is lasts


def test_use_is_noted_now_and_then(installation: "Installation") -> None:
    visitor = signed_in(installation)
    [before] = installation.stored(BrowserSession, "seen_at")
    assert visitor.signed_in
    assert installation.stored(BrowserSession, "seen_at") == [before]
    with installation.app.app_context(), writing() as session:
        session.execute(update(BrowserSession).values(seen_at=now() - timedelta(minutes=6)))
    assert visitor.signed_in
    assert installation.stored(BrowserSession, "seen_at") >= [before]


def test_secret_is_stored_as_a_hash(installation: "Installation") -> None:
    visitor = signed_in(installation)
    with visitor.client.session_transaction() as kept:
        secret = kept["_user_id"]
    [row] = installation.stored(BrowserSession, "hash", "uuid")
    assert secret not in str(row)
    assert len(secret) >= 43


# ---- the command line ----


def test_account_password(run: Run, installation: "Installation", monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Made up, or read from the standard input; browsers are signed out."""
    visitor = signed_in(installation)
    made = run("account", "password", ALICE, "--generate").done
    assert re.fullmatch(r"[\w-]{24}\n", made)
    assert not visitor.signed_in
    assert visitor.sign_in(password=made.strip()).status_code == 303
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{OTHER}\nsomething else\n"))
    assert run("account", "password", ALICE).done == f"The password of {ALICE} is set.\n"
    assert visitor.sign_in(password=OTHER).status_code == 303
    before = installation.stored(Password, "hash")
    monkeypatch.setattr(sys, "stdin", io.StringIO("short\n"))
    assert run("account", "password", ALICE).refused == "A password must have 12 to 1000 characters."
    assert "There is no account" in run("account", "password", "nobody@example.org", "--generate").refused
    assert installation.stored(Password, "hash") == before


def test_account_create_admin(run: Run, installation: "Installation") -> None:  # noqa: F811
    run("account", "create", "carol@example.org", "--admin").done  # noqa: B018
    run("account", "create", "dave@example.org").done  # noqa: B018
    assert dict(installation.stored(Account, "email", "operator")) == {
        ALICE: False,
        BOB: False,
        "carol@example.org": True,
        "dave@example.org": False,
    }
