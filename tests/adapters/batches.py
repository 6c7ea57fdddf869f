"""What the tests of frames read as columns share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from hypothesis import strategies as st

from tunefolio.core.errors import Rejected
from tunefolio.core.time import Instant

NOW = Instant.parse("2026-11-20T10:00:00+05:30")
SECOND = int(NOW.utc.timestamp())
MINUTE = timedelta(minutes=1)

Told = tuple[Decimal, Decimal | None, Instant]
"""Of a price: it, the close before, and when."""

u32 = st.integers(0, 2**32 - 1)
i32 = st.integers(-(2**31), 2**31 - 1)
i64 = st.integers(-(2**63), 2**63 - 1)


def whole(value: object, divisor: int = 1) -> int:
    """A field of a tick as its column has it."""
    match value:
        case None:
            return 0
        case Instant():
            return int(value.utc.timestamp())
        case Decimal():
            scaled = value * divisor
            assert scaled == int(scaled)
            return int(scaled)
        case bool() | int():
            return int(value)
        case _:
            raise AssertionError(value)


def refusal(deed: Callable[[], object]) -> tuple[str, str] | None:
    """Why it was rejected, if it was."""
    try:
        deed()
    except Rejected as refused:
        return refused.reason, refused.code
    return None


def is_news(before: Told | None, told: Told) -> bool:
    return before is None or before[:2] != told[:2] or told[2] - before[2] >= MINUTE
