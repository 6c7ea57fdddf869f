"""How many requests are let in within a minute: by person for programs and pages, by address for strangers.

The counts are those of the house's throttle: in memory, or in Redis, where all web servers count together.
"""

from __future__ import annotations

import math
from datetime import timedelta

from starlette.requests import HTTPConnection

from tunefolio.services.house import House
from tunefolio.services.throttle import Allowance, Counted, TooMany
from tunefolio.web.scopes import is_counted
from tunefolio.web.security import Limits

_MINUTE = timedelta(minutes=1)
WORDS = "too many requests in a minute"


def count_program(connection: HTTPConnection, house: House, limits: Limits, person: int) -> None:
    """One more by a token of that person. Raises TooMany."""
    _count(connection, house, Allowance("requests.programs", limits.programs, _MINUTE), str(person))


def count_page(connection: HTTPConnection, house: House, limits: Limits, person: int) -> None:
    """One more by a browser of that person. Raises TooMany."""
    _count(connection, house, Allowance("requests.pages", limits.pages, _MINUTE), str(person))


def count_stranger(connection: HTTPConnection, house: House, limits: Limits) -> None:
    """One more by whoever is at that address. Raises TooMany."""
    address = connection.client.host if connection.client else ""
    _count(connection, house, Allowance("requests.strangers", limits.strangers, _MINUTE), address)


def _count(connection: HTTPConnection, house: House, allowance: Allowance, key: str) -> None:
    if allowance.times <= 0 or not is_counted(connection.scope["path"]):
        return
    counted = house.throttle.count(allowance, key)
    connection.state.rate = counted
    if counted.is_refused:
        raise TooMany(WORDS, after=timedelta(seconds=max(1, math.ceil(counted.reset_seconds))))


def headers(counted: Counted) -> dict[str, str]:
    """What an answer says of it. Reset: in how many seconds the oldest request counted leaves the minute, and
    one more is let in than now."""
    return {
        "ratelimit-limit": str(counted.limit),
        "ratelimit-remaining": str(counted.remaining),
        "ratelimit-reset": str(max(0, math.ceil(counted.reset_seconds))),
        "ratelimit-policy": f"{counted.limit};w=60",
    }
