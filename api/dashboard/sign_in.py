"""Signing in and out."""

from flask import Response, request

from api.changes import passwords
from api.dashboard import person
from api.dashboard.answers import back_to, page
from api.dashboard.forms import SignIn
from api.dashboard.rates import attempt
from api.errors import NotFound
from api.models import Account
from api.store.accounts import account_of

_WRONG = "The e-mail address or the password is wrong."


def show() -> Response:
    """The form."""
    if person.signed_in():
        return back_to("/")
    return page("sign_in", form=SignIn(next=request.args.get("next", "")))


def sign_in() -> Response:
    """Sign in, and go on to what was wanted."""
    form = SignIn()
    if not form.validate():
        return page("sign_in", 400, form=form)
    email = str(form.email.data).strip().lower()
    attempt(email)
    account = _account(email)
    if not passwords.matches(account.id if account else None, str(form.password.data)) or account is None:
        return page("sign_in", 400, form=form, wrong=_WRONG)
    person.sign_in(account)
    return back_to(_safe(form.next.data or ""))


def sign_out() -> Response:
    """Sign out of this browser."""
    person.sign_out()
    return back_to("/sign-in/")


def _account(email: str) -> Account | None:
    try:
        return account_of(email) if email.isprintable() else None
    except NotFound:
        return None


def _safe(path: str) -> str:
    """A page of ours, or the first one: `//elsewhere.example` and `/\\elsewhere.example` lead away from here."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if ours else "/"
