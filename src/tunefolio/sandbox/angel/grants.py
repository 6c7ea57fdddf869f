"""Who is logged in: three tokens to a session, which ends before the next trading day or by another login."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from threading import Lock

from tunefolio.core.time import Clock, Instant, TradingDay, calendar_date
from tunefolio.sandbox.angel.envelope import refused, stopped

SESSIONS_END = time(5)


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to speak for one user until `expires`. session: what renewed tokens have in common."""

    user_id: str
    jwt: str
    refresh: str
    feed: str
    expires: Instant
    session: str

    @property
    def tokens(self) -> dict[str, str | None]:
        return {"jwtToken": self.jwt, "refreshToken": self.refresh, "feedToken": self.feed}


class Grants:
    """All sessions of this face, in memory. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._by_jwt: dict[str, Grant] = {}

    def open(self, user_id: str) -> Grant:
        """After a login. The user's former session ends: it is stolen from whoever had it."""
        with self._lock:
            self._end(lambda grant: grant.user_id == user_id)
            return self._granted(user_id, secrets.token_hex(8))

    def renew(self, jwt: str, refresh: str) -> Grant:
        """Newer tokens; the older ones go on until the session ends, but renew no more."""
        grant = self.of(jwt)
        if not secrets.compare_digest(grant.refresh, refresh):
            raise refused("AB8050", "Invalid Refresh Token")
        with self._lock:
            spent = Grant(grant.user_id, grant.jwt, "", grant.feed, grant.expires, grant.session)
            self._by_jwt[jwt] = spent
            return self._granted(grant.user_id, grant.session)

    def of(self, jwt: str) -> Grant:
        """The standing grant; raises Refusal in the gateway's words."""
        if not jwt:
            raise stopped("AG8003", "Token missing")
        with self._lock:
            grant = self._by_jwt.get(jwt)
        if grant is None:
            raise stopped("AG8001", "Invalid Token")
        if grant.expires <= self._clock.now():
            raise stopped("AG8002", "Token Expired")
        return grant

    def of_feed(self, feed: str, user_id: str) -> Grant:
        """By the feed token, as the market feed allows; raises Refusal."""
        with self._lock:
            found = [one.jwt for one in self._by_jwt.values() if (one.feed, one.user_id) == (feed, user_id)]
        return self.of(found[0] if found else feed)

    def close(self, jwt: str) -> None:
        """Logout: of every token of the session."""
        session = self.of(jwt).session
        with self._lock:
            self._end(lambda grant: grant.session == session)

    def end_of(self, user_id: str) -> None:
        """Every session of one user, as when somebody has logged in elsewhere."""
        with self._lock:
            self._end(lambda grant: grant.user_id == user_id)

    def end_all(self) -> None:
        with self._lock:
            self._by_jwt.clear()

    def _granted(self, user_id: str, session: str) -> Grant:
        jwt, refresh, feed = (secrets.token_urlsafe(24) for _ in range(3))
        grant = Grant(user_id, jwt, refresh, feed, _end_of(self._clock.now()), session)
        self._by_jwt[jwt] = grant
        return grant

    def _end(self, is_meant: Callable[[Grant], bool]) -> None:
        self._by_jwt = {jwt: grant for jwt, grant in self._by_jwt.items() if not is_meant(grant)}


def _end_of(now: Instant) -> Instant:
    """The next 05:00 in India."""
    today = TradingDay(calendar_date(now))
    five = Instant.at(today, SESSIONS_END)
    return five if now < five else Instant.at(today.plus_days(1), SESSIONS_END)
