"""Who is signed in."""

from dataclasses import dataclass

from flask import g, request, session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from api.changes import sessions
from api.changes.actor import Actor
from api.models import Account, BrowserSession
from api.store.sessions import session_with

SOURCE = "dashboard"
login = LoginManager()
login.session_protection = None  # a telephone's address changes; sessions are listed, and can be ended


@dataclass(frozen=True, slots=True)
class Person(UserMixin):
    """An account in one browser; `secret` is what the browser's cookie holds."""

    account: Account
    session: BrowserSession
    secret: str

    def get_id(self) -> str:
        """What Flask-Login keeps in the cookie."""
        return self.secret

    @property
    def sees(self) -> int | None:
        """The number of the account whose zones are seen; None: an operator sees those of all."""
        return None if self.account.operator else self.account.id

    def on_behalf_of(self, owner: Account) -> Actor:
        """The person as the one who changes a zone of this owner's."""
        return Actor(owner.id, owner.uuid, self.account.email, SOURCE, None, request.remote_addr)


def person() -> Person:
    """The person who is signed in."""
    found: Person = current_user._get_current_object()
    return found


def signed_in() -> bool:
    """Is somebody signed in? Then the session is noted as used, and the request's log line names the account."""
    if not current_user.is_authenticated:
        return False
    g.person = current_user.account.email
    sessions.note(current_user.session)
    return True


def sign_in(account: Account) -> None:
    """Sign the account in, in this browser. What the cookie held before is forgotten (session fixation)."""
    secret = sessions.begin(account, request.remote_addr, request.user_agent.string)
    begun = session_with(secret)
    session.clear()
    session.permanent = True
    login_user(Person(account, begun, secret))
    g.person = account.email


def sign_out() -> None:
    """End this browser's session, in the database too."""
    sessions.revoke(person().account.id, person().session.uuid)
    logout_user()
    session.clear()


@login.user_loader
def _load(secret: str) -> Person | None:
    found = session_with(secret)
    return Person(found.account, found, secret) if found else None
