"""The moving figures of one person's portfolio, worded once for all of the person's pages.

At most once a second, and only when a price of it has moved. Each line remembers the number of its last
change, as the board's quotes do.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from decimal import Decimal

import anyio.to_thread
import orjson

from tunefolio.analysis.valuation import ValuedPosition
from tunefolio.core.errors import TunefolioError
from tunefolio.core.identity import InstrumentId, PortfolioId
from tunefolio.core.money import Money, plain
from tunefolio.core.people import Viewer
from tunefolio.core.time import IST
from tunefolio.market.quotes import Quote
from tunefolio.services.house import House
from tunefolio.services.live_figures import Key, LiveFigures, Sums, live_figures
from tunefolio.web import filters
from tunefolio.web.board import Board, ascii_json

_log = logging.getLogger(__name__)
EVERY_SECONDS = 1.0
ANEW_SECONDS = 60.0
"""How long figures may grow from one view: rates, days and sectors change beside the prices."""
Texts = dict[str, tuple[int, bytes]]


class Desk:
    """Figures of one portfolio (None: of all), for as long as somebody looks. Lives in one event loop."""

    def __init__(
        self, house: House, board: Board, viewer: Viewer, portfolio: PortfolioId | None, figures: LiveFigures
    ) -> None:
        self._house = house
        self._board = board
        self._viewer = viewer
        self.portfolio = portfolio
        self._lookers: set[Callable[[], None]] = set()
        self._moved: set[InstrumentId] = set()
        self._weights: dict[Key, int] = {}
        self._stale: set[InstrumentId] = set()
        self._asked = asyncio.Event()
        self._must_renew = False
        self._loop = asyncio.get_running_loop()
        self._made = self._loop.time()
        self._whole: tuple[int, bytes] = (0, b"")
        self._lines: Texts = {}
        self._sectors: Texts = {}
        self.is_over = False
        self._adopt(figures)
        self._working = asyncio.create_task(self._work())

    @property
    def name(self) -> str:
        return "all" if self.portfolio is None else str(self.portfolio)

    @property
    def is_idle(self) -> bool:
        return not self._lookers

    def look(self, tell: Callable[[], None]) -> None:
        """Call `tell` after every change."""
        self._lookers.add(tell)

    def leave(self, tell: Callable[[], None]) -> None:
        self._lookers.discard(tell)

    def moved(self, instrument: InstrumentId) -> None:
        self._moved.add(instrument)
        self._asked.set()

    def renew(self) -> None:
        """What is held may have changed: begin with a new view."""
        self._must_renew = True
        self._asked.set()

    async def close(self) -> None:
        self._board.unwatch(self, self._figures.instruments)
        self._working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._working

    def since(self, number: int) -> bytes:
        """What has changed after that number, as JSON; everything after -1; b"" for nothing."""
        whole = self._whole[1] if self._whole[0] > number else b""
        lines = _newer(self._lines, number)
        sectors = _newer(self._sectors, number)
        if not whole and not lines and not sectors:
            return b""
        portfolio = b'"all"' if self.portfolio is None else str(self.portfolio).encode()
        return b'{"id":%b,"whole":%b,"holdings":{%b},"sectors":{%b}}' % (
            portfolio,
            whole or b"null",
            lines,
            sectors,
        )

    async def _work(self) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            began = self._loop.time()
            try:
                await self._catch_up()
            except TunefolioError as problem:  # gone, or its books have stopped: topics tell the page
                _log.info("live figures end", extra={"portfolio": self.name, "problem": str(problem)})
                self.is_over = True
                return
            except Exception:  # noqa: BLE001 - the driver door: one portfolio must not stop the others
                _log.exception("live figures broke", extra={"portfolio": self.name})
                self.is_over = True
                return
            for tell in tuple(self._lookers):
                tell()
            spent = self._loop.time() - began
            await asyncio.sleep(max(EVERY_SECONDS - spent, 4 * spent))

    async def _catch_up(self) -> None:
        if self._must_renew or self._loop.time() - self._made > ANEW_SECONDS:
            self._must_renew = False
            self._adopt(await anyio.to_thread.run_sync(self._read))
        ids, self._moved = self._moved, set()
        moved = {*self._figures.move(self._quotes(ids)), *self._aged(ids)}
        if moved:
            self._word(moved)

    def _read(self) -> LiveFigures:
        with self._house.database.reading() as db:
            return live_figures(db, self._house, self._viewer, self.portfolio)

    def _adopt(self, figures: LiveFigures) -> None:
        """Figures of a new view, with what the board knows beyond it; lines that are gone are forgotten."""
        former = getattr(self, "_figures", None)
        if former is not None:
            self._board.unwatch(self, former.instruments - figures.instruments)
        self._figures = figures
        self._made = self._loop.time()
        self._board.learn({row.instrument.id: row.instrument.currency for row in figures.rows.values()})
        self._board.watch(self, figures.instruments)
        figures.move(self._quotes(figures.instruments))
        self._stale = {key[1] for key, row in figures.rows.items() if row.is_stale}
        self._aged(figures.instruments & self._board.watched())
        self._weights = {key: weight for key, weight in self._weights.items() if key in figures.lines}
        kept = {_name(key) for key in figures.lines}
        self._lines = {name: text for name, text in self._lines.items() if name in kept}
        self._word(figures.lines)

    def _aged(self, ids: Iterable[InstrumentId]) -> Iterable[Key]:
        """Lines whose price has become stale, or fresh again."""
        entries = ((id, self._board.find(id)) for id in ids)
        stale = {id for id, entry in entries if entry is not None and entry.is_stale}
        crossed = {id for id in ids if (id in stale) != (id in self._stale)}
        self._stale = (self._stale - crossed) | (stale & crossed)
        return [key for key in self._figures.lines if key[1] in crossed]

    def _quotes(self, ids: Iterable[InstrumentId]) -> dict[InstrumentId, Quote]:
        entries = ((id, self._board.find(id)) for id in ids)
        return {id: entry.quote for id, entry in entries if entry is not None}

    def _word(self, moved: Iterable[Key]) -> None:
        """Write what these lines, the sums and every changed weight read as now, under one number."""
        number = self._board.next()
        figures = self._figures
        keys = set(moved)
        total = _integer(figures.whole.part.value)
        for key in figures.lines:
            weight = _permille(figures.value(key), total)
            if self._weights.get(key) != weight:
                self._weights[key] = weight
                keys.add(key)
        for key in keys:
            text = ascii_json(orjson.dumps(line_words(figures, key, is_stale=key[1] in self._stale)))
            _put(self._lines, _name(key), number, text)
        text = ascii_json(orjson.dumps(whole_words(figures.whole, figures.newest)))
        if text != self._whole[1]:
            self._whole = (number, text)
        for name, sums in figures.sectors().items():
            _put(self._sectors, name, number, ascii_json(orjson.dumps(sector_words(sums, figures.whole))))


def whole_words(sums: Sums, newest: Quote | None = None) -> dict[str, object]:
    """The headline figures: [what pages show, the exact number] by field."""
    day, ratio = sums.day_change, sums.pnl_ratio
    has = sums.has_price
    return {
        "as_of": None if newest is None else newest.as_of.iso(IST),
        "source": None if newest is None else newest.source,
        "value": _both(filters.money(sums.value, 0), sums.value if has else None),
        "value_short": _both(filters.money_short(sums.value), sums.value if has else None),
        "invested": _both(filters.money_short(sums.invested), sums.invested),
        "pnl": _both(_plus(sums.pnl) + filters.money_short(sums.pnl), sums.pnl if has else None),
        "pnl_ratio": _both(filters.percent_signed(ratio), ratio),
        "day": _both(filters.money_signed(day, 0), day),
        "day_ratio": _both(filters.percent_signed(sums.day_change_ratio), sums.day_change_ratio),
    }


def line_words(figures: LiveFigures, key: Key, *, is_stale: bool = False) -> dict[str, object]:
    """The figures of one line, in its own currency; its weight in the whole; of when its price is.

    A line in another currency than the whole's has `value_here` and `pnl_here` as well, to be compared by.
    """
    line: ValuedPosition = figures.lines[key]
    quote, pnl, invested = line.quote, line.pnl, line.invested
    ratio = None if pnl is None or invested.amount <= 0 else pnl / invested
    day_ratio = None if quote is None else quote.day_change_ratio()
    weight = figures.weight_ratio(key)
    price = None if quote is None else quote.price
    return _here(figures, key) | {
        "price": [filters.price(price), None if price is None else plain(price.amount)],
        "as_of": None if quote is None else quote.as_of.iso(IST),
        "source": None if quote is None else quote.source,
        "title": "" if quote is None else f"{quote.source} · {filters.ist(quote.as_of)}",
        "stale": is_stale,
        "units_price": [f"{filters.quantity(line.quantity)} × {filters.price(price)}", None],
        "value": _both(filters.money(line.value, 0), line.value),
        "pnl": _both(filters.money_signed(pnl, 0), pnl),
        "pnl_short": _both(filters.money_short(pnl), pnl),
        "pnl_ratio": _both(filters.percent_signed(ratio), ratio),
        "pnl_ratio_short": _both(filters.percent_signed(ratio, 1), ratio),
        "day": _both(filters.money_signed(line.day_change, 0), line.day_change),
        "day_ratio": _both(filters.percent_signed(day_ratio), day_ratio),
        "weight": _both(filters.percent(weight, 1), weight),
    }


def _here(figures: LiveFigures, key: Key) -> dict[str, object]:
    """What a line in another currency comes to in that of the whole."""
    if not figures.is_converted(key):
        return {}
    amounts = {"value_here": figures.value(key), "pnl_here": figures.pnl(key)}
    moneys = {name: None if one is None else Money(one, figures.currency) for name, one in amounts.items()}
    return {name: _both(filters.money_short(money), money) for name, money in moneys.items()}


def sector_words(sums: Sums, whole: Sums) -> dict[str, object]:
    has = sums.has_price
    weight = sums.value / whole.value if has and whole.part.value else None
    ratio = sums.pnl_ratio if has else None
    return {
        "value": _both(filters.money_short(sums.value if has else None), sums.value if has else None),
        "pnl": _both(filters.money_short(sums.pnl if has else None), sums.pnl if has else None),
        "pnl_ratio": _both(filters.percent_signed(ratio, 1), ratio),
        "weight": _both(filters.percent(weight, 1), weight),
    }


def _both(text: str, value: Money | Decimal | None) -> list[str | None]:
    amount = value.amount if isinstance(value, Money) else value
    return [text if value is not None else filters.NOTHING, None if amount is None else f"{amount:f}"]


def _plus(value: Money) -> str:
    return "+" if value.amount > 0 else ""


def _name(key: Key) -> str:
    return f"{key[0]}-{key[1]}"


def _put(texts: Texts, name: str, number: int, text: bytes) -> None:
    standing = texts.get(name)
    if standing is None or standing[1] != text:
        texts[name] = (number, text)


def _newer(texts: Texts, number: int) -> bytes:
    found = (
        ascii_json(orjson.dumps(name)) + b":" + text for name, (at, text) in texts.items() if at > number
    )
    return b",".join(found)


def _integer(value: Decimal) -> int:
    return int(value * 1000)


def _permille(value: Decimal | None, total: int) -> int:
    """Its share in tenths of a per cent, as it is shown: whole numbers tell soon whether the text moved."""
    if value is None or total == 0:
        return -1
    return (2000 * _integer(value) + total) // (2 * total)
