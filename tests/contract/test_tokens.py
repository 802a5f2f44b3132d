"""Tokens: only a hash is kept, the use is noted without a write for each request, and the end is the end."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from api import auth
from api.changes import tokens
from api.database import db
from api.errors import OperatorError
from api.models import Account, Token
from tests.contract.forms import ZONES, created, problem
from tests.installation import ALICE, ALL, BOB

if TYPE_CHECKING:
    from tests.installation import Installation


def settle() -> None:
    """Let what is written in the background be written."""
    for thread in threading.enumerate():
        if "_write_last_used" in thread.name:
            thread.join(10)


@contextmanager
def statements(installation: "Installation") -> Iterator[list[str]]:
    """Every statement that the application sends to its database."""
    seen: list[str] = []
    with installation.app.app_context():
        engine = db.engine

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def of_kind(seen: list[str], *verbs: str) -> list[str]:
    return [statement for statement in seen if statement.split(maxsplit=1)[0].upper() in verbs]


# ---- the secret ----


def test_secret_has_256_random_bits(installation: "Installation") -> None:
    secrets = {installation.token()[1] for _ in range(20)}
    assert len(secrets) == 20
    for secret in secrets:
        assert secret.startswith("vps_")
        assert len(secret.removeprefix("vps_")) >= 43  # 6 bits a character


def test_secret_is_nowhere_at_rest(installation: "Installation") -> None:
    """Not in the token's row, nor in a change, nor in any file of the data folder."""
    _, secret = installation.token(name="nightly")
    client = installation.client(secret=secret)
    created(client, "example.com")
    settle()
    hidden = [secret, secret.removeprefix("vps_"), secret.removeprefix("vps_")[:16]]
    rows = str(installation.stored(Token, "hash", "name", "uuid", "permissions"))
    assert "nightly" in rows
    assert not [text for text in hidden if text in rows]
    installation.close()
    files = [path for path in installation.settings.data.rglob("*") if path.is_file()]
    assert not [path for path in files for text in hidden if text.encode() in path.read_bytes()]
    if installation.settings.sqlite:
        assert any(b"nightly" in path.read_bytes() for path in files)


def test_hash_is_no_token(installation: "Installation") -> None:
    [(found, *_)] = installation.stored(Token, "hash")[:1]
    problem(installation.client(secret=f"vps_{found}").get(ZONES), 401)


def test_tokens_of_an_account_are_equal_but_for_their_permissions(installation: "Installation") -> None:
    zone = created(installation.client(), "example.com")
    other = installation.client_with("dns:list")
    assert [each["uuid"] for each in other.get(ZONES).get_json()] == [zone["uuid"]]
    assert installation.client_with("dns:list", account=BOB).get(ZONES).get_json() == []


@pytest.mark.parametrize("permissions", [["dns:list", "dns:everything"], ["dns:*"], ["DNS:LIST"], []])
def test_unknown_permission_makes_no_token(installation: "Installation", permissions: list[str]) -> None:
    with installation.app.app_context():
        before = len(installation.stored(Token, "id"))
        with pytest.raises(OperatorError):
            tokens.create(ALICE, "x", permissions, None)
        assert len(installation.stored(Token, "id")) == before


def test_unknown_account_gets_no_token(installation: "Installation") -> None:
    with installation.app.app_context(), pytest.raises(OperatorError):
        tokens.create("nobody@example.org", "x", ALL, None)
    assert [row[0] for row in installation.stored(Account, "email")] == [ALICE, BOB]


# ---- its end ----


def test_token_ends_in_the_second_it_expires(installation: "Installation", monkeypatch: pytest.MonkeyPatch) -> None:
    token, secret = installation.token(lifetime=timedelta(days=30))
    assert token.expires_at is not None
    client = installation.client(secret=secret)
    for before, status in ((timedelta(seconds=1), 200), (timedelta(0), 401), (timedelta(days=-1), 401)):
        moment = token.expires_at - before
        monkeypatch.setattr(auth, "now", lambda moment=moment: moment)
        assert client.get(ZONES).status_code == status


def test_revoked_token_ends_at_once(installation: "Installation") -> None:
    token, secret = installation.token()
    client, other = installation.client(secret=secret), installation.client()
    assert client.get(ZONES).status_code == 200
    with installation.app.app_context():
        tokens.revoke(token.uuid)
    problem(client.get(ZONES), 401)
    assert other.get(ZONES).status_code == 200
    with installation.app.app_context(), pytest.raises(OperatorError):
        tokens.revoke(token.uuid)


def test_expired_revoked_and_unknown_read_the_same(installation: "Installation") -> None:
    """Who guesses learns nothing from the answer."""
    token, revoked = installation.token()
    with installation.app.app_context():
        tokens.revoke(token.uuid)
    expired = installation.token(lifetime=timedelta(seconds=-1))[1]
    secrets = [revoked, expired, "vps_" + "A" * 43]
    assert len({problem(installation.client(secret=secret).get(ZONES), 401) for secret in secrets}) == 1


# ---- its use ----


def last_used(installation: "Installation", token: Token) -> datetime | None:
    rows = dict(installation.stored(Token, "uuid", "last_used_at"))
    found: datetime | None = rows[token.uuid]
    return found


def test_use_is_noted(installation: "Installation") -> None:
    token, secret = installation.token()
    assert last_used(installation, token) is None
    installation.client(secret=secret).get(ZONES)
    settle()
    noted = last_used(installation, token)
    assert noted is not None
    assert abs((datetime.now(UTC) - noted).total_seconds()) < 10


def test_refused_use_is_not_noted(installation: "Installation") -> None:
    token, secret = installation.token(lifetime=timedelta(seconds=-1))
    problem(installation.client(secret=secret).get(ZONES), 401)
    settle()
    assert last_used(installation, token) is None


def test_use_is_not_written_for_each_request(installation: "Installation", monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, and again after a minute; reading writes nothing else."""
    token, secret = installation.token()
    client = installation.client(secret=secret)
    with statements(installation) as seen:
        for _ in range(20):
            assert client.get(ZONES).status_code == 200
        settle()
        assert len(of_kind(seen, "INSERT", "UPDATE", "DELETE")) == 1
        later = datetime.now(UTC) + timedelta(seconds=61)
        monkeypatch.setattr(auth, "now", lambda: later)
        for _ in range(20):
            client.get(ZONES)
        settle()
        assert len(of_kind(seen, "INSERT", "UPDATE", "DELETE")) == 2
    assert last_used(installation, token) == later


def test_each_token_is_noted_for_itself(installation: "Installation") -> None:
    made = [installation.token(name=name) for name in ("one", "two", "three")]
    for _, secret in made[:2]:
        installation.client(secret=secret).get(ZONES)
    settle()
    assert [last_used(installation, token) is not None for token, _ in made] == [True, True, False]


def test_noting_does_not_hold_up_the_request(installation: "Installation", monkeypatch: pytest.MonkeyPatch) -> None:
    """While another writes, a read is answered all the same."""
    from api.database import writing

    _, secret = installation.token()
    answers: list[int] = []

    def read() -> None:
        answers.append(installation.client(secret=secret).get(ZONES).status_code)

    with installation.app.app_context(), writing():
        thread = threading.Thread(target=read)
        thread.start()
        thread.join(5)
        assert answers == [200]
    settle()
