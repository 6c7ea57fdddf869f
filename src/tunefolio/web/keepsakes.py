"""Cookies beside the session's: the step that waits for its answer, the visit to a provider, the choice of
whom no account knows, the browser.

None of them signs anybody in. The first three end with what they are for; the browser's outlives sessions, so
that a new device can be told from an old one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import Response

from tunefolio.core.errors import Misuse
from tunefolio.core.secret import Secret
from tunefolio.services import identity
from tunefolio.services.identity import SignedIn
from tunefolio.services.oidc import LIFE as VISIT_LIFE
from tunefolio.services.oidc_newcomers import LIFE as CHOICE_LIFE
from tunefolio.services.steps import LIFE
from tunefolio.web.security import WebConfig, cookie_name, is_secure, set_session_cookie, token_of

BROWSER_LIFE: Final = timedelta(days=400)
"""As long as browsers keep any cookie."""


def step_of(connection: HTTPConnection, config: WebConfig) -> Secret | None:
    """The token of the step that this browser began; None for none."""
    return _kept(connection, config, "step")


def browser_of(connection: HTTPConnection, config: WebConfig) -> Secret | None:
    """By what this browser is known; None for a new one."""
    return _kept(connection, config, "browser")


def visit_of(connection: HTTPConnection, config: WebConfig) -> Secret | None:
    """The token of the visit to a provider that this browser is on; None for none. A cookie of its own, so
    that a step begun in another tab does not end it."""
    return _kept(connection, config, "visit")


def begin_visit(response: Response, connection: HTTPConnection, config: WebConfig, token: Secret) -> None:
    """Bind the visit to this browser. Lax, like the others: it comes back by a link of another site."""
    _keep(response, connection, config, "visit", token, VISIT_LIFE)


def end_visit(response: Response, connection: HTTPConnection, config: WebConfig) -> None:
    """The visit is over."""
    _drop(response, connection, config, "visit")


def choice_of(connection: HTTPConnection, config: WebConfig) -> Secret | None:
    """The token by which whom a provider vouched for says which account is hers; None for none."""
    return _kept(connection, config, "choice")


def begin_choice(response: Response, connection: HTTPConnection, config: WebConfig, token: Secret) -> None:
    """Bind the choice to this browser."""
    _keep(response, connection, config, "choice", token, CHOICE_LIFE)


def end_choice(response: Response, connection: HTTPConnection, config: WebConfig) -> None:
    """The choice is over."""
    _drop(response, connection, config, "choice")


def begin_step(response: Response, connection: HTTPConnection, config: WebConfig, token: Secret) -> None:
    """Bind the step to this browser."""
    _keep(response, connection, config, "step", token, LIFE)


def welcome(response: Response, connection: HTTPConnection, config: WebConfig, fresh: SignedIn) -> None:
    """The cookies of somebody who has signed in; a session that was open in this browser ends. Raises Misuse
    on plain http elsewhere."""
    former = token_of(connection, config)
    if former is not None:
        identity.leave_behind(connection.app.state.house, former)
    set_session_cookie(response, connection, config, fresh.token, fresh.expires)
    _keep(response, connection, config, "browser", fresh.browser, BROWSER_LIFE)
    end_step(response, connection, config)


def end_step(response: Response, connection: HTTPConnection, config: WebConfig) -> None:
    """The step is over."""
    _drop(response, connection, config, "step")


def _kept(connection: HTTPConnection, config: WebConfig, what: str) -> Secret | None:
    try:
        text = connection.cookies.get(f"{cookie_name(connection, config)}-{what}", "")
    except Misuse:
        return None
    return Secret(text[:200]) if text else None


def _drop(response: Response, connection: HTTPConnection, config: WebConfig, what: str) -> None:
    name = f"{cookie_name(connection, config)}-{what}"
    response.delete_cookie(name, path="/", secure=is_secure(connection), httponly=True, samesite="lax")


def _keep(
    response: Response,
    connection: HTTPConnection,
    config: WebConfig,
    what: str,
    token: Secret,
    life: timedelta,
) -> None:
    response.set_cookie(
        f"{cookie_name(connection, config)}-{what}",
        token.reveal(),
        max_age=round(life.total_seconds()),
        path="/",
        secure=is_secure(connection),
        httponly=True,
        samesite="lax",
    )
