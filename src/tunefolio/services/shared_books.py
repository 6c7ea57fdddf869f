"""A portfolio as another is shown it: what is held, how it is spread, what it earned; with amounts or not.

Without amounts a line has no field that could hold one, and every ratio is cut to a hundredth of a per cent,
for an exact ratio of two amounts gives both away. Whose books: the caller has seen to that. Rules:
docs/spec/family.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.analysis.allocation import Grouped, Slice, allocation
from tunefolio.analysis.performance import performance as worked_out
from tunefolio.core.identity import PortfolioId
from tunefolio.core.missing import Missing
from tunefolio.core.money import Currency, Money, total
from tunefolio.core.people import Viewer
from tunefolio.core.sharing import Amounts
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.services.house import House
from tunefolio.services.portfolios import active_accounts
from tunefolio.services.views.performance import value_of
from tunefolio.services.views.portfolios import portfolio as valued_portfolio
from tunefolio.services.views.series import Tracked, tracked
from tunefolio.services.views.shapes import Freshness, HoldingRow, PortfolioView
from tunefolio.services.views.words import period_of, span
from tunefolio.store.db import ReadDb
from tunefolio.store.own_instruments import EXCHANGE as OWN

PERIODS = ("1M", "3M", "1Y", "all")
_FINEST = Decimal("0.0001")
NOTHING = Missing("nothing is held yet")
NOT_COMPUTED = Missing("its days are still being computed", "Look again in a minute")
NOT_KNOWN = Missing("what is recorded does not tell")
"""The reason is not told further: it may name amounts."""


@dataclass(frozen=True, slots=True)
class LineAmounts:
    """Units and money of one line, in the book's currency. value, pnl None: no price or rate is known."""

    quantity: Decimal
    invested: Money | None
    value: Money | None
    pnl: Money | None


@dataclass(frozen=True, slots=True)
class SharedLine:
    """One instrument over all accounts. Ratios None: no price is known. amounts None: they are hidden."""

    symbol: str
    exchange: str
    name: str
    sector: str
    asset_class: str
    weight_ratio: Decimal | None
    pnl_ratio: Decimal | None
    day_ratio: Decimal | None
    amounts: LineAmounts | None


@dataclass(frozen=True, slots=True)
class SharedSlice:
    """One sector or asset class. holdings: companies in it. value None: hidden, or nothing is priced."""

    name: str
    holdings: int
    weight_ratio: Decimal | None
    pnl_ratio: Decimal | None
    value: Money | None


@dataclass(frozen=True, slots=True)
class SharedReturns:
    """pnl_ratio: of what is held now, on its cost. xirr: since the first fact, a year. twr: by period."""

    pnl_ratio: Decimal | None
    day_ratio: Decimal | None
    xirr: Decimal | Missing
    twr: tuple[tuple[str, Decimal | Missing], ...]


@dataclass(frozen=True, slots=True)
class BookAmounts:
    """Sums in the book's currency; value and pnl over what is priced, None where nothing is."""

    invested: Money
    value: Money | None
    pnl: Money | None
    day_change: Money | None


@dataclass(frozen=True, slots=True)
class SharedBook:
    """title: the portfolio's name, "" for everything. amounts None: they are hidden, here and below."""

    title: str
    currency: Currency
    lines: tuple[SharedLine, ...]
    sectors: tuple[SharedSlice, ...]
    classes: tuple[SharedSlice, ...]
    returns: SharedReturns
    amounts: BookAmounts | None
    unpriced: int
    freshness: Freshness


def shared_book(
    db: ReadDb, house: House, viewer: Viewer, portfolio: PortfolioId | None, amounts: Amounts
) -> SharedBook:
    """One portfolio of the viewer's, or all, as she shows it. Raises NotFound."""
    view = valued_portfolio(db, house, viewer, portfolio=portfolio)
    homes = active_accounts(db, viewer, portfolio)
    tracks = tracked(db, house, viewer, homes, view.currency)
    whole = view.valuation
    is_priced = len(whole.positions) > whole.unpriced
    groups = _groups(view.rows, amounts)
    sums = BookAmounts(
        whole.invested, whole.value if is_priced else None, whole.pnl if is_priced else None, whole.day_change
    )
    return SharedBook(
        view.portfolio.name if view.portfolio is not None else "",
        view.currency,
        tuple(_line(rows, view.currency, amounts) for rows in groups),
        _slices(view, amounts, [(row.classification.sector, row) for row in view.rows]),
        _slices(view, amounts, [(row.instrument.asset_class.value, row) for row in view.rows]),
        _returns(house, view, tracks),
        sums if amounts is Amounts.SHOWN else None,
        sum(all(row.value_here is None for row in rows) for rows in groups),
        view.freshness,
    )


def _groups(rows: Iterable[HoldingRow], amounts: Amounts) -> list[list[HoldingRow]]:
    """Rows of one instrument, dearest first. Instruments of one's own are one line where amounts are hidden:
    their names are the person's own words, and often tell the amount."""
    found: dict[object, list[HoldingRow]] = {}
    for row in rows:
        key: object = OWN if _is_veiled(row, amounts) else row.instrument.id
        found.setdefault(key, []).append(row)
    weight = {key: _sum(row.weight_ratio for row in group) for key, group in found.items()}
    return [found[key] for key in sorted(found, key=lambda key: -(weight[key] or Decimal(-1)))]


def _is_veiled(row: HoldingRow, amounts: Amounts) -> bool:
    return amounts is Amounts.HIDDEN and row.instrument.exchange == OWN


def _line(rows: Sequence[HoldingRow], currency: Currency, amounts: Amounts) -> SharedLine:
    first = rows[0]
    veiled = _is_veiled(first, amounts)
    told = LineAmounts(
        sum((row.valued.quantity for row in rows), Decimal(0)),
        _total([row.invested_here for row in rows], currency),
        value := _total([row.value_here for row in rows], currency),
        pnl := _total([row.pnl_here for row in rows], currency),
    )
    paid = None if value is None or pnl is None else value - pnl
    return SharedLine(
        "" if veiled else first.instrument.symbol,
        "" if veiled else first.instrument.exchange,
        "Deposits and assets of their own" if veiled else first.instrument.name,
        first.classification.sector,
        first.instrument.asset_class.value,
        _told(_sum(row.weight_ratio for row in rows)),
        None if pnl is None or paid is None or paid.amount <= 0 else _told(pnl / paid),
        None if veiled else _told(first.day_change_ratio),
        told if amounts is Amounts.SHOWN else None,
    )


def _slices(
    view: PortfolioView, amounts: Amounts, named: Sequence[tuple[str, HoldingRow]]
) -> tuple[SharedSlice, ...]:
    members = [Grouped(name, row.instrument.economic_key, row.valued) for name, row in named]
    return tuple(
        _slice(one, amounts) for one in allocation(members, view.currency, rates=view.rates, day=view.day)
    )


def _slice(one: Slice, amounts: Amounts) -> SharedSlice:
    part = one.part
    is_priced = len(part.positions) > part.unpriced
    return SharedSlice(
        one.name,
        one.instruments,
        _told(one.weight_ratio) if is_priced else None,
        _told(part.pnl_ratio()) if is_priced else None,
        part.value if is_priced and amounts is Amounts.SHOWN else None,
    )


def _returns(house: House, view: PortfolioView, tracks: Tracked) -> SharedReturns:
    twr = tuple((word, _figure(house, tracks, "twr", word)) for word in PERIODS)
    return SharedReturns(
        _told(view.valuation.pnl_ratio()),
        _told(view.day_change_ratio),
        _figure(house, tracks, "xirr", "all"),
        twr,
    )


def _figure(house: House, tracks: Tracked, name: str, word: str) -> Decimal | Missing:
    if not tracks.tracks:
        return NOTHING
    if not tracks.computed.is_current:
        return NOT_COMPUTED
    today = TradingDay(calendar_date(house.clock.now()))
    period = period_of(span(word, today, tracks.first))
    found = value_of(worked_out(tracks.tracks, tracks.scope(), period).figures[name])
    return found.quantize(_FINEST) if isinstance(found, Decimal) else NOT_KNOWN


def _told(ratio: Decimal | None) -> Decimal | None:
    """To a hundredth of a per cent."""
    return None if ratio is None else ratio.quantize(_FINEST)


def _sum(ratios: Iterable[Decimal | None]) -> Decimal | None:
    known = [ratio for ratio in ratios if ratio is not None]
    return sum(known, Decimal(0)) if known else None


def _total(amounts: Sequence[Money | None], currency: Currency) -> Money | None:
    """None as soon as one of them is not known."""
    known = [amount for amount in amounts if amount is not None]
    return total(known, currency) if len(known) == len(amounts) else None
