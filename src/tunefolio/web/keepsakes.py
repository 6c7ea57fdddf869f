"""Two cookies beside the session's: the step that waits for its answer, and the browser that is known.

Neither signs anybody in. The step's ends with the step; the browser's outlives sessions, so that a new device
can be told from an old one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import Response

from tunefolio.core.errors import Misuse
from tunefolio.core.secret import Secret
from tunefolio.services.identity import SignedIn
from tunefolio.services.steps import LIFE
from tunefolio.web.security import WebConfig, cookie_name, is_secure, set_session_cookie

BROWSER_LIFE: Final = timedelta(days=400)
"""As long as browsers keep any cookie."""


def step_of(connection: HTTPConnection, config: WebConfig) -> Secret | None:
    """The token of the step that this browser began; None for none."""
    return _kept(connection, config, "step")


def browser_of(connection: HTTPConnection, config: WebConfig) -> Secret | None:
    """By what this browser is known; None for a new one."""
    return _kept(connection, config, "browser")


def begin_step(response: Response, connection: HTTPConnection, config: WebConfig, token: Secret) -> None:
    """Bind the step to this browser."""
    _keep(response, connection, config, "step", token, LIFE)


def welcome(response: Response, connection: HTTPConnection, config: WebConfig, fresh: SignedIn) -> None:
    """The cookies of somebody who has signed in; raises Misuse on plain http elsewhere."""
    set_session_cookie(response, connection, config, fresh.token, fresh.expires)
    _keep(response, connection, config, "browser", fresh.browser, BROWSER_LIFE)
    end_step(response, connection, config)


def end_step(response: Response, connection: HTTPConnection, config: WebConfig) -> None:
    """The step is over."""
    name = f"{cookie_name(connection, config)}-step"
    response.delete_cookie(name, path="/", secure=is_secure(connection), httponly=True, samesite="lax")


def _kept(connection: HTTPConnection, config: WebConfig, what: str) -> Secret | None:
    try:
        text = connection.cookies.get(f"{cookie_name(connection, config)}-{what}", "")
    except Misuse:
        return None
    return Secret(text[:200]) if text else None


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
