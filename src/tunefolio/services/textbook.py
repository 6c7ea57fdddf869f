"""The report of a text book: folded, valued and measured in memory, without a database.

What is lacking is a Missing with its reason; what breaks a law names the line. docs/spec/book.md says what
each figure means.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from tunefolio.analysis.accrual import valued
from tunefolio.analysis.columns import Market, Valuer
from tunefolio.analysis.performance import Benchmark, Performance, performance
from tunefolio.analysis.scopes import Period, Scope, whole
from tunefolio.analysis.tracks import Track, tracks
from tunefolio.core.errors import BrokenLaw, Misuse
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Currency, Money, Price
from tunefolio.core.time import TradingDay
from tunefolio.ledger.cashflows import Movement, by_day
from tunefolio.ledger.directives import PriceLine, RateLine, TextAccount, TextInstrument, written
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.lots import Method
from tunefolio.ledger.positions import Holdings, Position, Terms, fold_all, in_force
from tunefolio.ledger.textbook import BookRefused, LineProblem, TextBook, last_day
from tunefolio.ledger.transactions import Transaction
from tunefolio.market.accruals import AccrualTerms
from tunefolio.market.closes import CARRY_DAYS, Close, Closes, Observation, PriceBook, Seen
from tunefolio.market.fx import Rate, RateBook
from tunefolio.market.instruments import Instrument
from tunefolio.services.blame import Names, blamed
from tunefolio.services.marketfiles import MarketLines, names_of
from tunefolio.services.terms import nature_of

_PRICED_BY = frozenset({Kind.BUY, Kind.SIP, Kind.SELL, Kind.SHORT, Kind.COVER, Kind.REINVEST, Kind.STAKING})
"""Kinds whose price was paid in the market that day."""
_BOOK = "book"


@dataclass(frozen=True, slots=True)
class Choices:
    """What a reader chooses. None: as_of the last day seen, since the first fact, method and currency the
    book's own. carry_days: how many calendar days a close stands for those after it. benchmark: the name of
    an instrument of the book, whose closes are what to compare with. risk_free: a ratio a year."""

    as_of: TradingDay | None = None
    since: TradingDay | None = None
    method: Method | None = None
    currency: Currency | None = None
    carry_days: int = CARRY_DAYS
    benchmark: str | None = None
    risk_free: float = 0.0


PLAIN = Choices()
NO_LINES = MarketLines()


@dataclass(frozen=True, slots=True)
class PositionLine:
    """One holding of one account at the end. value: signed, in the instrument's currency; units owed count
    below zero; of a future, what its contract has won or lost. unrealised: after the charges of open lots."""

    account: TextAccount
    instrument: TextInstrument
    position: Position
    price: Seen | Missing
    value: Money | Missing
    unrealised: Money | Missing


@dataclass(frozen=True, slots=True)
class Part:
    """The figures of one scope: everything, an account, an instrument, a tag."""

    name: str
    scope: Scope
    tracks: tuple[Track, ...] = field(repr=False)
    performance: Performance | Missing


@dataclass(frozen=True, slots=True)
class BookReport:
    """Everything that a text book says. left_out: facts after as_of. facts: those in force by then, by id."""

    book: TextBook
    file: str
    period: Period
    currency: Currency
    carry_days: int
    methods: Mapping[AccountId, Method]
    holdings: Mapping[AccountId, Holdings]
    facts: Mapping[TransactionId, Transaction]
    positions: tuple[PositionLine, ...]
    total: Part
    by_portfolio: tuple[Part, ...]
    by_account: tuple[Part, ...]
    by_instrument: tuple[Part, ...]
    by_tag: tuple[Part, ...]
    left_out: int = 0
    unknown_rows: int = 0


def report(
    book: TextBook, market: MarketLines = NO_LINES, choices: Choices = PLAIN, *, file: str = _BOOK
) -> BookReport:
    """Fold, value and measure a book. Raises BookRefused naming the lines that break a law.

    Steps: 1 facts to as_of are folded together, so that transfers find their other halves; 2 prices are the
    closes given, else the prices of trades of that day; 3 each scope is a sum of the same tracks.
    """
    as_of = choices.as_of or _last_day(book, market)
    histories = _until(book, as_of)
    terms = _terms(book, choices.method)
    holdings = _folded(book, histories, terms, file)
    lines = (*book.prices, *market.prices)
    values = Market(
        _price_book(book, lines, choices.carry_days), rate_book((*book.rates, *market.rates)),
        _valuers(book, holdings),
    )  # fmt: skip
    currency = choices.currency or _currency(book)
    facts = {fact.id: fact for some in histories.values() for fact in in_force(some)}
    period = Period(_since(choices, as_of), as_of)
    benchmark = _benchmark(book, values, choices.benchmark)
    scene = _Scene(book, holdings, values, period, currency, benchmark, choices.risk_free)
    return BookReport(
        book, file, scene.period, currency, choices.carry_days,
        {account.id: terms.method_of(account.id) for account in book.accounts},
        holdings,
        facts,
        tuple(_position_lines(scene)),
        *_parts(scene, facts),
        left_out=len(book.transactions) - sum(len(some) for some in histories.values()),
        unknown_rows=market.unknown,
    )  # fmt: skip


def folded_book(
    book: TextBook, *, file: str = _BOOK
) -> tuple[Mapping[AccountId, Holdings], Mapping[TransactionId, Transaction]]:
    """What all facts of a book leave, and those in force by id. Raises BookRefused."""
    histories = book.histories()
    facts = {fact.id: fact for some in histories.values() for fact in in_force(some)}
    return _folded(book, histories, _terms(book, None), file), facts


@dataclass(frozen=True, slots=True)
class _Scene:
    book: TextBook
    holdings: Mapping[AccountId, Holdings]
    market: Market
    period: Period
    currency: Currency
    benchmark: Benchmark | None
    risk_free: float


def _benchmark(book: TextBook, market: Market, name: str | None) -> Benchmark | None:
    """What to compare with; raises Misuse for an instrument that the book does not name or price."""
    if name is None:
        return None
    id = names_of(book.instruments).get(written(name))
    closes = None if id is None else market.prices.of(id)
    if id is None or closes is None:
        cure = "Declare it (instrument NSE:NIFTY index) and give its closes"
        raise Misuse("--benchmark", f"{name!r} has no closes here", cure=cure)
    return Benchmark(book.instruments[id].name, closes, market.rates)


def _last_day(book: TextBook, market: MarketLines) -> TradingDay:
    days = [day for day in (last_day(book),) if day is not None]
    days += [line.day for line in market.prices]
    days += [line.day for line in market.rates]
    if not days:
        raise Misuse("book", "has no fact, price or rate", cure="Write one line: 2024-04-01 deposit 50000")
    return max(days)


def _since(choices: Choices, as_of: TradingDay) -> TradingDay | None:
    if choices.since is not None and choices.since > as_of:
        raise Misuse("--from", f"{choices.since} lies after {as_of}", cure="Begin before --as-of")
    return choices.since


def _currency(book: TextBook) -> Currency:
    """The first portfolio's currency, else the first account's."""
    currencies = [one.currency for one in book.portfolios] + [one.currency for one in book.accounts]
    return currencies[0] if currencies else INR


def _until(book: TextBook, as_of: TradingDay) -> dict[AccountId, list[Transaction]]:
    return {
        account: [fact for fact in some if fact.fact.day <= as_of]
        for account, some in book.histories().items()
    }


def _terms(book: TextBook, method: Method | None) -> Terms:
    natures = {id: nature_of(instrument_of(one)) for id, one in book.instruments.items()}
    chosen = {one.id: method or Method(one.method) for one in book.accounts if method or one.method}
    return Terms(natures, chosen)


def instrument_of(one: TextInstrument) -> Instrument:
    """As the market knows it, under the book's own number."""
    return Instrument(one.id, one.listing, one.isin, one.title, one.asset_class, one.currency or INR)


def _folded(
    book: TextBook, histories: Mapping[AccountId, Sequence[Transaction]], terms: Terms, file: str
) -> dict[AccountId, Holdings]:
    try:
        return fold_all(histories, terms)
    except (Misuse, BrokenLaw) as wrong:
        names = Names(
            {one.id: one.name for one in book.accounts},
            {id: one.name for id, one in book.instruments.items()},
        )
        raise BookRefused(blamed(histories, terms, wrong, lambda id: f"{file}:{id}", names)) from None


def _price_book(book: TextBook, lines: Iterable[PriceLine], carry_days: int) -> PriceBook:
    names = {id: one.name for id, one in book.instruments.items()}
    own = _own_currencies(book)
    closes: dict[InstrumentId, list[Close]] = {}
    told: dict[InstrumentId, Currency] = {}
    problems: list[LineProblem] = []
    for line in lines:
        currency = line.currency or own.get(line.instrument, INR)
        if told.setdefault(line.instrument, currency) != currency:
            what = f"{names[line.instrument]} is priced in {told[line.instrument]}, here in {currency}"
            problems.append(LineProblem(line.place, "currency", what, "Give all its prices in one currency"))
        closes.setdefault(line.instrument, []).append(Close(line.day, line.price))
    if problems:
        raise BookRefused(problems)
    given = {id: Closes.of(id, told[id], some, source="close") for id, some in closes.items()}
    return PriceBook(given, carry_days, names).with_trades(_observations(book))


def _own_currencies(book: TextBook) -> dict[InstrumentId, Currency]:
    own = {id: one.currency for id, one in book.instruments.items() if one.currency is not None}
    for fact in book.transactions:
        if fact.fact.instrument is not None:
            own.setdefault(fact.fact.instrument, fact.fact.amount.currency)
    return own


def _observations(book: TextBook) -> Iterator[Observation]:
    """Prices paid in the market, in the order of the lines; a trade at nothing says no price."""
    for transaction in in_force(book.transactions):
        fact = transaction.fact
        if fact.kind not in _PRICED_BY or fact.instrument is None or fact.quantity is None:
            continue
        price = fact.price or Price.per(fact.amount, fact.quantity)
        if price.amount > 0:
            yield Observation(fact.instrument, fact.day, price)


def rate_book(lines: Iterable[RateLine]) -> RateBook:
    """The rates that lines tell."""
    return RateBook.of(Rate(line.base, line.quote, line.day, line.rate, "given") for line in lines)


def _valuers(book: TextBook, holdings: Mapping[AccountId, Holdings]) -> dict[InstrumentId, Valuer]:
    return {id: _valuer(id, one.terms, holdings) for id, one in book.instruments.items() if one.terms}


def _valuer(instrument: InstrumentId, terms: AccrualTerms, holdings: Mapping[AccountId, Holdings]) -> Valuer:
    def worth(account: AccountId, day: TradingDay) -> Money | Missing:
        return valued(holdings[account].positions[instrument], terms, day)

    return worth


def _position_lines(scene: _Scene) -> Iterator[PositionLine]:
    for account in scene.book.accounts:
        for position in scene.holdings[account.id].positions.values():
            instrument = scene.book.instruments[position.instrument]
            price = scene.market.prices.on(position.instrument, scene.period.until)
            value = _value(scene, account.id, position, price)
            yield PositionLine(
                account, instrument, position, price, value, _unrealised(scene, position, value)
            )


def _value(scene: _Scene, account: AccountId, position: Position, price: Seen | Missing) -> Money | Missing:
    """Units × price to the minor unit, in the position's currency."""
    if not position.quantity:
        return Money.zero(position.currency)
    valuer = scene.market.valuers.get(position.instrument)
    if valuer is not None:
        return valuer(account, scene.period.until)
    if isinstance(price, Missing):
        return price
    rate = scene.market.rates.on(price.price.currency, position.currency, scene.period.until)
    if isinstance(rate, Missing):
        return rate
    worth = Price(price.price.amount * rate.rate, position.currency) * position.quantity
    if _is_margined(scene, position):
        return (worth - _contract(position)).rounded()
    return worth.rounded()


def _is_margined(scene: _Scene, position: Position) -> bool:
    return nature_of(instrument_of(scene.book.instruments[position.instrument])).margined


def _contract(position: Position) -> Money:
    """What the open contracts were made for, before charges; those sold short count below zero."""
    held = sum((lot.price_cost.amount for lot in position.lots), Decimal(0))
    return Money(held - sum((lot.brought.amount for lot in position.shorts), Decimal(0)), position.currency)


def _unrealised(scene: _Scene, position: Position, value: Money | Missing) -> Money | Missing:
    if isinstance(value, Missing):
        return value
    if _is_margined(scene, position):
        fees = sum((lot.fees.amount for lot in (*position.lots, *position.shorts)), Decimal(0))
        return value - Money(fees, position.currency)
    owed = sum((lot.cost.amount for lot in position.shorts), Decimal(0))
    return value - position.cost + Money(owed, position.currency)


def _parts(
    scene: _Scene, facts: Mapping[TransactionId, Transaction]
) -> tuple[Part, tuple[Part, ...], tuple[Part, ...], tuple[Part, ...], tuple[Part, ...]]:
    """Total, then by portfolio, account, instrument and tag."""
    movements = [m for held in scene.holdings.values() for m in held.movements]
    rows = by_day(movements)
    every = tracks(rows, scene.market, scene.currency)
    accounts = [account.id for account in scene.book.accounts]
    shelves: dict[str, list[AccountId]] = {}
    for account in scene.book.accounts:
        shelves.setdefault(account.portfolio, []).append(account.id)
    held = {movement.instrument for movement in movements}
    return (
        _part("total", scene, whole(accounts, rows), every),
        tuple(_part(n, scene, whole(ids, rows), every) for n, ids in shelves.items() if n),
        tuple(_part(a.name, scene, whole([a.id], rows), every) for a in scene.book.accounts),
        tuple(
            _part(one.name, scene, Scope(frozenset(accounts), frozenset({id})), every)
            for id, one in scene.book.instruments.items()
            if id in held
        ),
        tuple(_tag_part(tag, scene, movements, facts) for tag in _tags(facts)),
    )


def _tags(facts: Mapping[TransactionId, Transaction]) -> list[str]:
    return sorted({tag for fact in facts.values() for tag in fact.tags})


def _tag_part(
    tag: str, scene: _Scene, movements: Sequence[Movement], facts: Mapping[TransactionId, Transaction]
) -> Part:
    """What the facts of one tag did; their cash is outside. A sale tagged without its purchase has no cost
    to stand on: then the tag is not available."""
    chosen = [m for m in movements if tag in facts[m.transaction].tags]
    scope = Scope(frozenset(scene.holdings))
    try:
        made = tracks(by_day(chosen), scene.market, scene.currency)
    except BrokenLaw as broken:
        return Part(tag, scope, (), Missing(broken.detail, "Tag the purchases together with their sales"))
    return _part(tag, scene, scope, made)


def _part(name: str, scene: _Scene, scope: Scope, some: Sequence[Track]) -> Part:
    found = performance(some, scope, scene.period, benchmark=scene.benchmark, risk_free=scene.risk_free)
    return Part(name, scope, tuple(some), found)
