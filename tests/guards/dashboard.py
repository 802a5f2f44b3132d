"""Guards over the dashboard: who is signed in, whose things they are, forged forms, guessed passwords."""

from tests.guards.guard import Guard

_ANOTHERS = "another account's uuid, a missing permission"
_FLOODS = "floods of requests, guessed tokens"
_SCRIPTS = "stored scripts, forged requests in pages"
_SIGN_IN = "tests/contract/test_sign_in.py::"
_DASHBOARD = "tests/contract/test_dashboard.py::"

GUARDS = (
    Guard(
        _ANOTHERS,
        "api/dashboard/pages.py",
        "if not (known or page.open):",
        "if False:",
        (f"{_DASHBOARD}test_signed_out[sqlite]",),
    ),
    Guard(
        _ANOTHERS,
        "api/changes/tokens.py",
        "Token.uuid == token_uuid, Token.account_id == account_id",
        "Token.uuid == token_uuid",
        (f"{_DASHBOARD}test_pages_of_another_account[sqlite]",),
    ),
    Guard(
        _ANOTHERS,
        "api/store/overview.py",
        "query if account_id is None else query.where(Zone.account_id == account_id)",
        "query",
        (f"{_DASHBOARD}test_pages_of_another_account[sqlite]",),
    ),
    Guard(
        _ANOTHERS,
        "api/changes/sessions.py",
        "(BrowserSession.uuid == session_uuid) & (BrowserSession.account_id == account_id)",
        "BrowserSession.uuid == session_uuid",
        (f"{_SIGN_IN}test_sessions_are_listed_and_ended[sqlite]",),
    ),
    Guard(
        _ANOTHERS,
        "api/store/sessions.py",
        "BrowserSession.hash == hashed(secret), _lasting()",
        "BrowserSession.hash == hashed(secret)",
        (f"{_SIGN_IN}test_session_ends_by_itself[sqlite]",),
    ),
    Guard(
        _FLOODS,
        "api/dashboard/rates.py",
        "    attempts.accounts.hit(email)\n",
        "",
        (f"{_SIGN_IN}test_account_over_its_limit[sqlite]",),
    ),
    Guard(
        _FLOODS,
        "api/dashboard/rates.py",
        "    attempts.addresses.hit(source(request.remote_addr))\n",
        "",
        (f"{_SIGN_IN}test_address_over_its_limit[sqlite]",),
    ),
    Guard(
        _SCRIPTS,
        "api/dashboard/pages.py",
        "        _csrf.protect()\n",
        "",
        (f"{_SIGN_IN}test_cookie_from_before_is_worth_nothing[sqlite]",),
    ),
    Guard(
        _SCRIPTS,
        "api/dashboard/answers.py",
        '    response.headers["Content-Security-Policy"] = _POLICY\n',
        "",
        (f"{_DASHBOARD}test_headers[sqlite]",),
    ),
)
