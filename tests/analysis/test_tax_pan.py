"""The permanent account number: its form, whose it may be, and that nothing tells it by accident."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunefolio.analysis.tax.pan import Pan, PanStatus
from tunefolio.core.errors import Misuse

FORM = re.compile("[A-Z]{3}[PH][A-Z][0-9]{4}[A-Z]")
LETTERS, DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
OURS = st.builds(
    lambda head, kind, name, number, last: f"{head}{kind}{name}{number}{last}",
    st.text(LETTERS, min_size=3, max_size=3),
    st.sampled_from("PH"),
    st.sampled_from(LETTERS),
    st.text(DIGITS, min_size=4, max_size=4),
    st.sampled_from(LETTERS),
)


@given(OURS)
def test_a_number_is_read_masked_and_never_printed(number: str) -> None:
    pan = Pan.parse(f" {number[:5].lower()} {number[5:]} ")
    assert pan.number.reveal() == number
    assert pan == Pan.parse(number)
    assert pan.masked == f"{number[:2]}XXXXXX{number[-2:]}"
    assert pan.status is (PanStatus.FAMILY if number[3] == "H" else PanStatus.INDIVIDUAL)
    for text in (repr(pan), str(pan), f"{pan}"):
        assert number not in text


@given(st.text(max_size=14).filter(lambda text: not FORM.fullmatch("".join(text.split()).upper())))
def test_whatever_else_is_typed_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(Misuse) as told:
        Pan.parse(text)
    assert told.value.field == "pan"
    assert len(text.strip()) < 8 or text.strip() not in str(told.value)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("AAACB1234C", "a company"),
        ("AAAFB1234C", "a firm"),
        ("AAATB1234C", "a trust"),
        ("AAAAB1234C", "an association of persons"),
        ("AAAZB1234C", "nobody"),
        ("AAAPB123C", "permanent account number"),
        ("AAAPB12345", "permanent account number"),
        ("1AAPB1234C", "permanent account number"),
        ("", "permanent account number"),
    ],
)
def test_a_firms_number_and_a_wrong_one_are_refused_in_words(number: str, words: str) -> None:
    with pytest.raises(Misuse, match=words) as told:
        Pan.parse(number)
    assert not number or number not in str(told.value)
