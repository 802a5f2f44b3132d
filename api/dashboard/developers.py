"""API tokens."""

from flask import Response, flash, request

from api.changes import tokens
from api.dashboard.answers import back_to, page
from api.dashboard.forms import PRESETS, NewToken
from api.dashboard.person import person
from api.database import now
from api.models import Token
from api.store.accounts import tokens_of
from nameserver.errors import InvalidInput


def show() -> Response:
    """The list of tokens and the form for another; `?preset=` fills it in."""
    return _shown(NewToken(formdata=None, permissions=PRESETS.get(request.args.get("preset", ""), ["dns:list"])))


def create() -> Response:
    """A new token, whose secret stands on this page and nowhere else."""
    form = NewToken()
    if not form.validate():
        return _shown(form, 400)
    try:
        made, secret = tokens.create(
            person().account.email, str(form.name.data), form.permissions.data or [], form.lifetime
        )
    except InvalidInput as error:
        form.name.errors = [error.detail]
        return _shown(form, 400)
    return page("token", made=made, secret=secret, url=f"{request.host_url}api/v1/dns-zones/")


def revoke(token: str) -> Response:
    """A token's end, at once and for good."""
    flash(f"The token “{tokens.revoke_own(person().account.id, token).name}” is revoked.")
    return back_to("/account/developers/")


def _shown(form: NewToken, status: int = 200) -> Response:
    found = [(token, _state(token)) for token in tokens_of(person().account.id)]
    return page("developers", status, form=form, tokens=found)


def _state(token: Token) -> str:
    if token.revoked_at:
        return "revoked"
    return "expired" if token.expires_at and token.expires_at <= now() else "valid"
