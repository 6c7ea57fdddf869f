"""What a page shows: its figures with the addresses of their explanations, and numbers that have none."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from html.parser import HTMLParser

_VOID = frozenset({"input", "link", "meta", "br", "img", "hr", "use", "path"})
_NUMBER = re.compile(r"([+−]?)\D{0,5}?([0-9][0-9,]*(?:\.[0-9]+)?)(%?)")


@dataclass(frozen=True)
class Shown:
    """A number as it is read, and where it is explained."""

    text: str
    address: str

    @property
    def value(self) -> Decimal:
        """As a number; a percentage is a ratio."""
        value, _ = read(self.text)
        return value

    def tells(self, exact: Decimal) -> bool:
        """The exact value, rounded to the places shown, reads so."""
        value, unit = read(self.text)
        return abs(value - exact) <= unit / 2


def read(text: str) -> tuple[Decimal, Decimal]:
    """The number in a text and what its last place is worth."""
    found = _NUMBER.search(text)
    assert found, f"no number in {text!r}"
    digits = Decimal(found[2].replace(",", ""))
    unit = Decimal(1).scaleb(int(digits.as_tuple().exponent))
    if found[3]:
        digits, unit = digits / 100, unit / 100
    return (-digits if found[1] == "−" else digits), unit


@dataclass
class Look(HTMLParser):
    """One page, read. figures: with an explanation. bare: numbers in cells without one, by their column."""

    figures: list[Shown] = field(default_factory=list)
    bare: list[tuple[str, str]] = field(default_factory=list)
    _open: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    _texts: list[list[str]] = field(default_factory=list)
    _heads: list[str] = field(default_factory=list)
    _cells: int = 0
    _known: bool = False

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    @classmethod
    def at(cls, page: str) -> Look:
        look = cls()
        look.feed(page)
        return look

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "table":
            self._heads = []
        if tag == "tr":
            self._cells = 0
        if tag in {"td", "dd"}:
            self._known = False
        if "data-explain" in given or "na" in (given.get("class") or "").split():
            self._known = True
        if tag not in _VOID:
            self._open.append((tag, given))
            self._texts.append([])

    def handle_data(self, data: str) -> None:
        if not any(tag in {"script", "style", "label"} for tag, _ in self._open):
            for texts in self._texts:
                texts.append(data)

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            opened, given = self._open.pop()
            text = " ".join("".join(self._texts.pop()).split())
            if opened == tag:
                self._close(tag, given, text)
                return

    def _close(self, tag: str, given: dict[str, str | None], text: str) -> None:
        address = given.get("data-explain")
        if address:
            self.figures.append(Shown(text, address))
        if tag == "th" and given.get("scope") == "col":
            self._heads.append(text)
        is_number = tag == "dd" or (tag == "td" and "num" in (given.get("class") or "").split())
        if is_number and not self._known and re.search(r"[0-9]", text):
            column = self._heads[self._cells] if tag == "td" and self._cells < len(self._heads) else ""
            self.bare.append((column, text))
        if tag in {"td", "th"}:
            self._cells += 1
