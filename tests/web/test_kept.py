"""What is kept belongs to one very object, and no more is kept than allowed."""

from __future__ import annotations

from tunefolio.web.kept import Kept


def test_the_same_object_is_asked_once() -> None:
    kept: Kept[str] = Kept()
    subject = (1, 2)
    made: list[int] = []

    def make() -> str:
        made.append(1)
        return f"text {len(made)}"

    assert kept.of("rows", subject, make) == "text 1"
    assert kept.of("rows", subject, make) == "text 1"
    assert kept.of("bars", subject, make) == "text 2"
    assert kept.of("rows", (1, *subject[1:]), make) == "text 3", "an equal object is another one"
    assert len(made) == 3


def test_the_oldest_text_goes_first_when_there_is_too_much() -> None:
    kept: Kept[bytes] = Kept(most=10)
    first, second, third = [1], [2], [3]
    kept.of("a", first, lambda: b"12345")
    kept.of("a", second, lambda: b"12345")
    assert kept.of("a", first, lambda: b"again") == b"12345"
    kept.of("a", third, lambda: b"12345")
    assert kept.of("a", second, lambda: b"again") == b"again", "the least recently asked was dropped"
    assert kept.of("a", [4], lambda: b"x" * 100) == b"x" * 100, "what is too large is given, not kept"
    assert kept.of("a", third, lambda: b"made") == b"made"
