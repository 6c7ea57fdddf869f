"""Names that people give."""

from __future__ import annotations

import pytest

from tunefolio.core.errors import Misuse
from tunefolio.ledger.accounts import legible, name_of


@pytest.mark.parametrize(
    "name", ["Zoë", "आशा", "ആൻ\u200cഡ്രൂസ്", "র\u200d্যাব", "Ravi 👨\u200d👩\u200d👧", "O'Neil & Co."]
)
def test_a_name_in_any_script_is_kept(name: str) -> None:
    assert name_of(f"  {name}\n") == name


@pytest.mark.parametrize(
    "name",
    ["Zoe\u202egnp.exe", "As\u200bha", "\u200dAsha", "A\x00", "\u2066Asha\u2069", "Asha\ud800", "\ufeffAsha"],
)
def test_a_name_that_shows_something_else_than_it_says_is_refused(name: str) -> None:
    with pytest.raises(Misuse, match="not seen"):
        name_of(name)
    assert name_of(legible(name)).isprintable()


@pytest.mark.parametrize("name", ["", " \t", "x" * 81])
def test_a_name_has_one_to_eighty_characters(name: str) -> None:
    with pytest.raises(Misuse, match="1 to 80"):
        name_of(name)
