"""A browser without a screen: it keeps cookies, and sends forms with the token of the page they stand on."""

import re
from typing import TYPE_CHECKING, Any

from werkzeug.test import TestResponse

from tests.installation import ALICE

if TYPE_CHECKING:
    from tests.installation import Installation

PASSWORD = "correct horse battery staple"
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def without_token(answer: TestResponse) -> str:
    """The page's text to compare: a form's token tells the second it was made in."""
    return _TOKEN.sub("", answer.text)


class Visitor:
    """One browser; `agent` is what it calls itself."""

    def __init__(self, installation: "Installation", agent: str = "Firefox/1.0 (Linux)", **environment: str) -> None:
        self.installation = installation
        self.client = installation.app.test_client()
        self.client.environ_base.update({"HTTP_USER_AGENT": agent, "HTTP_ACCEPT": "text/html,*/*;q=0.8", **environment})

    def get(self, path: str, **request: Any) -> TestResponse:
        """Read a page."""
        return self.client.get(path, **request)

    def text(self, path: str) -> str:
        """A page's text; it must be there."""
        answer = self.get(path)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.text

    def token(self, page: str = "/account/") -> str:
        """The token of the forms on a page."""
        found = _TOKEN.search(self.text(page))
        assert found
        return found[1]

    def post(self, path: str, page: str = "/account/", **fields: Any) -> TestResponse:
        """Send a form from a page."""
        return self.client.post(path, data={"csrf_token": self.token(page), **fields})

    def sign_in(self, email: str = ALICE, password: str = PASSWORD, **fields: str) -> TestResponse:
        """Try to."""
        return self.post("/sign-in/", "/sign-in/", email=email, password=password, **fields)

    @property
    def signed_in(self) -> bool:
        """Is somebody signed in here?"""
        return self.get("/account/").status_code == 200


def give_password(installation: "Installation", email: str = ALICE, password: str = PASSWORD) -> None:
    """Set the account's password."""
    from api.changes import passwords
    from api.store.accounts import account_of

    with installation.app.app_context():
        passwords.put(account_of(email), password)


def signed_in(installation: "Installation", email: str = ALICE, **options: str) -> Visitor:
    """A browser in which the account is signed in, without the time that a password takes."""
    from api.changes import sessions
    from api.store.accounts import account_of

    visitor = Visitor(installation, **options)
    with installation.app.test_request_context():
        secret = sessions.begin(account_of(email), "192.0.2.7", "Firefox/1.0 (Linux)")
    visitor.get("/sign-in/")
    with visitor.client.session_transaction() as kept:
        kept["_user_id"] = secret
    return visitor
