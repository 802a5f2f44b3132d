"""One's own account: password and sessions."""

from flask import Response, flash

from api.changes import passwords, sessions
from api.dashboard.answers import back_to, page
from api.dashboard.forms import NewPassword
from api.dashboard.person import person
from api.dashboard.rates import attempt
from api.store.sessions import sessions_of
from nameserver.errors import InvalidInput


def show() -> Response:
    """The password's form and the list of sessions."""
    return _shown(NewPassword(formdata=None))


def change_password() -> Response:
    """Another password; every other browser is signed out."""
    form, account = NewPassword(), person().account
    if not form.validate():
        return _shown(form, 400)
    attempt(account.email)
    if not passwords.matches(account.id, str(form.present.data)):
        form.present.errors = ["This is not your present password."]
        return _shown(form, 400)
    try:
        passwords.put(account, str(form.password.data), but=person().session.uuid)
    except InvalidInput as error:
        form.password.errors = [error.detail]
        return _shown(form, 400)
    flash("Your password is changed. All other browsers are signed out.")
    return back_to("/account/")


def revoke_session(session: str) -> Response:
    """Sign out one browser."""
    sessions.revoke(person().account.id, session)
    flash("That browser is signed out.")
    return back_to("/account/")


def _shown(form: NewPassword, status: int = 200) -> Response:
    found = sessions_of(person().account.id)
    here = person().session.uuid
    return page("account", status, form=form, sessions=found, session_uuid=here, shortest=passwords.SHORTEST)
