"""The tracks behind returns and statements, remembered: rows of days beside closes, rates and newest quotes.

Rows are read as the last recomputation left them; a view says how old they are and never waits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tunefolio.analysis import accrual
from tunefolio.analysis.columns import Market, Valuer
from tunefolio.analysis.scopes import Scope, keeps_cash
from tunefolio.analysis.tracks import Track, retracked
from tunefolio.core.identity import AccountId, InstrumentId, PersonId
from tunefolio.core.missing import Missing
from tunefolio.core.money import Currency, Money
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant, TradingDay, calendar_date
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.cashflows import by_day
from tunefolio.ledger.positions import in_force
from tunefolio.ledger.transactions import Transaction
from tunefolio.market.accruals import AccrualTerms
from tunefolio.market.closes import Closes, Observation, PriceBook
from tunefolio.market.daily import Daily
from tunefolio.market.quotes import Quote
from tunefolio.services.books import Folded, folded
from tunefolio.services.house import House
from tunefolio.services.kept_days import Lines, lines_of
from tunefolio.services.memories import Memory
from tunefolio.services.recompute import is_current
from tunefolio.services.views.shapes_figures import Computation
from tunefolio.store import closes, days, instruments, own_instruments, quotes, rates, transactions
from tunefolio.store.days import DayState
from tunefolio.store.db import ReadDb
from tunefolio.store.transactions import TransactionFilter

_PAGE = 1_000
Line = tuple[AccountId, InstrumentId | None]


@dataclass(frozen=True, slots=True, eq=False)
class Tracked:
    """All tracks of some accounts in one currency. kept: accounts whose cash counts (they keep it)."""

    accounts: tuple[Account, ...]
    currency: Currency
    tracks: tuple[Track, ...]
    market: Market
    kept: frozenset[AccountId]
    first: TradingDay
    computed: Computation

    def scope(self, chosen: Collection[InstrumentId] | None = None) -> Scope:
        """The accounts whole, with the cash they keep; or only these instruments of theirs."""
        ids = frozenset(account.id for account in self.accounts)
        if chosen is None:
            return Scope(ids, None, self.kept & ids)
        return Scope(ids, frozenset(chosen))

    @property
    def instruments(self) -> frozenset[InstrumentId]:
        """Everything that was ever held."""
        return frozenset(t.key.instrument for t in self.tracks if t.key.instrument is not None)


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """Tracks with what they were made from."""

    market: object
    lines: Mapping[AccountId, Lines]
    tracked: Tracked


_tracks: Memory[tuple[PersonId, Currency, frozenset[AccountId]], _Known] = Memory(60)


def tracked(
    db: ReadDb, house: House, viewer: Viewer, accounts: Sequence[Account], currency: Currency
) -> Tracked:
    """The accounts' tracks. Steps: 1 their rows, read again where they were recomputed; 2 prices and rates,
    with the newest quotes; 3 tracks anew for the lines whose rows are others."""
    ids = [account.id for account in accounts]
    states = days.states(db, viewer, ids)
    folds = folded(db, viewer, accounts)
    lines = lines_of(db, viewer, ids, states)
    met = frozenset(id for some in lines.values() for id in some if id is not None)
    market, market_state = _market(db, viewer, folds, met)
    key = (viewer.person, currency, frozenset(ids))
    state = (states, market_state)
    found = _tracks.find(db, key, state)
    if found is None:
        former = _tracks.last(db, key)
        made = _tracked(former, lines, market, market_state, currency)
        found = _Known(market_state, lines, made)
        _tracks.keep(db, key, state, found)
    first = _first(found.tracked.tracks, house)
    return replace(found.tracked, accounts=tuple(accounts), first=first, computed=_computed(states, folds))


def tagged(
    db: ReadDb, house: House, viewer: Viewer, accounts: Sequence[Account], currency: Currency, tag: str
) -> Tracked:
    """What the facts that bear a word did: their own movements, out of the folded books."""
    folds = folded(db, viewer, accounts)
    wanted = {fact.id for fact in _of_tag(db, viewer, tag)}
    movements = [
        movement
        for fold in folds.values()
        for movement in fold.holdings.movements
        if movement.transaction in wanted
    ]
    rows = by_day(movements)
    met = frozenset(row.instrument for row in rows if row.instrument is not None)
    market, _ = _market(db, viewer, folds, met)
    tracks = retracked((), rows, market, currency, touched=None)
    computed = Computation(house.clock.now(), is_current=True, problem=_problem(folds))
    return Tracked(tuple(accounts), currency, tracks, market, frozenset(), _first(tracks, house), computed)


def _of_tag(db: ReadDb, viewer: Viewer, tag: str) -> Iterable[Transaction]:
    before = None
    while some := transactions.page(
        db, viewer, filter=TransactionFilter(tag=tag), before=before, limit=_PAGE
    ):
        yield from some
        before = (some[-1].fact.day, some[-1].id)


def _tracked(
    former: _Known | None,
    lines: Mapping[AccountId, Lines],
    market: Market,
    market_state: object,
    currency: Currency,
) -> Tracked:
    rows = [row for some in lines.values() for line in some.values() for row in line]
    kept = keeps_cash(rows)
    touched: set[Line] | None = None
    base: tuple[Track, ...] = ()
    if former is not None and _history(former.market) == _history(market_state):
        before = former.lines
        touched = {
            (account, instrument)
            for account, some in lines.items()
            for instrument, line in some.items()
            if before.get(account, {}).get(instrument) is not line
        }
        base = tuple(
            track if track.market is market else replace(track, market=market, kept={})
            for track in former.tracked.tracks
        )
    tracks = retracked(base, rows, market, currency, touched=touched)
    nothing = Computation(None, is_current=False)
    return Tracked((), currency, tracks, market, kept, TradingDay.parse("1970-01-01"), nothing)


def _history(market_state: object) -> object:
    """The part of a market's state that past values depend on; the other is the newest quotes."""
    return market_state[0] if isinstance(market_state, tuple) else None


def _first(tracks: Iterable[Track], house: House) -> TradingDay:
    today = TradingDay(calendar_date(house.clock.now()))
    return min((track.rows[0].day for track in tracks if track.rows), default=today)


# Prices and rates -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Priced:
    """A market, and the closes in it as they are kept: read again only when there are more."""

    market: Market
    closes: PriceBook


_markets: Memory[tuple[PersonId, frozenset[InstrumentId]], _Priced] = Memory(30)


def _market(
    db: ReadDb, viewer: Viewer, folds: Mapping[AccountId, Folded], met: frozenset[InstrumentId]
) -> tuple[Market, tuple[object, object]]:
    """Closes and rates; trades where an instrument has no closes; the newest quote as its day's price."""
    ids = sorted(met)
    newest = quotes.latest(db, ids)
    history = (closes.spans(db, ids), rates.spans(db))
    said = {id: (quote.as_of, quote.price) for id, quote in newest.items()}
    terms = own_instruments.accruals(db, viewer, ids)
    bare = {id for id in ids if id not in history[0]}
    asked = {id: fold.state for id, fold in folds.items()} if terms or bare else {}
    state = (history, (said, terms, asked))
    key = (viewer.person, met)
    found = _markets.find(db, key, state)
    if found is None:
        former = _markets.last_of(db, key, lambda known: _history(known) == history)
        kept = former.closes if former is not None else _book(db, ids)
        book = kept.with_trades(_observed(folds, bare)) if bare else kept
        rate_book = former.market.rates if former is not None else rates.book(db)
        found = _Priced(Market(_with_quotes(book, newest), rate_book, _valuers(terms, folds)), kept)
        _markets.keep(db, key, state, found)
    return found.market, state


def _book(db: ReadDb, ids: Sequence[InstrumentId]) -> PriceBook:
    known = instruments.of_ids(db, ids)
    return closes.book(db, ids, names={id: f"{i.exchange}:{i.symbol}" for id, i in known.items()})


def _observed(folds: Mapping[AccountId, Folded], bare: set[InstrumentId]) -> Iterable[Observation]:
    """Prices paid in trades of instruments nobody has closes of."""
    for fold in folds.values():
        for transaction in in_force(fold.facts.values()):
            fact = transaction.fact
            if fact.instrument in bare and fact.price is not None and fact.price.amount > 0:
                yield Observation(fact.instrument, fact.day, fact.price)


def _with_quotes(book: PriceBook, newest: Mapping[InstrumentId, Quote]) -> PriceBook:
    """A quote newer than the last close stands for its day."""
    merged = dict(book.by_instrument)
    for id, quote in newest.items():
        day = TradingDay(calendar_date(quote.as_of))
        known = merged.get(id)
        if known is None:
            daily = Daily.of([(day, quote.price.amount)])
            merged[id] = Closes(id, quote.price.currency, daily, quote.source)
        elif known.currency == quote.price.currency:
            merged[id] = _appended(known, day, quote)
    return replace(book, by_instrument=merged)


def _appended(known: Closes, day: TradingDay, quote: Quote) -> Closes:
    """At the end of the columns where its digits fit their scale; else all is written anew."""
    daily, ordinal = known.daily, day.date.toordinal()
    if len(daily) and int(daily.days[-1]) >= ordinal:
        return known
    scaled = quote.price.amount.scaleb(daily.scale)
    if scaled == scaled.to_integral_value():
        more = Daily(
            np.append(daily.days, np.int32(ordinal)), np.append(daily.ticks, np.int64(scaled)), daily.scale
        )
    else:
        more = Daily.of([*((c.day, c.price) for c in known), (day, quote.price.amount)])
    marks = None if known.traded is None else np.append(known.traded, False)
    return replace(known, daily=more, traded=marks)


def _valuers(
    terms: Mapping[InstrumentId, AccrualTerms], folds: Mapping[AccountId, Folded]
) -> dict[InstrumentId, Valuer]:
    """What values deposits and provident funds: their terms and the lots they were made of."""
    return {id: _valuer(id, one, folds) for id, one in terms.items()}


def _valuer(id: InstrumentId, terms: AccrualTerms, folds: Mapping[AccountId, Folded]) -> Valuer:
    def value(account: AccountId, day: TradingDay) -> Money | Missing:
        fold = folds.get(account)
        position = fold.holdings.positions.get(id) if fold is not None else None
        if position is None:
            return Missing("what was deposited", "Record the deposit")
        return accrual.valued(position, terms, day)

    return value


# Age --------------------------------------------------------------------------------------------


def _computed(states: Mapping[AccountId, DayState], folds: Mapping[AccountId, Folded]) -> Computation:
    stamps: list[Instant] = [state.computed for state in states.values()]
    current = all(is_current(states.get(id), fold) for id, fold in folds.items())
    return Computation(min(stamps, default=None), is_current=current, problem=_problem(folds))


def _problem(folds: Mapping[AccountId, Folded]) -> str:
    return next((fold.problem for fold in folds.values() if fold.problem), "")
