"""Who is logged in: a view token lives minutes and only leads on, a trade token dies at six in the morning.

A customer has one session: the next login anywhere ends it.
"""

from __future__ import annotations

import hmac
import secrets
import uuid
from dataclasses import dataclass
from datetime import time, timedelta
from threading import Lock

from tunefolio.core.time import Instant, TradingDay, calendar_date
from tunefolio.sandbox.kotak.envelope import login_error, session_error

VIEW_LIFE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to speak for one customer until `expires`."""

    user: str
    sid: str
    token: str
    expires: Instant

    def admits(self, token: str, now: Instant) -> bool:
        """Is this its token, and not too late?"""
        return hmac.compare_digest(self.token.encode(), token.encode()) and self.expires > now


class Grants:
    """All sessions of the rehearsal, in memory. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._views: dict[str, Grant] = {}
        self._trades: dict[str, Grant] = {}

    def view(self, user: str, now: Instant) -> Grant:
        """After the one-time code: good for the second step only."""
        grant = Grant(user, str(uuid.uuid4()), _token(), now + VIEW_LIFE)
        with self._lock:
            self._views[grant.sid] = grant
        return grant

    def viewed(self, sid: str, token: str, now: Instant) -> Grant:
        """The first step of this login; raises NeoError 401 for none, or one too long ago."""
        with self._lock:
            grant = self._views.get(sid)
        if grant is None or not grant.admits(token, now):
            raise login_error(401, "Invalid session. Please login again")
        return grant

    def trade(self, view: Grant, now: Instant) -> Grant:
        """After the MPIN. The customer's former session dies."""
        grant = Grant(view.user, str(uuid.uuid4()), _token(), next_six(now))
        with self._lock:
            self._views.pop(view.sid, None)
            self._trades = {sid: one for sid, one in self._trades.items() if one.user != view.user}
            self._trades[grant.sid] = grant
        return grant

    def of(self, sid: str, token: str, now: Instant) -> Grant:
        """The standing session; raises NeoError 403."""
        with self._lock:
            grant = self._trades.get(sid)
        if grant is None or not grant.admits(token, now):
            raise session_error()
        return grant

    def named(self, user: str, sid: str, now: Instant) -> Grant:
        """By customer and session alone, as the market feed is told; raises NeoError 403."""
        with self._lock:
            grant = self._trades.get(sid)
        if grant is None or grant.user != user or grant.expires <= now:
            raise session_error()
        return grant

    def end_of(self, user: str) -> None:
        """Every session of one customer."""
        with self._lock:
            self._views = {sid: one for sid, one in self._views.items() if one.user != user}
            self._trades = {sid: one for sid, one in self._trades.items() if one.user != user}

    def end_all(self) -> None:
        with self._lock:
            self._views.clear()
            self._trades.clear()


def next_six(now: Instant) -> Instant:
    """The next 06:00 in India, when every session has died."""
    today = TradingDay(calendar_date(now))
    six = Instant.at(today, time(6))
    return six if now < six else Instant.at(today.plus_days(1), time(6))


def _token() -> str:
    """Looks like the web token it stands for."""
    return f"eyJhbGciOiJSUzI1NiJ9.{secrets.token_urlsafe(48)}.{secrets.token_urlsafe(24)}"
