"""One-time codes: the standard's own examples, the rehearsal's codes, and what is no secret."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunefolio.adapters.totp import code
from tunefolio.core.errors import Misuse
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.sandbox import totp as rehearsal

BEGAN = Instant.parse("1970-01-01T00:00:00+00:00")
KEY = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""ASCII 12345678901234567890, the key of the standard's examples."""


@pytest.mark.parametrize(
    ("second", "digits"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_published_examples(second: int, digits: str) -> None:
    """RFC 6238, appendix B, SHA-1: the last six of its eight digits."""
    assert code(Secret(KEY), BEGAN + timedelta(seconds=second)).reveal() == digits


def test_a_secret_is_read_as_people_copy_it() -> None:
    moment = BEGAN + timedelta(seconds=2_000_000_000)
    for written in ("gezd gnbv gy3t qojq gezd gnbv gy3t qojq", f"{KEY}====", f" {KEY}\n"):
        assert code(Secret(written), moment).reveal() == "279037"


def test_a_code_holds_for_its_half_minute_and_no_longer() -> None:
    moment = Instant.parse("2026-11-20T10:00:00+05:30")
    first = code(Secret(KEY), moment)
    assert code(Secret(KEY), moment + timedelta(seconds=29)) == first
    assert code(Secret(KEY), moment + timedelta(seconds=30)) != first


@given(
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=16, max_size=32).filter(
        lambda text: len(text) % 8 not in {1, 3, 6}
    ),
    st.integers(0, 2**32),
)
def test_it_agrees_with_the_rehearsals_own(secret: str, second: int) -> None:
    moment = BEGAN + timedelta(seconds=second)
    assert code(Secret(secret.lower()), moment).reveal() == rehearsal.code(secret, moment)


@pytest.mark.parametrize("wrong", ["0189!", "not 8 a secret"])
def test_what_is_no_secret_is_misuse_and_is_not_repeated(wrong: str) -> None:
    with pytest.raises(Misuse, match="totp_secret") as caught:
        code(Secret(wrong), BEGAN)
    assert wrong not in str(caught.value)
