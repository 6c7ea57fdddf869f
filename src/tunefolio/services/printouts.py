"""Tables for the printer: A4 across, head, foot and page numbers, table headings on every page.

Inter sets Latin, Greek and Cyrillic letters glyph by glyph, which is fast; a text with letters of an Indian
script is shaped with the font of that script. A letter that no font has is printed as a question mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from unicodedata import category

from fontTools.ttLib import TTFont
from fpdf import FPDF

from tunefolio.core.errors import Misuse
from tunefolio.core.time import Instant

_LEFT, _TOP, _RIGHT, _BOTTOM = 8.0, 22.0, 289.0, 194.0
_SIZE, _LINE, _POINT = 6.5, 4.2, 0.3528
"""Points of a table's letters; millimetres of a line and of a point."""
_GAP, _AFTER = 1.0, 2.2
"""Millimetres kept free beside a text, and beside a number, which a text may follow."""
_SCRIPTS = (
    "devanagari", "bengali", "gujarati", "gurmukhi", "kannada", "malayalam", "oriya", "tamil", "telugu",
)  # fmt: skip
_RULE, _INK, _QUIET = 200, 20, 110


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table. width: millimetres, all together 281."""

    title: str
    width: float
    right: bool = False


@cache
def _fonts() -> Path:
    """Where the build of the front-end put the fonts."""
    folder = Path(str(resources.files("tunefolio"))) / "web/static/dist/print"
    if not (folder / "inter-regular.ttf").exists():
        raise Misuse("pdf", "its fonts were not built", cure="Build the front-end: python hatch_build.py")
    return folder


@cache
def _letters(name: str) -> frozenset[str]:
    """All that a font can set."""
    with TTFont(_fonts() / f"{name}.ttf", lazy=True) as font:
        return frozenset(chr(code) for code in font.getBestCmap())


class Printout:
    """A document that grows from top to bottom. made: printed, and the date of the file: the same input gives
    the same bytes. Raises Misuse where the fonts were never built."""

    def __init__(self, title: str, who: str, foot: str, made: Instant) -> None:
        self._title, self._who, self._foot, self._made = title, who, foot, made
        self._pdf = FPDF("L", "mm", "A4")
        self._pdf.set_creation_date(made.utc)
        self._pdf.set_title(f"{title}, {who}")
        self._pdf.set_creator("TuneFolio")
        self._pdf.set_auto_page_break(False)
        self._pdf.add_font("Inter", "", _fonts() / "inter-regular.ttf")
        self._pdf.add_font("Inter", "B", _fonts() / "inter-strong.ttf")
        self._added: set[str] = set()
        self._widths: dict[tuple[str, str], float] = {}
        self._style = ""
        self._y = _BOTTOM
        self._page()

    def heading(self, text: str) -> None:
        """A title with room for some lines below it, else on a new page."""
        if self._y + 6 * _LINE > _BOTTOM:
            self._page()
        self._y += 3.0
        self._font("B", 10)
        self._put(_LEFT, text)
        self._y += 5.5
        self._font("", _SIZE)

    def pairs(self, rows: Iterable[tuple[str, str]]) -> None:
        """What, and how much or who, a line each."""
        self._y += 1.0
        for name, value in rows:
            self._room()
            self._pdf.set_text_color(_QUIET)
            self._put(_LEFT, name)
            self._pdf.set_text_color(_INK)
            self._put(_LEFT + 89, self._cut(value, _RIGHT - _LEFT - 89))
            self._y += _LINE

    def lines(self, texts: Iterable[str]) -> None:
        """Running text, broken between words."""
        for text in texts:
            for line in self._broken(text, _RIGHT - _LEFT):
                self._room()
                self._put(_LEFT, line)
                self._y += _LINE
            self._y += 1.0

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
        """Rows below the columns' titles, which begin every page of it; none at all: it says so."""
        self._heads(columns)
        count = 0
        for row in rows:
            if self._y + _LINE > _BOTTOM:
                self._page()
                self._heads(columns)
            self._cells(columns, row)
            count += 1
        if not count:
            self._put(_LEFT, "nothing")
            self._y += _LINE

    def bytes(self) -> bytes:
        """The finished document, every page with its number, the head and the foot."""
        made = self._made.in_zone()
        whole = self._pdf.pages_count
        for number in range(1, whole + 1):
            self._pdf.page = number
            self._font("B", 9)
            self._at(_LEFT, 11.0, self._title)
            self._font("", 8)
            self._at(_LEFT, 15.5, self._who)
            told = f"Made on {made:%d %b %Y, %H:%M} IST · page {number} of {whole}"
            self._at(_RIGHT - self._width(told, 8), 11.0, told)
            self._pdf.set_text_color(_QUIET)
            self._at(_LEFT, 201.0, self._foot)
            self._pdf.set_text_color(_INK)
        return bytes(self._pdf.output())

    def _page(self) -> None:
        self._pdf.add_page()
        self._pdf.set_draw_color(_RULE)
        self._pdf.set_text_color(_INK)
        self._pdf.line(_LEFT, 18.0, _RIGHT, 18.0)
        self._pdf.line(_LEFT, 197.0, _RIGHT, 197.0)
        self._font("", _SIZE)
        self._y = _TOP + 2.0

    def _room(self) -> None:
        if self._y + _LINE > _BOTTOM:
            self._page()

    def _font(self, style: str, size: float) -> None:
        self._style = style
        self._pdf.set_font("Inter", style, size)

    def _heads(self, columns: Sequence[Column]) -> None:
        self._font("B", _SIZE)
        broken = [self._broken(one.title, one.width - (_AFTER if one.right else _GAP)) for one in columns]
        for number in range(max(len(lines) for lines in broken)):
            x = _LEFT
            for one, lines in zip(columns, broken, strict=True):
                if number < len(lines):
                    self._cell(x, one, lines[number])
                x += one.width
            self._y += 3.4
        self._pdf.line(_LEFT, self._y - 2.2, _RIGHT, self._y - 2.2)
        self._y += 1.4
        self._font("", _SIZE)

    def _cells(self, columns: Sequence[Column], row: Sequence[str]) -> None:
        x = _LEFT
        for one, text in zip(columns, row, strict=True):
            if text:
                self._cell(x, one, text)
            x += one.width
        self._y += _LINE

    def _cell(self, x: float, column: Column, text: str) -> None:
        """Words are cut to the column; a number never is: it is set smaller."""
        if not column.right:
            self._put(x, self._cut(text, column.width - _GAP))
            return
        room = column.width - _AFTER
        wide = self._width(text, _SIZE)
        if wide <= room:
            self._put(x + room - wide, text)
            return
        self._font(self._style, _SIZE * room / wide)
        self._put(x, text)
        self._font(self._style, _SIZE)

    def _put(self, x: float, text: str) -> None:
        self._at(x, self._y, text)

    def _at(self, x: float, y: float, text: str) -> None:
        """The text with its baseline there; letters that Inter has not, by the font of their script."""
        if _letters("inter-regular").issuperset(text):
            self._pdf.text(x, y, text)
            return
        self._pdf.set_fallback_fonts(self._scripts(text), exact_match=False)
        with self._pdf.local_context():  # the font that the page stands at is Inter again afterwards
            self._pdf.set_text_shaping(use_shaping_engine=True)
            height = self._pdf.font_size
            self._pdf.set_xy(x - self._pdf.c_margin, y - 0.8 * height)
            self._pdf.cell(h=height, text=_known(text))
        self._pdf.set_text_shaping(use_shaping_engine=False)

    def _scripts(self, text: str) -> list[str]:
        """The scripts of the text; each font is read once, when a text first needs it."""
        found = [
            name for name in _SCRIPTS if not _letters(name).isdisjoint(set(text) - _letters("inter-regular"))
        ]
        for name in found:
            if name not in self._added:
                self._pdf.add_font(name, "", _fonts() / f"{name}.ttf")
                self._pdf.add_font(name, "B", _fonts() / f"{name}.ttf")
                self._added.add(name)
        return found

    def _width(self, text: str, size: float) -> float:
        """Millimetres, letter by letter; those of other fonts are guessed."""
        return sum(self._letter(letter) for letter in text) * size

    def _letter(self, letter: str) -> float:
        key = (self._style, letter)
        width = self._widths.get(key)
        if width is None:
            known = letter in _letters("inter-regular")
            foreign = 0.0 if category(letter) == "Mn" else 0.6 * _POINT
            width = self._pdf.get_string_width(letter) / self._pdf.font_size_pt if known else foreign
            self._widths[key] = width
        return width

    def _cut(self, text: str, room: float) -> str:
        if self._width(text, _SIZE) <= room:
            return text
        while text and self._width(text, _SIZE) + self._width("…", _SIZE) > room:
            text = text[:-1]
        return f"{text.rstrip()}…"

    def _broken(self, text: str, room: float) -> list[str]:
        """Lines of whole words; a word wider than the room stands alone, cut."""
        lines: list[str] = []
        for word in text.split():
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self._width(longer, _SIZE) <= room:
                lines[-1] = longer
            else:
                lines.append(self._cut(word, room))
        return lines


def _known(text: str) -> str:
    """The text with a question mark for each letter that no font has."""
    every = _letters("inter-regular").union(*(_letters(name) for name in _SCRIPTS))
    return "".join(letter if letter in every or letter in "\u200c\u200d" else "?" for letter in text)
