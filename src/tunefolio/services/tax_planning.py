"""Before a sale: what it would bring after charges and tax, and which sales would lower this year's tax.

1 Positions of the taxpayer, in the lots that the law takes. 2 Each at its newest price, in rupees. 3 Charges
by the tariff of the account's broker. 4 The year is taxed again with the sale in it. Nothing is recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from tunefolio.analysis.derivation import RATIO
from tunefolio.analysis.tax import harvest
from tunefolio.analysis.tax.disposals import Disposal
from tunefolio.analysis.tax.foreign import Converted, converted, in_rupees
from tunefolio.analysis.tax.harvest import Candidate, Effect, Offer
from tunefolio.analysis.tax.rulebook import ZERO
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId, InstrumentId, TaxpayerId
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Currency, Money, quantized
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant, TradingDay, calendar_date
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.holdings import Position
from tunefolio.ledger.lots import Lot
from tunefolio.ledger.transactions import PLACES
from tunefolio.market.fx import RateBook
from tunefolio.market.instruments import AssetClass, Instrument
from tunefolio.market.quotes import Quote
from tunefolio.services import tax as taxes
from tunefolio.services.charges import broker_of
from tunefolio.services.dealt import units_of
from tunefolio.services.house import House
from tunefolio.services.tax import TaxReport
from tunefolio.store import quotes
from tunefolio.store.db import ReadDb
from tunefolio.trading.charges.charges import charges
from tunefolio.trading.charges.deals import NO_BROKER, Deal, Segment
from tunefolio.trading.charges.levies import LineName
from tunefolio.trading.charges.lines import Charges, Line
from tunefolio.trading.charges.tariffs import tariffs
from tunefolio.trading.orders import OrderSide

_SOLD_ON = frozenset({"NSE", "BSE"})
_SHARES = frozenset({AssetClass.EQUITY, AssetClass.ETF})
_FREE = Charges(ZERO, ())
"""Units of funds are redeemed at their house: no tariff is charged."""
_PAISE, _FINE = 2, 8
"""A sale is told in paise; what harvested() offers is judged unrounded: eight digits come near enough."""


@dataclass(frozen=True, slots=True)
class Held:
    """One position that could be sold today. price: rupees a unit, with when and whence; Missing where nobody
    quotes it. lots: in rupees, in the order in which the law takes them; Missing without a rate. category: of
    a fund, in words."""

    account: Account
    instrument: Instrument
    units: Decimal
    price: Decimal | Missing
    priced: Instant | None
    lots: tuple[Lot, ...] | Missing
    category: str = ""


@dataclass(frozen=True, slots=True)
class Sale:
    """What selling so many units today would do. charges: Missing where no tariff is known; basis: those by
    whose part of the value a gain is lowered; digits: sums of a lot are rounded to so many.

    proceeds: before charges; net: after charges and what the year's tax grows by, Missing where either is.
    """

    held: Held
    year: TaxReport
    units: Decimal
    price: Decimal
    day: TradingDay
    charges: Charges | Missing
    basis: Charges | Missing
    digits: int
    effect: Effect
    typed: Converted | None = None

    @property
    def proceeds(self) -> Decimal:
        return self.units * self.price

    @property
    def is_by_broker(self) -> bool:
        """Whether its charges hold a broker's: a fund house has none, an account without a tariff no line."""
        is_fund = self.held.instrument.asset_class is AssetClass.FUND
        return is_fund or _tariff_of(self.held.account) != NO_BROKER

    @property
    def tax(self) -> Decimal | Missing:
        """What the year's tax with cess grows by; below zero: what the sale saves."""
        return self.effect.growth

    @property
    def net(self) -> Decimal | Missing:
        cost = self.charges if isinstance(self.charges, Missing) else self.charges.total
        tax = self.tax
        if isinstance(cost, Missing):
            return cost
        return tax if isinstance(tax, Missing) else self.proceeds - cost.amount - tax


@dataclass(frozen=True, slots=True)
class Sold:
    """What is tried: as in Sale."""

    held: Held
    units: Decimal
    price: Decimal
    charges: Charges | Missing
    basis: Charges | Missing
    digits: int
    typed: Converted | None


@dataclass(frozen=True, slots=True)
class Harvest:
    """Sales worth a thought. losses: lower this year's tax; gains: the exemption still covers them.

    left_out: positions that could not be judged, each with its reason.
    """

    year: TaxReport
    held: tuple[Held, ...]
    losses: tuple[Candidate, ...]
    gains: tuple[Candidate, ...]
    left_out: tuple[tuple[Held, Missing], ...]

    def position(self, one: Candidate) -> Held:
        """What a candidate is of."""
        return next(h for h in self.held if (h.account.id, h.instrument.id) == (one.account, one.instrument))


def running(db: ReadDb, house: House, viewer: Viewer, taxpayer: TaxpayerId | None = None) -> TaxReport:
    """The running year, which sales of today belong to."""
    return taxes.report(db, house, viewer, taxes.running_year(house), taxpayer=taxpayer)


def positions(db: ReadDb, house: House, year: TaxReport) -> tuple[Held, ...]:
    """Everything the taxpayer could sell today, by account and name."""
    homes = {home.id: home for home in year.subject.accounts}
    found = [
        (homes[account], position)
        for account, held in year.material.holdings.items()
        for position in held.positions.values()
        if position.lots and not homes[account].archived
    ]
    known = year.material.instruments
    prices = quotes.latest(db, {position.instrument for _, position in found})
    day = _today(house)
    words = {id: one.words for id, one in year.material.categories.items()}
    rows = [
        replace(
            _held(home, one, known[one.instrument], prices, year.material.rates, day),
            category=words.get(one.instrument, ""),
        )
        for home, one in found
    ]
    return tuple(sorted(rows, key=lambda one: (one.account.name, one.instrument.name, one.instrument.id)))


def sold(
    db: ReadDb,
    house: House,
    year: TaxReport,
    account: AccountId,
    instrument: InstrumentId,
    *,
    units: Decimal,
    price: Decimal | None = None,
    currency: Currency = INR,
) -> Sale:
    """The sale as if it were done now. price: of a unit, in that currency, else the newest quote.

    Raises NotFound for what is not held, Misuse for more units than are held or where no price is known.
    """
    held, each, typed = _wanted(db, house, year, account, instrument, units, price, currency)
    cost = charges_of(held, units, each, _today(house))
    return _tried(house, year, Sold(held, units, each, cost, cost, _PAISE, typed))


def offered(
    db: ReadDb,
    house: House,
    year: TaxReport,
    account: AccountId,
    instrument: InstrumentId,
    *,
    units: Decimal,
    price: Decimal | None = None,
    currency: Currency = INR,
) -> Sale:
    """The same as harvested() judges it: with charges in the proportion of selling all that is held. Raises
    as sold()."""
    held, each, typed = _wanted(db, house, year, account, instrument, units, price, currency)
    day = _today(house)
    basis, cost = charges_of(held, held.units, each, day), charges_of(held, units, each, day)
    return _tried(house, year, Sold(held, units, each, cost, basis, _FINE, typed))


def harvested(db: ReadDb, house: House, year: TaxReport) -> Harvest:
    """What could be sold for the tax of the running year, each judged alone."""
    rows, day = positions(db, house, year), _today(house)
    offers: list[Offer] = []
    left_out: list[tuple[Held, Missing]] = []
    for held in rows:
        offer = _offer(held, year, day)
        if isinstance(offer, Missing):
            left_out.append((held, offer))
        else:
            offers.append(offer)
    assets = year.record.assets
    losses = harvest.losses(year.result, offers, assets, day)
    gains = harvest.gains(year.result, offers, assets, day)
    return Harvest(year, rows, losses, gains, tuple(left_out))


def charges_of(held: Held, units: Decimal, price: Decimal, day: TradingDay) -> Charges | Missing:
    """Of selling, by the tariff of the account's broker, else what state and exchange take."""
    one = held.instrument
    if one.asset_class is AssetClass.FUND:
        return _FREE
    if one.exchange not in _SOLD_ON or one.asset_class not in _SHARES:
        reason = f"no tariff is known for a {one.asset_class} on {one.exchange}"
        return Missing(reason, "Its charges stand on the broker's own note")
    try:
        deal = Deal(
            day, _tariff_of(held.account), one.exchange, Segment.DELIVERY, OrderSide.SELL, units, price,
            one.economic_key,
            group=one.listing.series.upper() if one.exchange == "BSE" else "",
            units=units_of(one, held.category),
        )  # fmt: skip
        return charges(deal, tariffs())
    except Misuse as wrong:
        return Missing(f"a tariff: {wrong.field} {wrong.problem}", wrong.cure)


def _wanted(
    db: ReadDb, house: House, year: TaxReport, account: AccountId, instrument: InstrumentId, units: Decimal,
    price: Decimal | None, currency: Currency,
) -> tuple[Held, Decimal, Converted | None]:  # fmt: skip
    """The position, the price of one of its units in rupees, and as it was typed; raises as sold()."""
    rows = positions(db, house, year)
    held = next((h for h in rows if (h.account.id, h.instrument.id) == (account, instrument)), None)
    if held is None:
        raise NotFound("position")
    _must_be_sold(held, units, price)
    typed = None if price is None or currency == INR else _converted(house, year, Money(price, currency))
    each = typed.rupees if typed is not None else price if price is not None else held.price
    if isinstance(each, Missing):
        raise Misuse("price", each.reason, cure="Type the price of one unit")
    if isinstance(held.lots, Missing):
        raise Misuse("instrument", held.lots.reason, cure=held.lots.cure)
    return held, each, typed


def _converted(house: House, year: TaxReport, price: Money) -> Converted:
    """At the rate that the rule `fx` names for today. Raises Misuse where it is not known or the price is too
    small to be a paisa."""
    found = converted(price, _today(house), year.material.rates)
    if isinstance(found, Missing):
        raise Misuse("currency", f"the {found.reason} is not known", cure=found.cure)
    if found.rupees <= 0:
        raise Misuse("price", f"{price.amount} {price.currency} is less than a paisa", cure="Write 125.50")
    return found


def _tried(house: House, year: TaxReport, sold: Sold) -> Sale:
    """The year with the sale in it."""
    day, held = _today(house), sold.held
    lots = () if isinstance(held.lots, Missing) else held.lots
    ratio = _deductible_ratio(sold.basis)
    offer = Offer(held.account.id, held.instrument.id, lots, sold.price, ratio, year.record.unsold)
    deeds = [_rounded(one, ratio, sold.digits) for one in harvest.sale(offer, sold.units, day)]
    effect = harvest.what_if(year.result, deeds, year.record.assets)
    return Sale(
        held, year, sold.units, sold.price, day, sold.charges, sold.basis, sold.digits, effect, sold.typed
    )  # fmt: skip


def _rounded(one: Disposal, ratio: Decimal, digits: int) -> Disposal:
    """The sums of a lot with so many digits, so that its gain, taken apart, adds up exactly."""
    worth = quantized(one.consideration, digits)
    return replace(
        one,
        consideration=worth,
        cost=quantized(one.cost, digits),
        bought=replace(one.bought, total=quantized(one.bought.total, digits)),
        sold=replace(one.sold, total=quantized(worth * ratio, digits)),
    )


def _tariff_of(account: Account) -> str:
    """The broker whose tariff we have, else none's: then only what state and exchange take is charged."""
    broker = broker_of(account.broker)
    return broker if broker in tariffs().brokers else NO_BROKER


def _held(
    home: Account,
    position: Position,
    one: Instrument,
    prices: Mapping[InstrumentId, Quote],
    rates: RateBook,
    day: TradingDay,
) -> Held:
    quote = prices.get(one.id)
    price: Decimal | Missing = Missing(f"no price of {one.symbol} is known", "Type one, or wait for the next")
    if quote is not None:
        told = in_rupees(Money(quote.price.amount, quote.price.currency), day, rates)
        price = told if isinstance(told, Missing) else told.amount
        if quote.price.currency == INR:
            price = quote.price.amount
    lots = _lawful(position.lots, rates)
    return Held(home, one, position.held, price, None if quote is None else quote.as_of, lots)


def _lawful(lots: Iterable[Lot], rates: RateBook) -> tuple[Lot, ...] | Missing:
    """Oldest first, each in rupees at the rate that the rules name for its day."""
    found: list[Lot] = []
    for lot in sorted(lots, key=lambda lot: (lot.day or lot.seen, lot.opened)):
        cost, fees = in_rupees(lot.cost, lot.day, rates), in_rupees(lot.fees, lot.day, rates)
        if isinstance(cost, Missing):
            return cost
        if isinstance(fees, Missing):
            return fees
        found.append(replace(lot, cost=cost, fees=fees))
    return tuple(found)


def _offer(held: Held, year: TaxReport, day: TradingDay) -> Offer | Missing:
    if isinstance(held.price, Missing):
        return held.price
    if isinstance(held.lots, Missing):
        return held.lots
    asset = year.record.assets[held.instrument.id]
    if isinstance(asset.tax_class, Missing):
        return asset.tax_class
    undated = [lot for lot in held.lots if lot.day is None]
    if undated:
        reason = f"the day of purchase of {len(undated)} lots of {held.instrument.symbol}"
        return Missing(reason, "Record the opening position with its `acquired` day")
    ratio = _deductible_ratio(charges_of(held, held.units, held.price, day))
    return Offer(held.account.id, held.instrument.id, held.lots, held.price, ratio, year.record.unsold)


def _deductible_ratio(cost: Charges | Missing) -> Decimal:
    """Charges that a gain may deduct, as a part of the value: all but securities transaction tax. Nothing
    where no tariff is known: the tax is then reckoned a little too high, never too low."""
    if isinstance(cost, Missing) or not cost.value:
        return ZERO
    stt = cost.line(LineName.STT)
    levied = stt.amount.amount if isinstance(stt, Line) else ZERO
    return RATIO.divide(cost.known.amount - levied, cost.value)


def _must_be_sold(held: Held, units: Decimal, price: Decimal | None) -> None:
    if not units.is_finite() or not 0 < units <= held.units:
        cure = "Sell fewer" if units.is_finite() and units > held.units else "Write a number above 0"
        raise Misuse("units", f"{units} of {held.units.normalize():f} held cannot be sold", cure=cure)
    if units != quantized(units, PLACES):
        raise Misuse("units", f"{units:f} is finer than units are counted", cure=f"At most {PLACES} places")
    if price is not None and (not price.is_finite() or not 0 < price < Decimal(10) ** 12):
        raise Misuse("price", f"{price} is no price", cure="Write 125.50")


def _today(house: House) -> TradingDay:
    return TradingDay(calendar_date(house.clock.now()))
