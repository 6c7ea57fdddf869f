"""Who is logged in: request tokens live minutes and work once, access tokens die at six in the morning."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import time, timedelta
from hashlib import sha256
from threading import Lock

from tunefolio.core.time import Clock, Instant, TradingDay, calendar_date
from tunefolio.ledger.brokers import AppKeys
from tunefolio.sandbox.kite.envelope import input_error, token_error

REQUEST_TOKEN_LIFE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave of one app to speak for one user until `expires`."""

    user_id: str
    api_key: str
    access_token: str
    public_token: str
    issued: Instant
    expires: Instant


@dataclass(frozen=True, slots=True)
class _Request:
    user_id: str
    api_key: str
    expires: Instant


class Grants:
    """All sessions of the rehearsal, in memory. Thread-safe."""

    def __init__(self, clock: Clock, app: AppKeys) -> None:
        self._clock = clock
        self._app = app
        self._lock = Lock()
        self._requests: dict[str, _Request] = {}
        self._grants: dict[str, Grant] = {}

    def ask(self, user_id: str, api_key: str) -> str:
        """A request token for the redirect after a login."""
        token = secrets.token_urlsafe(24)[:32].replace("-", "A").replace("_", "b")
        with self._lock:
            self._requests[token] = _Request(user_id, api_key, self._clock.now() + REQUEST_TOKEN_LIFE)
        return token

    def exchange(self, api_key: str, request_token: str, checksum: str) -> Grant:
        """An access token for a request token; the user's former one at this app dies. Raises KiteError."""
        if not hmac.compare_digest(api_key, self._app.api_key):
            raise token_error("Invalid `api_key`.")
        text = api_key + request_token + self._app.api_secret.reveal()
        if not hmac.compare_digest(sha256(text.encode()).hexdigest(), checksum):
            raise token_error("Invalid `checksum`.")
        now = self._clock.now()
        with self._lock:
            request = self._requests.pop(request_token, None)
            if request is None or request.expires <= now or request.api_key != api_key:
                raise token_error("Token is invalid or has expired.")
            self._forget(request.user_id, api_key)
            grant = Grant(request.user_id, api_key, _token(), _token(), now, next_six(now))
            self._grants[grant.access_token] = grant
        return grant

    def of(self, api_key: str, access_token: str) -> Grant:
        """The standing grant; raises KiteError 403."""
        with self._lock:
            grant = self._grants.get(access_token)
        if grant is None or grant.api_key != api_key or grant.expires <= self._clock.now():
            raise token_error()
        return grant

    def end(self, api_key: str, access_token: str) -> None:
        """Logout; raises KiteError 403 for a token that is dead already."""
        grant = self.of(api_key, access_token)
        with self._lock:
            self._grants.pop(grant.access_token, None)

    def end_all(self) -> None:
        with self._lock:
            self._grants.clear()
            self._requests.clear()

    def end_of(self, user_id: str) -> None:
        """As when the user logs in elsewhere: every session of theirs dies."""
        with self._lock:
            for token, grant in list(self._grants.items()):
                if grant.user_id == user_id:
                    del self._grants[token]

    def refuse_refresh(self) -> None:
        """Refresh tokens are for platforms the exchange approved; this app is none."""
        raise input_error("Invalid `refresh_token`.")

    def _forget(self, user_id: str, api_key: str) -> None:
        for token, grant in list(self._grants.items()):
            if (grant.user_id, grant.api_key) == (user_id, api_key):
                del self._grants[token]


def next_six(now: Instant) -> Instant:
    """The next 06:00 in India, when every access token dies."""
    today = TradingDay(calendar_date(now))
    six = Instant.at(today, time(6))
    return six if now < six else Instant.at(today.plus_days(1), time(6))


def _token() -> str:
    return secrets.token_hex(16)
