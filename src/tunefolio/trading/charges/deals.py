"""What is charged: a deal at an exchange, as far as its tariff depends on it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from enum import StrEnum

from tunefolio.core.errors import Misuse
from tunefolio.core.time import TradingDay
from tunefolio.trading.orders import OrderSide

EXACTLY = Context(prec=60)
"""Products of values and rates keep every digit in it, so that nothing is rounded before the one rounding."""
NO_BROKER = "none"
"""In place of a broker: what state and exchange take, without brokerage and depository."""


class Segment(StrEnum):
    """Which tariff a deal falls under. DELIVERY and INTRADAY are shares and fund units on an exchange."""

    __hash__ = str.__hash__

    DELIVERY = "delivery"
    INTRADAY = "intraday"
    FUTURES = "futures"
    OPTIONS = "options"
    CURRENCY_FUTURES = "currency_futures"
    CURRENCY_OPTIONS = "currency_options"
    COMMODITY_FUTURES = "commodity_futures"
    COMMODITY_OPTIONS = "commodity_options"
    MUTUAL_FUND = "mutual_fund"
    """Units bought from a fund house or given back to it: on no exchange and no contract note."""

    @property
    def is_cash(self) -> bool:
        return self in (Segment.DELIVERY, Segment.INTRADAY)

    @property
    def market(self) -> str:
        """What the exchange calls it: one charge for delivery and intraday."""
        return "cash" if self.is_cash else self.value


class Product(StrEnum):
    """How long a derivative is held: some plans charge only what is carried over night."""

    __hash__ = str.__hash__

    CARRY = "carry"
    INTRADAY = "intraday"


class Units(StrEnum):
    """What is traded, where the transaction tax tells it apart."""

    __hash__ = str.__hash__

    SHARE = "share"
    EQUITY_FUND = "equity_fund"
    """Units of an equity-oriented fund (an ETF of Indian shares)."""
    OTHER_FUND = "other_fund"
    """Units of a gold, silver, debt, liquid or overseas fund."""
    AGRI = "agri"
    """An agricultural commodity."""


class Ending(StrEnum):
    """How a derivative ends, other than by a trade. The price is then what it settles at."""

    EXERCISED = "exercised"
    """An option in the money at expiry, settled in cash to its holder: price is the intrinsic value."""
    ASSIGNED = "assigned"
    """The same for its writer, who pays the intrinsic value, and no tax on it."""
    PHYSICAL = "physical"
    """Settled by delivery of shares: price is the contract's; who receives the shares buys."""


class Service(StrEnum):
    """What a broker charges for beside the trade, per order."""

    CALL_AND_TRADE = "call_and_trade"
    AUTO_SQUARE_OFF = "auto_square_off"


@dataclass(frozen=True, slots=True)
class Deal:
    """One execution, or a whole order at its average price.

    quantity × price is the traded value in rupees: for options the premium; a quantity of currency or
    commodity counts the units that the price is of. Both above zero.
    scrip:  what tells instruments apart on the day (an ISIN or symbol); its charges are rounded together.
    group:  the scrip group at BSE (A, B, X, …), or index or stock for an option there; "" elsewhere.
    order:  the broker's order it belongs to; "": an order of its own.
    plan:   of the broker; "": its usual one.
    """

    day: TradingDay
    broker: str
    exchange: str
    segment: Segment
    side: OrderSide
    quantity: Decimal
    price: Decimal
    scrip: str = ""
    plan: str = ""
    group: str = ""
    order: str = ""
    units: Units = Units.SHARE
    product: Product = Product.CARRY
    ending: Ending | None = None
    services: frozenset[Service] = frozenset()

    def __post_init__(self) -> None:
        for field, number in (("quantity", self.quantity), ("price", self.price)):
            if not number.is_finite() or number <= 0:
                raise Misuse(field, f"{number} must be above zero", cure="The side says the direction")
            if number > _MOST:
                raise Misuse(field, f"{number} is beyond every trade", cure=f"At most {_MOST}")
        _must_fit(self)

    @property
    def value(self) -> Decimal:
        return EXACTLY.multiply(self.quantity, self.price)


_MOST = Decimal(10) ** 12


def _must_fit(deal: Deal) -> None:
    """Raises Misuse for words that contradict each other."""
    is_fund = deal.units in (Units.EQUITY_FUND, Units.OTHER_FUND)
    is_sold_back = deal.segment is Segment.MUTUAL_FUND and deal.side is OrderSide.SELL
    if is_sold_back and not is_fund:
        raise Misuse("units", "are needed: an equity fund's are taxed when given back",
                     cure=f"{Units.EQUITY_FUND} or {Units.OTHER_FUND}")  # fmt: skip
    if is_fund and not deal.segment.is_cash and deal.segment is not Segment.MUTUAL_FUND:
        raise Misuse("units", f"{deal.units} are not traded in {deal.segment}", cure="Leave it out")
    if deal.units is Units.AGRI and deal.segment is not Segment.COMMODITY_FUTURES:
        raise Misuse("units", f"agricultural {deal.segment} are not known", cure="Leave it out")
    options = (Segment.OPTIONS, Segment.CURRENCY_OPTIONS, Segment.COMMODITY_OPTIONS)
    in_cash = deal.ending in (Ending.EXERCISED, Ending.ASSIGNED)
    if in_cash and deal.segment not in options:
        raise Misuse("ending", f"{deal.segment} are not {deal.ending}", cure="Only options are")
    if in_cash and deal.segment is not Segment.OPTIONS:
        raise Misuse("ending", "no tariff is known for this exercise", cure="Options on shares and indices")
    if deal.ending is Ending.PHYSICAL and deal.segment not in (Segment.FUTURES, Segment.OPTIONS):
        raise Misuse("ending", f"{deal.segment} are not settled in shares", cure="Leave it out")
