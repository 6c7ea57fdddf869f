"""The dashboard: accounts folded, priced, classified, summed. A fixed number of queries, whatever is held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.analysis.allocation import Grouped, Slice, allocation
from tunefolio.analysis.valuation import Valuation, ValuedPosition, valuation, valued
from tunefolio.core.identity import AccountId, InstrumentId, PortfolioId
from tunefolio.core.money import INR, Currency, Money, total
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.ledger.accounts import Account, Portfolio
from tunefolio.market.instruments import Instrument
from tunefolio.market.sectors import Classification
from tunefolio.services.books import Folded, folded
from tunefolio.services.house import House
from tunefolio.services.portfolios import active_accounts
from tunefolio.services.views.counts import snapshot_counts
from tunefolio.services.views.prices import expected_since, freshness
from tunefolio.services.views.shapes import (
    BreakRow,
    Freshness,
    HoldingRow,
    PortfolioView,
    SectorRow,
    StoppedAccount,
)
from tunefolio.store import instruments, portfolios, quotes, sectors
from tunefolio.store.db import ReadDb


@dataclass(frozen=True, slots=True)
class _Context:
    """What rows are made of besides positions, fetched once for all of them."""

    accounts: Mapping[AccountId, Account]
    instruments: Mapping[InstrumentId, Instrument]
    classes: Mapping[InstrumentId, Classification]
    counts: Mapping[InstrumentId, tuple[Instant, int]]
    expected: Instant


def portfolio(
    db: ReadDb, house: House, viewer: Viewer, *, portfolio: PortfolioId | None = None
) -> PortfolioView:
    """One portfolio, or all active accounts of the viewer's active portfolios; raises NotFound.

    Steps: 1 fold the accounts; 2 value each open position at its newest quote; 3 classify; 4 sum up, in
    whole and by sector, so that the parts add up to the whole; 5 judge the age of the prices.
    """
    chosen = portfolios.portfolio_of(db, viewer, portfolio) if portfolio is not None else None
    currency = chosen.currency if chosen is not None else INR
    accounts = active_accounts(db, viewer, portfolio)
    folds = folded(db, viewer, accounts)
    open_positions = [(a, p) for a, fold in folds.items() for p in fold.holdings.open()]
    ids = sorted({p.instrument for _, p in open_positions} | _broken(folds.values()))
    prices = quotes.latest(db, ids)
    lines = [valued(account, position, prices) for account, position in open_positions]
    whole = valuation(lines, currency)
    now = house.clock.now()
    context = _context(db, house, viewer, accounts, ids, expected_since(house.calendar, now))
    return _view(chosen, whole, folds, context, freshness(house.calendar, now, _newest(lines)))


def classes_of(
    db: ReadDb, house: House, viewer: Viewer, known: Mapping[InstrumentId, Instrument]
) -> dict[InstrumentId, Classification]:
    """The classification in force of each instrument for this viewer, in two queries."""
    own, provided = sectors.overrides(db, viewer), sectors.provided(db, list(known))
    return {
        id: house.sectors.classify(instrument, own.get(id), provided[id].claim if id in provided else None)
        for id, instrument in known.items()
    }


def _context(
    db: ReadDb,
    house: House,
    viewer: Viewer,
    accounts: Sequence[Account],
    ids: Sequence[InstrumentId],
    since: Instant,
) -> _Context:
    known = instruments.of_ids(db, ids)
    counts = snapshot_counts(db, viewer, [account.id for account in accounts])
    return _Context(
        {account.id: account for account in accounts},
        known,
        classes_of(db, house, viewer, known),
        counts,
        since,
    )


def _view(
    chosen: Portfolio | None,
    whole: Valuation,
    folds: Mapping[AccountId, Folded],
    context: _Context,
    age: Freshness,
) -> PortfolioView:
    rows = _rows(whole, context)
    return PortfolioView(
        chosen,
        whole.currency,
        tuple(context.accounts.values()),
        whole,
        rows,
        tuple(sector_row(part) for part in allocation(map(_grouped, rows), whole.currency)),
        len({row.instrument.economic_key for row in rows}),
        _day_change_ratio(whole),
        _summed((fold.realised for fold in folds.values()), whole.currency),
        _summed((fold.income for fold in folds.values()), whole.currency),
        age,
        _breaks(folds, context),
        tuple(
            StoppedAccount(context.accounts[id], fold.problem) for id, fold in folds.items() if fold.problem
        ),
    )


def _rows(whole: Valuation, context: _Context) -> tuple[HoldingRow, ...]:
    rows = [_row(line, whole, context) for line in whole.positions]
    return tuple(sorted(rows, key=_dearest_first))


def _row(line: ValuedPosition, whole: Valuation, context: _Context) -> HoldingRow:
    value = line.value
    weighed = value is not None and value.currency == whole.currency and whole.value.amount != 0
    taken, count = context.counts.get(line.instrument, (None, 0))
    return HoldingRow(
        context.instruments[line.instrument],
        context.accounts[line.account],
        line,
        context.classes[line.instrument],
        value / whole.value if value is not None and weighed else None,
        taken,
        count,
        line.quote is not None and line.quote.as_of < context.expected,
    )


def _dearest_first(row: HoldingRow) -> tuple[bool, Decimal, str, int]:
    value = row.valued.value
    amount = Decimal(0) if value is None else -value.amount
    return (value is None, amount, row.instrument.symbol, row.account.id)


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


def _day_change_ratio(whole: Valuation) -> Decimal | None:
    """Today's change ÷ yesterday's value of the same holdings: those whose previous close is known."""
    if whole.day_change is None:
        return None
    before = Decimal(0)
    for line in whole.positions:
        value, change = line.value, line.day_change
        if value is not None and change is not None and value.currency == whole.currency:
            before += value.amount - change.amount
    return None if before == 0 else whole.day_change.amount / before


def _summed(amounts: Iterable[Mapping[Currency, Money]], currency: Currency) -> Money:
    """Of one currency; amounts in others wait for dated rates."""
    return total((by_currency[currency] for by_currency in amounts if currency in by_currency), currency)


def _newest(lines: Iterable[ValuedPosition]) -> Instant | None:
    return max((line.quote.as_of for line in lines if line.quote is not None), default=None)


def _broken(folds: Iterable[Folded]) -> set[InstrumentId]:
    return {found.instrument for fold in folds for found in fold.breaks}


def _breaks(folds: Mapping[AccountId, Folded], context: _Context) -> tuple[BreakRow, ...]:
    return tuple(
        BreakRow(context.accounts[id], context.instruments[found.instrument], found, fold.stated)
        for id, fold in folds.items()
        if fold.stated is not None
        for found in fold.breaks
    )
