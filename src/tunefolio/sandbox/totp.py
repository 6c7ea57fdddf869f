"""Time-based one-time codes as RFC 6238 has them: SHA-1, thirty seconds, six digits.

The rehearsal's own: whoever logs in to it brings another, and both must agree.
"""

from __future__ import annotations

import hmac
from base64 import b32decode
from datetime import timedelta
from hashlib import sha1

from tunefolio.core.time import Instant

STEP = timedelta(seconds=30)
_DIGITS = 6


def code(secret: str, at: Instant) -> str:
    """The code of that half minute. secret: base32, spaces and missing padding allowed."""
    bare = secret.replace(" ", "").upper()
    key = b32decode(bare + "=" * (-len(bare) % 8))
    counter = int(at.utc.timestamp()) // int(STEP.total_seconds())
    digest = hmac.new(key, counter.to_bytes(8, "big"), sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}d}"


def is_valid(secret: str, code: str, at: Instant) -> bool:
    """Is it the code of now, or of one step before or after? Compared in constant time."""
    given = code.strip().encode()
    steps = (at - STEP, at, at + STEP)
    return any(hmac.compare_digest(_code(secret, step).encode(), given) for step in steps)


_code = code
