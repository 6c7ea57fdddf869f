"""One-time codes: RFC 6238's own examples, and the window of a login."""

from __future__ import annotations

from base64 import b32encode
from datetime import UTC, datetime, timedelta

import pytest

from tunefolio.core.time import Instant
from tunefolio.sandbox import totp
from tunefolio.sandbox.people import ANGEL_PEOPLE, KOTAK_PEOPLE

OF_THE_RFC = b32encode(b"12345678901234567890").decode()


def when(seconds: int) -> Instant:
    return Instant(datetime.fromtimestamp(seconds, UTC))


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    """Appendix B, the last six of its eight digits."""
    assert totp.code(OF_THE_RFC, when(seconds)) == code


def test_a_code_holds_for_its_half_minute_and_one_beside_it() -> None:
    now = when(1_790_000_010)
    code = totp.code(OF_THE_RFC, now)
    for late in (-30, 0, 30):
        assert totp.is_valid(OF_THE_RFC, code, now + timedelta(seconds=late))
    for late in (-90, 90):
        assert not totp.is_valid(OF_THE_RFC, code, now + timedelta(seconds=late))
    assert not totp.is_valid(OF_THE_RFC, "", now)
    assert not totp.is_valid(OF_THE_RFC, "٢٨٧٠٨٢", now)


def test_every_secret_of_the_rehearsal_makes_codes() -> None:
    codes = {totp.code(one.totp_secret, when(0)) for one in (*ANGEL_PEOPLE, *KOTAK_PEOPLE)}
    assert len(codes) == 3
