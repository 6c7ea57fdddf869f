"""The login: to Kite's page and back, a single-use request token, a session until six in the morning."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from tunefolio.adapters.brokers.zerodha.errors import mapping, text
from tunefolio.adapters.brokers.zerodha.kite import Kite, Pass
from tunefolio.core.errors import Misuse, Reauth, Rejected
from tunefolio.core.secret import Secret
from tunefolio.core.time import IST, Instant
from tunefolio.ledger.brokers import AppKeys, BrokerSession

SESSIONS_END = time(6, 0)
"""IST. Kite ends every session the next morning; all Indian brokers must log their users out daily."""


_REFUSED = (
    "Zerodha did not accept this login, which works once and for a few minutes. "
    "Press Connect and log in again; if that is refused as well, check the API key and secret under Brokers"
)


def login_url(page: str, api_key: str, state: str) -> str:
    """Kite's login page; it hands `state` back among the redirect's parameters."""
    echoed = urlencode({"state": state})
    return f"{page}?{urlencode({'v': '3', 'api_key': api_key, 'redirect_params': echoed})}"


def request_token(answer: Mapping[str, str]) -> str:
    """The single-use token in the redirect. Rejected: the login was given up. Misuse: it is no redirect."""
    status = answer.get("status", "")
    if status != "success":
        raise Rejected("the login at Zerodha was not completed", code="login_not_completed")
    if answer.get("action", "login") != "login":
        raise Rejected("Zerodha sent back something else than a login", code="login_action")
    token = answer.get("request_token", "").strip()
    if not token:
        raise Misuse("request_token", "is missing from the way back", cure="Start the login again")
    return token


def checksum(app: AppKeys, token: str) -> str:
    """Proof that the application's secret is known: SHA-256 in hex of key, token and secret together."""
    return hashlib.sha256(f"{app.api_key}{token}{app.api_secret.reveal()}".encode()).hexdigest()


def exchange(kite: Kite, app: AppKeys, answer: Mapping[str, str], now: Instant) -> BrokerSession:
    """Request token into session. Rejected with code request_token: used already, or run out."""
    token = request_token(answer)
    form = {"api_key": app.api_key, "request_token": token, "checksum": checksum(app, token)}
    try:
        data = kite.post(app.api_key, "/session/token", form)
    except Reauth:
        raise Rejected(_REFUSED, code="request_token") from None
    return session_of(data, now)


def session_of(data: Any, now: Instant) -> BrokerSession:
    """The session in `data` of /session/token."""
    row = mapping(data, "session")
    user = text(row, "user_id", "session")
    token = Secret(text(row, "access_token", "session"))
    return BrokerSession(user, str(row.get("user_name") or user), token, expires_after(now))


def expires_after(now: Instant) -> Instant:
    """The next six o'clock in the morning, IST."""
    local = now.in_zone(IST)
    end = datetime.combine(local.date(), SESSIONS_END, IST)
    return Instant(end if local < end else end + timedelta(days=1))


def logout(kite: Kite, api_key: str, session: BrokerSession) -> None:
    """End the session at Kite; one that has ended already is no error."""
    params = [("api_key", api_key), ("access_token", session.token.reveal())]
    try:
        kite.delete(Pass(api_key, session.token), "/session/token", params)
    except Reauth:
        return
