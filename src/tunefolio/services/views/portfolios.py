"""The dashboard: accounts folded, priced, classified, summed. A fixed number of queries, whatever is held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from tunefolio.analysis.allocation import Grouped, Slice, allocation
from tunefolio.analysis.valuation import Valuation, ValuedPosition, converted, valuation
from tunefolio.core.identity import AccountId, InstrumentId, PersonId, PortfolioId
from tunefolio.core.money import INR, Currency, Money, total
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant, TradingDay, calendar_date
from tunefolio.ledger.accounts import Account, Portfolio
from tunefolio.market.accruals import AccrualTerms
from tunefolio.market.fx import NO_RATES, RateBook
from tunefolio.market.instruments import Instrument
from tunefolio.market.provider import SectorClaim
from tunefolio.market.quotes import Quote
from tunefolio.market.sectors import Classification
from tunefolio.services.ages import expected_since
from tunefolio.services.books import Folded, folded
from tunefolio.services.house import House
from tunefolio.services.memories import Memory
from tunefolio.services.portfolios import active_accounts
from tunefolio.services.valuing import Board
from tunefolio.services.views.counts import snapshot_counts
from tunefolio.services.views.prices import freshness
from tunefolio.services.views.shapes import (
    BreakRow,
    Freshness,
    HoldingRow,
    PortfolioView,
    SectorRow,
    StoppedAccount,
)
from tunefolio.store import instruments, own_instruments, portfolios, quotes, rates, sectors
from tunefolio.store.db import ReadDb
from tunefolio.store.revisions import revision
from tunefolio.store.sectors import ProvidedSector


@dataclass(frozen=True, slots=True)
class _Parts:
    """Everything a view is made of, fetched once: equal parts make an equal view.

    folds: by account, in the accounts' order. own, provided: what the viewer and providers say of sectors.
    old:   instruments whose newest price is older than the session calendar expects.
    """

    chosen: Portfolio | None
    accounts: tuple[Account, ...]
    folds: Mapping[AccountId, Folded]
    instruments: Mapping[InstrumentId, Instrument]
    prices: Mapping[InstrumentId, Quote]
    own: Mapping[InstrumentId, SectorClaim]
    provided: Mapping[InstrumentId, ProvidedSector]
    counts: Mapping[InstrumentId, tuple[Instant, int]]
    old: frozenset[InstrumentId]
    rates: RateBook
    terms: Mapping[InstrumentId, AccrualTerms]
    day: TradingDay


@dataclass(frozen=True, slots=True)
class _Market:
    """What is known of the instruments in view, shared by everyone. rates: read only where currencies
    meet."""

    instruments: Mapping[InstrumentId, Instrument]
    prices: Mapping[InstrumentId, Quote]
    provided: Mapping[InstrumentId, ProvidedSector]
    rates: RateBook
    terms: Mapping[InstrumentId, AccrualTerms]


_seen: Memory[tuple[PersonId, PortfolioId | None], _Market] = Memory(200)
_rate_books: Memory[tuple[PersonId, PortfolioId | None], RateBook] = Memory(50)
_remembered: Memory[tuple[PersonId, PortfolioId | None], PortfolioView] = Memory(200)


def portfolio(
    db: ReadDb, house: House, viewer: Viewer, *, portfolio: PortfolioId | None = None
) -> PortfolioView:
    """One portfolio, or all active accounts of the viewer's active portfolios; raises NotFound.

    Steps: 1 fold the accounts; 2 fetch what is known of their instruments; 3 when none of it has changed
    since the last look, take that view, else value, classify and sum up, in whole and by sector, so that the
    parts add up to the whole; 4 judge the age of the prices, which changes with every look.
    """
    now = house.clock.now()
    parts = _parts(db, house, viewer, portfolio, now)
    key = (viewer.person, portfolio)
    view = _remembered.find(db, key, parts)
    if view is None:
        view = _view(house, parts, _remembered.last(db, key))
        _remembered.keep(db, key, parts, view)
    return replace(view, freshness=freshness(house.calendar, now, view.freshness.as_of))


def classes_of(
    db: ReadDb, house: House, viewer: Viewer, known: Mapping[InstrumentId, Instrument]
) -> dict[InstrumentId, Classification]:
    """The classification in force of each instrument for this viewer, in two queries."""
    return _classes(house, known, sectors.in_force(db, viewer), sectors.provided(db, list(known)))


def _classes(
    house: House,
    known: Mapping[InstrumentId, Instrument],
    own: Mapping[InstrumentId, SectorClaim],
    provided: Mapping[InstrumentId, ProvidedSector],
) -> dict[InstrumentId, Classification]:
    return {
        id: house.sectors.classify(instrument, own.get(id), provided[id].claim if id in provided else None)
        for id, instrument in known.items()
    }


def _parts(db: ReadDb, house: House, viewer: Viewer, portfolio: PortfolioId | None, now: Instant) -> _Parts:
    chosen = portfolios.portfolio_of(db, viewer, portfolio) if portfolio is not None else None
    accounts = active_accounts(db, viewer, portfolio)
    folds = folded(db, viewer, accounts)
    ids = sorted({p.instrument for fold in folds.values() for p in fold.open} | _broken(folds.values()))
    met = {p.currency for fold in folds.values() for p in fold.open}
    foreign = met - {chosen.currency if chosen is not None else INR}
    market = _market(db, viewer, portfolio, ids, now, are_mixed=bool(foreign))
    expected = expected_since(house.calendar, now).utc
    return _Parts(
        chosen,
        accounts,
        folds,
        market.instruments,
        market.prices,
        sectors.in_force(db, viewer),
        market.provided,
        snapshot_counts(db, viewer, [account.id for account in accounts]),
        frozenset(id for id, quote in market.prices.items() if quote.as_of.utc < expected),
        market.rates,
        market.terms,
        TradingDay(calendar_date(now)),
    )


def _market(
    db: ReadDb,
    viewer: Viewer,
    portfolio: PortfolioId | None,
    ids: list[InstrumentId],
    now: Instant,
    *,
    are_mixed: bool,
) -> _Market:
    """Read again when this process has changed any of it, and each second, because another may have."""
    key = (viewer.person, portfolio)
    state = (ids, are_mixed, revision(db), int(now.utc.timestamp()))
    market = _seen.find(db, key, state)
    if market is None:
        market = _Market(
            instruments.of_ids(db, ids),
            quotes.latest(db, ids),
            sectors.provided(db, ids),
            _rates(db, key) if are_mixed else NO_RATES,
            own_instruments.accruals(db, viewer, ids),
        )
        _seen.keep(db, key, state, market)
    return market


def _rates(db: ReadDb, key: tuple[PersonId, PortfolioId | None]) -> RateBook:
    """The same book while no day's rate was added: equal parts make an equal view."""
    known = rates.spans(db)
    found = _rate_books.find(db, key, known)
    if found is None:
        found = rates.book(db)
        _rate_books.keep(db, key, known, found)
    return found


def _view(house: House, parts: _Parts, former: PortfolioView | None) -> PortfolioView:
    """The view of these parts. Its freshness only says when the newest price was made.

    Lines equal to the former view's stand again, with the figures they have worked out already.
    """
    folds, currency = parts.folds, parts.chosen.currency if parts.chosen is not None else INR
    board = Board(parts.instruments, parts.prices, parts.rates, parts.terms, parts.day)
    fresh = (board.valued(account, p) for account, fold in folds.items() for p in fold.open)
    earlier = () if former is None else former.valuation.positions
    known = {(line.account, line.instrument): line for line in earlier}
    lines = [_same(line, known.get((line.account, line.instrument))) for line in fresh]
    whole = valuation(lines, currency, rates=parts.rates, day=parts.day)
    accounts = {account.id: account for account in parts.accounts}
    rows = _rows(whole, accounts, parts, _classes(house, parts.instruments, parts.own, parts.provided))
    return PortfolioView(
        parts.chosen,
        currency,
        parts.accounts,
        whole,
        rows,
        tuple(sector_row(part) for part in _sectors(rows, currency, parts)),
        len({row.instrument.economic_key for row in rows}),
        _day_change_ratio(whole, parts),
        _summed((fold.realised for fold in folds.values()), currency),
        _summed((fold.income for fold in folds.values()), currency),
        Freshness(_newest(lines), is_stale=False),
        _breaks(folds, accounts, parts.instruments),
        tuple(StoppedAccount(accounts[id], fold.problem) for id, fold in folds.items() if fold.problem),
        parts.rates,
        parts.day,
    )


def _same(line: ValuedPosition, former: ValuedPosition | None) -> ValuedPosition:
    return line if former is None or former != line else former


def _sectors(rows: Iterable[HoldingRow], currency: Currency, parts: _Parts) -> tuple[Slice, ...]:
    return allocation(map(_grouped, rows), currency, rates=parts.rates, day=parts.day)


def _rows(
    whole: Valuation,
    accounts: Mapping[AccountId, Account],
    parts: _Parts,
    classes: Mapping[InstrumentId, Classification],
) -> tuple[HoldingRow, ...]:
    def row(line: ValuedPosition) -> HoldingRow:
        here = converted(line, whole.currency, rates=parts.rates, day=parts.day)
        value = here.value
        weighed = isinstance(value, Money) and whole.value.amount != 0
        taken, count = parts.counts.get(line.instrument, (None, 0))
        return HoldingRow(
            parts.instruments[line.instrument],
            accounts[line.account],
            line,
            here,
            classes[line.instrument],
            value / whole.value if isinstance(value, Money) and weighed else None,
            taken,
            count,
            line.instrument in parts.old,
        )

    return tuple(sorted(map(row, whole.positions), key=_dearest_first))


def _dearest_first(row: HoldingRow) -> tuple[bool, Decimal, str, int]:
    """By value in the view's currency; what has none comes last."""
    weight = row.weight_ratio
    return (weight is None, Decimal(0) if weight is None else -weight, row.instrument.symbol, row.account.id)


def _grouped(row: HoldingRow) -> Grouped:
    return Grouped(row.classification.sector, row.instrument.economic_key, row.valued)


def sector_row(part: Slice) -> SectorRow:
    """A slice as a row; nothing priced means no value, not a value of zero."""
    whole = part.part
    has_price = len(whole.positions) > whole.unpriced
    return SectorRow(
        part.name,
        part.instruments,
        whole.invested,
        whole.value if has_price else None,
        whole.pnl if has_price else None,
        whole.pnl_ratio() if has_price else None,
        part.weight_ratio if has_price else None,
        whole.unpriced,
    )


def _day_change_ratio(whole: Valuation, parts: _Parts) -> Decimal | None:
    """Today's change ÷ yesterday's value of the same holdings: those whose previous close is known."""
    if whole.day_change is None:
        return None
    before = Decimal(0)
    for line in whole.positions:
        here = converted(line, whole.currency, rates=parts.rates, day=parts.day)
        if isinstance(here.value, Money) and here.day_change is not None:
            before += here.value.amount - here.day_change.amount
    return None if before == 0 else whole.day_change / Money(before, whole.currency)


def _summed(amounts: Iterable[Mapping[Currency, Money]], currency: Currency) -> Money:
    """Of one currency; amounts in others wait for dated rates."""
    return total((by_currency[currency] for by_currency in amounts if currency in by_currency), currency)


def _newest(lines: Iterable[ValuedPosition]) -> Instant | None:
    return max((line.quote.as_of for line in lines if line.quote is not None), default=None)


def _broken(folds: Iterable[Folded]) -> set[InstrumentId]:
    return {found.instrument for fold in folds for found in fold.breaks}


def _breaks(
    folds: Mapping[AccountId, Folded],
    accounts: Mapping[AccountId, Account],
    known: Mapping[InstrumentId, Instrument],
) -> tuple[BreakRow, ...]:
    return tuple(
        BreakRow(accounts[id], known[found.instrument], found, fold.stated)
        for id, fold in folds.items()
        if fold.stated is not None
        for found in fold.breaks
    )
