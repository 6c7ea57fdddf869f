"""A portfolio as another is shown it: what is held, how it is spread, what it earned; with amounts or not.

Without amounts nothing here is told: `shared_veils` has the figures of a book that is only nearly this one.
Whose books: the caller has seen to that. Rules: docs/spec/family.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial

from tunefolio.analysis.allocation import Grouped, Slice, allocation
from tunefolio.analysis.performance import performance as worked_out
from tunefolio.core.identity import InstrumentId, PortfolioId
from tunefolio.core.missing import Missing
from tunefolio.core.money import Currency, Money, total
from tunefolio.core.people import Viewer
from tunefolio.core.sharing import Amounts
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.services.house import House
from tunefolio.services.portfolios import active_accounts
from tunefolio.services.shared_shapes import (
    BookAmounts,
    LineAmounts,
    SharedBook,
    SharedLine,
    SharedReturns,
    SharedSlice,
)
from tunefolio.services.shared_veils import Veil, month_end, whole_hundredth
from tunefolio.services.views.performance import value_of
from tunefolio.services.views.portfolios import portfolio as valued_portfolio
from tunefolio.services.views.series import Tracked, tracked
from tunefolio.services.views.shapes import HoldingRow, PortfolioView
from tunefolio.services.views.words import period_of, span
from tunefolio.store.db import ReadDb

PERIODS = ("1M", "3M", "1Y", "all")
_FINEST = Decimal("0.0001")
NOTHING = Missing("nothing is held yet")
NOT_COMPUTED = Missing("its days are still being computed", "Look again in a minute")
NOT_KNOWN = Missing("what is recorded does not tell")
"""The reason is not told further: it may name amounts."""
TOO_YOUNG = Missing("it is told from the end of the first month on")


def shared_book(
    db: ReadDb, house: House, viewer: Viewer, portfolio: PortfolioId | None, amounts: Amounts
) -> SharedBook:
    """One portfolio of the viewer's, or all, as she shows it. Raises NotFound."""
    view = valued_portfolio(db, house, viewer, portfolio=portfolio)
    homes = active_accounts(db, viewer, portfolio)
    tracks = tracked(db, house, viewer, homes, view.currency)
    rows = _by_instrument(view.rows)
    unpriced = sum(all(row.value_here is None for row in group) for group in rows.values())
    title = view.portfolio.name if view.portfolio is not None else ""
    today = TradingDay(calendar_date(house.clock.now()))
    if amounts is Amounts.HIDDEN:
        veil = Veil.over(rows.values(), house, viewer.person)
        until = month_end(today)
        told = partial(_figure, tracks, until, whole_hundredth)
        returns = _returns(told, veil.pnl_ratio, veil.day_ratio, until)
        lines, sectors, classes = veil.lines(), veil.sectors(), veil.classes()
        return SharedBook(
            title, view.currency, lines, sectors, classes, returns, None, unpriced, view.freshness
        )
    return SharedBook(
        title,
        view.currency,
        tuple(_line(group, view.currency) for group in _dearest_first(rows.values())),
        _slices(view, [(row.classification.sector, row) for row in view.rows]),
        _slices(view, [(row.instrument.asset_class.value, row) for row in view.rows]),
        _returns(
            partial(_figure, tracks, today, _fine),
            _told(view.valuation.pnl_ratio()),
            _told(view.day_change_ratio),
        ),
        _sums(view),
        unpriced,
        view.freshness,
    )


def _by_instrument(rows: Iterable[HoldingRow]) -> Mapping[InstrumentId, Sequence[HoldingRow]]:
    found: dict[InstrumentId, list[HoldingRow]] = {}
    for row in rows:
        found.setdefault(row.instrument.id, []).append(row)
    return found


def _dearest_first(groups: Iterable[Sequence[HoldingRow]]) -> list[Sequence[HoldingRow]]:
    def weight(group: Sequence[HoldingRow]) -> Decimal:
        found = _sum(row.weight_ratio for row in group)
        return Decimal(-1) if found is None else found

    return sorted(groups, key=weight, reverse=True)


def _line(rows: Sequence[HoldingRow], currency: Currency) -> SharedLine:
    first = rows[0]
    told = LineAmounts(
        sum((row.valued.quantity for row in rows), Decimal(0)),
        _total([row.invested_here for row in rows], currency),
        value := _total([row.value_here for row in rows], currency),
        pnl := _total([row.pnl_here for row in rows], currency),
    )
    paid = None if value is None or pnl is None else value - pnl
    return SharedLine(
        first.instrument.symbol,
        first.instrument.exchange,
        first.instrument.name,
        first.classification.sector,
        first.instrument.asset_class.value,
        _told(_sum(row.weight_ratio for row in rows)),
        None if pnl is None or paid is None or paid.amount <= 0 else _told(pnl / paid),
        _told(first.day_change_ratio),
        told,
    )


def _slices(view: PortfolioView, named: Sequence[tuple[str, HoldingRow]]) -> tuple[SharedSlice, ...]:
    members = [Grouped(name, row.instrument.economic_key, row.valued) for name, row in named]
    found = allocation(members, view.currency, rates=view.rates, day=view.day)
    return tuple(_slice(one) for one in found)


def _slice(one: Slice) -> SharedSlice:
    part = one.part
    is_priced = len(part.positions) > part.unpriced
    return SharedSlice(
        one.name,
        one.instruments,
        _told(one.weight_ratio) if is_priced else None,
        _told(part.pnl_ratio()) if is_priced else None,
        part.value if is_priced else None,
    )


def _sums(view: PortfolioView) -> BookAmounts:
    whole = view.valuation
    is_priced = len(whole.positions) > whole.unpriced
    value, pnl = (whole.value, whole.pnl) if is_priced else (None, None)
    return BookAmounts(whole.invested, value, pnl, whole.day_change)


def _returns(
    told: Callable[[str, str], Decimal | Missing],
    pnl_ratio: Decimal | None,
    day_ratio: Decimal | None,
    until: TradingDay | None = None,
) -> SharedReturns:
    """told: a figure by name and period."""
    twr = tuple((word, told("twr", word)) for word in PERIODS)
    return SharedReturns(pnl_ratio, day_ratio, told("xirr", "all"), twr, until)


def _figure(
    tracks: Tracked, until: TradingDay, cut: Callable[[Decimal], Decimal], name: str, word: str
) -> Decimal | Missing:
    """One figure over a period that ends with that day, no finer than it may be told."""
    if not tracks.tracks:
        return NOTHING
    if not tracks.computed.is_current:
        return NOT_COMPUTED
    if tracks.first > until:
        return TOO_YOUNG
    period = period_of(span(word, until, tracks.first))
    found = value_of(worked_out(tracks.tracks, tracks.scope(), period).figures[name])
    return cut(found) if isinstance(found, Decimal) else NOT_KNOWN


def _fine(ratio: Decimal) -> Decimal:
    """To a hundredth of a per cent."""
    return ratio.quantize(_FINEST)


def _told(ratio: Decimal | None) -> Decimal | None:
    return None if ratio is None else _fine(ratio)


def _sum(ratios: Iterable[Decimal | None]) -> Decimal | None:
    known = [ratio for ratio in ratios if ratio is not None]
    return sum(known, Decimal(0)) if known else None


def _total(amounts: Sequence[Money | None], currency: Currency) -> Money | None:
    """None as soon as one of them is not known."""
    known = [amount for amount in amounts if amount is not None]
    return total(known, currency) if len(known) == len(amounts) else None
