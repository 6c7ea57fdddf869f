"""What a person gave up: one lot's units in one deed, read off the fold with each charge handed out once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from tunefolio.analysis.derivation import EXACT, RATIO
from tunefolio.analysis.tax.foreign import Converted, converted
from tunefolio.analysis.tax.rulebook import ZERO
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.missing import Missing, missing_of
from tunefolio.core.money import INR, Money, quantized
from tunefolio.core.time import TradingDay
from tunefolio.ledger.cashflows import Movement
from tunefolio.ledger.holdings import Holdings
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.lots import Match, Side
from tunefolio.ledger.transactions import Fact
from tunefolio.market.fx import NO_RATES, RateBook


class Way(StrEnum):
    """How units left. OFF_MARKET: without securities transaction tax; REDEMPTION: the issuer paid."""

    SALE = "sale"
    OFF_MARKET = "off_market"
    BUYBACK = "buyback"
    REDEMPTION = "redemption"
    WRITE_OFF = "write_off"


_TRADES = frozenset({Kind.BUY, Kind.SELL, Kind.SHORT, Kind.COVER})
_DIVIDENDS = frozenset({Kind.DIVIDEND, Kind.REINVEST})
_WAYS = {Kind.BUYBACK: Way.BUYBACK, Kind.WRITE_OFF: Way.WRITE_OFF, Kind.MERGER: Way.OFF_MARKET}


@dataclass(frozen=True, slots=True)
class Charges:
    """Of one side of a deal, rupees ≥ 0. stt: securities transaction tax among them; None: nobody knows."""

    total: Decimal = ZERO
    stt: Decimal | None = ZERO

    @property
    def deductible(self) -> Decimal:
        """What a capital gain may deduct: all but securities transaction tax."""
        return self.total - (self.stt or ZERO)

    @property
    def is_unsplit(self) -> bool:
        return self.stt is None and self.total > 0


_NONE = Charges()


@dataclass(frozen=True, slots=True)
class Dividend:
    """A dividend in rupees for each unit held on the day it is recorded for."""

    day: TradingDay
    each: Decimal


@dataclass(frozen=True, slots=True)
class Abroad:
    """The sums of a disposal in foreign currency, each with its rate: as Disposal names them."""

    consideration: Converted
    cost: Converted
    bought: Converted
    sold: Converted


@dataclass(frozen=True, slots=True)
class Disposal:
    """Units of one lot given up in one deed. Rupees, ≥ 0.

    opened, closed: the facts that brought and took the units. acquired: None where nobody knows the day.
    day:            of the transfer; of a short sale the day it was covered.
    consideration:  full value received, before charges. cost: paid for these units, before charges.
    bought, sold:   the units' share of the charges of either side. A short sale keeps the same sides: what
                    buying back cost, what selling brought; `acquired` is then the day of the sale.
    subscribed:     of a gold bond: bought from the issuer; None: not known.
    is_traded:      came by a purchase and left by a sale; bonus shares and rights of the day are not squared.
    bonus:          the day of the first bonus that these units brought; None: there was none.
    abroad:         the same sums as they were paid, of a deal in foreign currency.
    dividends:      all that the instrument ever paid into the account, oldest first.
    """

    account: AccountId
    instrument: InstrumentId
    opened: TransactionId
    closed: TransactionId
    acquired: TradingDay | None
    day: TradingDay
    units: Decimal
    consideration: Decimal
    cost: Decimal
    bought: Charges = Charges()
    sold: Charges = Charges()
    way: Way = Way.SALE
    side: Side = Side.LONG
    subscribed: bool | None = None
    is_traded: bool = True
    bonus: TradingDay | None = None
    abroad: Abroad | None = None
    dividends: tuple[Dividend, ...] = ()

    @property
    def is_squared(self) -> bool:
        """Bought and sold, or sold and bought back, on one day: the exchange settled it by the net."""
        return self.is_traded and self.acquired == self.day


@dataclass(frozen=True, slots=True)
class Hole:
    """A deed that cannot be taxed yet, and why."""

    account: AccountId
    instrument: InstrumentId
    fact: TransactionId
    day: TradingDay
    missing: Missing


@dataclass(frozen=True, slots=True)
class Books:
    """A person's folded accounts and what only facts and notes tell.

    facts: in force, by id. stt: how much of a fact's charges is securities transaction tax (from the contract
    note, else computed); a fact with charges that is not named has an unknown share. ways: where a deed left
    otherwise than its kind says. subscribed: gold-bond purchases known to be, or not to be, from the issuer.
    today: until when rates can be known; None: every year counts as over.
    """

    holdings: Mapping[AccountId, Holdings]
    facts: Mapping[TransactionId, Fact]
    stt: Mapping[TransactionId, Decimal] = field(default_factory=dict)
    ways: Mapping[TransactionId, Way] = field(default_factory=dict)
    subscribed: Mapping[TransactionId, bool] = field(default_factory=dict)
    rates: RateBook = NO_RATES
    today: TradingDay | None = None


@dataclass(frozen=True, slots=True)
class Unsold:
    """A purchase some units of which are still held. stt: of all its charges; None: not known. whole: all its
    charges; given: those that left with units sold already. All in the currency of the fact."""

    stt: Decimal | None
    whole: Decimal
    given: Decimal

    def share(self, fees: Decimal, before: Decimal = ZERO) -> Decimal | None:
        """The securities transaction tax in the next `fees` of it, after `before` of them were taken."""
        if not fees:
            return ZERO
        if self.stt is None or not self.whole:
            return None
        first = min(self.given + before, self.whole)
        last = min(first + fees, self.whole)
        stt = min(self.stt, self.whole)
        return quantized(stt * last / self.whole, 2) - quantized(stt * first / self.whole, 2)


@dataclass(frozen=True, slots=True)
class Deeds:
    """What was read of a person's books. unsold: by purchase, of the units that are still held."""

    disposals: tuple[Disposal, ...]
    holes: tuple[Hole, ...]
    unsold: Mapping[TransactionId, Unsold]


def disposals(books: Books) -> tuple[tuple[Disposal, ...], tuple[Hole, ...]]:
    """Every closed lot of every account, oldest deed first, and those that cannot be put into rupees."""
    found = deeds_of(books)
    return found.disposals, found.holes


def deeds_of(books: Books) -> Deeds:
    """All years at once: charges of a purchase are handed out in the order its units leave. Linear after a
    sort."""
    duties, bonuses, dividends = _Duties(books), _bonuses(books), _dividends(books)
    found: list[Disposal] = []
    holes: list[Hole] = []
    for account, instrument, match in sorted(_matches(books), key=lambda one: one[2].day.date):
        bought, sold = duties.shares(match)
        one = _disposal(books, account, instrument, match, bought, sold)
        if isinstance(one, Disposal):
            if instrument in bonuses:
                one = _with_bonus(one, bonuses[instrument])
            paid = dividends.get((account, instrument))
            found.append(one if paid is None else replace(one, dividends=paid))
        else:
            holes.append(Hole(account, instrument, match.closed, match.day, one))
    return Deeds(tuple(found), tuple(holes), duties.unsold())


def _matches(books: Books) -> Iterator[tuple[AccountId, InstrumentId, Match]]:
    """By account, instrument and fact: those of one day stay so when they are sorted by day."""
    for account in sorted(books.holdings):
        positions = books.holdings[account].positions
        for instrument in sorted(positions):
            for match in sorted(positions[instrument].matches, key=_closed):
                yield account, instrument, match


def _closed(match: Match) -> TransactionId:
    return match.closed


def _bonuses(books: Books) -> dict[InstrumentId, list[TradingDay]]:
    """The days of the bonuses of each instrument, oldest first."""
    found: dict[InstrumentId, list[TradingDay]] = {}
    for fact in books.facts.values():
        if fact.kind is Kind.BONUS and fact.instrument is not None:
            found.setdefault(fact.instrument, []).append(fact.day)
    return {instrument: sorted(days) for instrument, days in found.items()}


def _dividends(books: Books) -> dict[tuple[AccountId, InstrumentId], tuple[Dividend, ...]]:
    """Of each instrument of each account that paid any in rupees while units were held."""
    found: dict[tuple[AccountId, InstrumentId], list[Dividend]] = {}
    for account, holdings in books.holdings.items():
        payers = {one.instrument for one in holdings.movements if _is_dividend(books, one)}
        held: dict[InstrumentId, Decimal] = {}
        for one in holdings.movements:
            if one.instrument is None or one.instrument not in payers:
                continue
            units = held.get(one.instrument, ZERO)
            if units > 0 and _is_dividend(books, one):
                each = RATIO.divide(one.income, units)
                found.setdefault((account, one.instrument), []).append(Dividend(one.day, each))
            held[one.instrument] = units + one.units
    return {key: tuple(paid) for key, paid in found.items()}


def _is_dividend(books: Books, one: Movement) -> bool:
    if one.income <= 0 or one.currency != INR:
        return False
    fact = books.facts.get(one.transaction)
    return fact is not None and fact.kind in _DIVIDENDS


def _with_bonus(one: Disposal, days: Sequence[TradingDay]) -> Disposal:
    since = one.acquired
    first = None if since is None else next((day for day in days if since < day <= one.day), None)
    return one if first is None else replace(one, bonus=first)


class _Duties:
    """Hands the securities transaction tax of each fact to the lots its charges went to, each paisa once."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._given: dict[TransactionId, Decimal] = {}

    def shares(self, match: Match) -> tuple[Decimal | None, Decimal | None]:
        """(of buying, of selling); None where the fact's share is not known."""
        first = match.lot.origin or match.lot.opened
        bought, sold = (first, match.closed) if match.side is Side.LONG else (match.closed, first)
        return self._share(bought, match.lot.fees), self._share(sold, match.fees)

    def unsold(self) -> dict[TransactionId, Unsold]:
        """Of every purchase that has units left."""
        books = self._books
        left = {
            lot.origin or lot.opened
            for held in books.holdings.values()
            for position in held.positions.values()
            for lot in position.lots
            if lot.fees.amount
        }
        return {
            fact: Unsold(books.stt.get(fact), known.charges.amount, self._given.get(fact, ZERO))
            for fact in left
            if (known := books.facts.get(fact)) is not None
        }

    def _share(self, fact: TransactionId, fees: Money) -> Decimal | None:
        stt = self._books.stt.get(fact)
        if not fees.amount:
            return ZERO
        if stt is None:
            return None
        known = self._books.facts.get(fact)
        whole = known.charges.amount if known is not None else fees.amount
        if not whole:
            return None
        stt = min(stt, whole)
        before = self._given.get(fact, ZERO)
        after = min(before + fees.amount, whole)
        self._given[fact] = after
        if not before and after == whole:
            return stt
        return quantized(stt * after / whole, 2) - quantized(stt * before / whole, 2)


def _disposal(
    books: Books,
    account: AccountId,
    instrument: InstrumentId,
    match: Match,
    bought_stt: Decimal | None,
    sold_stt: Decimal | None,
) -> Disposal | Missing:
    lot, fact = match.lot, books.facts.get(match.closed)
    paid_on, received_on = (
        (lot.day, match.day) if match.side is Side.LONG else (match.day, lot.day or lot.seen)
    )
    sums = _sums(match, paid_on, received_on, books.rates)
    if isinstance(sums, Missing):
        return sums
    (consideration, cost, bought, sold), abroad = sums
    first = lot.origin or lot.opened
    return Disposal(
        account, instrument, lot.opened, match.closed, lot.day, match.day, _given_up(lot.quantity, fact),
        consideration, cost, _charges(bought, bought_stt), _charges(sold, sold_stt), _way(books, match, fact),
        match.side, books.subscribed.get(first), _is_traded(books, match), None, abroad,
    )  # fmt: skip


def _sums(
    match: Match, paid_on: TradingDay | None, received_on: TradingDay | None, rates: RateBook
) -> tuple[tuple[Decimal, Decimal, Decimal, Decimal], Abroad | None] | Missing:
    """Consideration, cost, charges of either side: rupees, and as they were paid."""
    lot = match.lot
    if match.proceeds.currency == lot.cost.currency == INR:
        received = EXACT.add(match.proceeds.amount, match.fees.amount)
        cost = EXACT.subtract(lot.cost.amount, lot.fees.amount)
        return (received, cost, lot.fees.amount, match.fees.amount), None
    sums = (
        converted(match.proceeds + match.fees, received_on, rates),
        converted(lot.price_cost, paid_on, rates),
        converted(lot.fees, paid_on, rates),
        converted(match.fees, received_on, rates),
    )
    lacking = missing_of(one for one in sums if isinstance(one, Missing))
    if lacking is not None:
        return lacking
    abroad = Abroad(*(one for one in sums if isinstance(one, Converted)))
    rupees = (abroad.consideration.rupees, abroad.cost.rupees, abroad.bought.rupees, abroad.sold.rupees)
    return rupees, abroad


def _charges(total: Decimal, stt: Decimal | None) -> Charges:
    return Charges(total, stt) if total or stt is None else _NONE


def _given_up(units: Decimal, fact: Fact | None) -> Decimal:
    """Of a merger for shares and money, the share of the units that the money was paid for."""
    if fact is None or fact.kind is not Kind.MERGER or fact.cost_ratio is None:
        return units
    return units * (1 - fact.cost_ratio)


def _is_traded(books: Books, match: Match) -> bool:
    for one in (match.lot.opened, match.closed):
        fact = books.facts.get(one)
        if fact is not None and fact.kind not in _TRADES:
            return False
    return True


def _way(books: Books, match: Match, fact: Fact | None) -> Way:
    told = books.ways.get(match.closed)
    if told is not None:
        return told
    return _WAYS.get(fact.kind, Way.SALE) if fact is not None else Way.SALE


def units_of(found: Iterable[Disposal]) -> dict[tuple[AccountId, InstrumentId, TransactionId], Decimal]:
    """Units by deed: what the law "lots used = units sold" compares with the facts."""
    sums: dict[tuple[AccountId, InstrumentId, TransactionId], Decimal] = {}
    for one in found:
        key = (one.account, one.instrument, one.closed)
        sums[key] = sums.get(key, ZERO) + one.units
    return sums
