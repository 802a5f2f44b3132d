"""The table of pages: method, path, the function that answers, and whether one must be signed in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Flask, Response, current_app, g, request
from flask_wtf import CSRFProtect

from api.dashboard import account, cookies, developers, history, problems, rates, sign_in, words, zones
from api.dashboard.answers import back_to, guard
from api.dashboard.person import login, signed_in

_csrf = CSRFProtect()


@dataclass(frozen=True, slots=True)
class Page:
    """One row. `open`: nobody needs to be signed in."""

    method: str
    path: str
    answer: Callable[..., Response]
    open: bool = False


PAGES = (
    Page("GET", "/sign-in/", sign_in.show, open=True),
    Page("POST", "/sign-in/", sign_in.sign_in, open=True),
    Page("POST", "/sign-out/", sign_in.sign_out),
    Page("GET", "/", zones.list_zones),
    Page("GET", "/zones/<uuid:zone>/", zones.show_zone),
    Page("GET", "/zones/<uuid:zone>/history/", history.show_history),
    Page("POST", "/zones/<uuid:zone>/changes/<uuid:change>/revert/", history.revert),
    Page("GET", "/account/", account.show),
    Page("POST", "/account/password/", account.change_password),
    Page("POST", "/account/sessions/<uuid:session>/revoke/", account.revoke_session),
    Page("GET", "/account/developers/", developers.show),
    Page("POST", "/account/developers/", developers.create),
    Page("POST", "/account/developers/<uuid:token>/revoke/", developers.revoke),
)


def register(app: Flask, processes: int) -> None:
    """Serve every page of the table."""
    cookies.register(app)
    rates.register(app, processes)
    problems.register(app)
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # the API's requests have no cookie to be forged with
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # as long as the session
    _csrf.init_app(app)
    login.init_app(app, add_context_processor=False)
    app.register_blueprint(_blueprint())


def _blueprint() -> Blueprint:
    dashboard = Blueprint("dashboard", __name__, static_folder="static", static_url_path="/static")
    for page in PAGES:
        options = {"methods": [page.method], "provide_automatic_options": False}
        dashboard.add_url_rule(page.path, f"{page.method} {page.path}", _guarded(page), **options)  # type: ignore[arg-type]
    for name, function in words.FILTERS.items():
        dashboard.add_app_template_filter(function, name)
    dashboard.register_error_handler(Exception, problems.answer)
    dashboard.after_request(guard)
    return dashboard


def _guarded(page: Page) -> Callable[..., Response]:
    """The function behind its guards: signed in before the form's token (CSRF) before any look-up."""

    def view(**path: Any) -> Response:
        g.route = page
        cookies.know_key(current_app)
        known = signed_in()
        if not (known or page.open):
            return back_to(f"/sign-in/?next={quote(_wanted())}")
        _csrf.protect()
        return page.answer(**{name: str(value) for name, value in path.items()})

    return view


def _wanted() -> str:
    """What to show after signing in: a form that was sent is not sent again."""
    return request.full_path.removesuffix("?") if request.method == "GET" else "/"
