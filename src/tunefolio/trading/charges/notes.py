"""The contract note of one account and day: what was bought and sold of a scrip is matched first.

1 Of a share's deals at one exchange, as many units as were both bought and sold are intraday, whatever the
  order said; the rest is delivery. Each deal gives to both in proportion.
2 The transaction tax takes both at the day's average price of all of the scrip's deals, which the law rounds
  to the paisa; the tax is rounded for each.
3 Brokerage is per order; an order that is partly intraday is charged on each part. What else a broker does
  for an order it is paid for once.
4 The depository charges each scrip once, when more of it was sold than bought.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, localcontext

from tunefolio.core.errors import Misuse
from tunefolio.core.missing import Missing
from tunefolio.core.time import TradingDay
from tunefolio.trading.charges.counting import Debit, Ordered, Turnover, counted, tax_on
from tunefolio.trading.charges.deals import EXACTLY, Deal, Product, Segment, Service
from tunefolio.trading.charges.lines import ZERO, Charges, Part
from tunefolio.trading.charges.tariffs import Tariff, Tariffs, exchange_of
from tunefolio.trading.orders import OrderSide

_SPLIT = Decimal("1e-12")
_NOTHING: frozenset[Service] = frozenset()


@dataclass(frozen=True, slots=True)
class Note:
    """The charges of a day at one broker. intraday: by exchange and scrip, the units matched."""

    day: TradingDay
    broker: str
    plan: str
    deals: tuple[Deal, ...]
    charges: Charges
    intraday: tuple[tuple[str, Decimal], ...] = ()


@dataclass(slots=True)
class _Piece:
    """A deal, or the part of one that settles in one way."""

    deal: Deal
    tariff: Tariff
    segment: Segment
    value: Decimal
    services: frozenset[Service]


@dataclass(slots=True)
class _Scrip:
    """The deals of one scrip at one exchange in one kind of market; bought and sold: units."""

    name: str
    is_cash: bool
    deals: list[Deal] = field(default_factory=list)
    values: list[Decimal] = field(default_factory=list)
    bought: Decimal = ZERO
    sold: Decimal = ZERO

    def add(self, deal: Deal) -> None:
        self.deals.append(deal)
        self.values.append(deal.quantity * deal.price)
        if deal.side is OrderSide.BUY:
            self.bought += deal.quantity
        else:
            self.sold += deal.quantity

    @property
    def matched(self) -> Decimal:
        return min(self.bought, self.sold) if self.is_cash else ZERO


@dataclass(slots=True)
class _Sum:
    """Bought and sold in rupees, of pieces that settle in one way."""

    tariff: Tariff
    bought: Decimal = ZERO
    sold: Decimal = ZERO


def note(deals: Sequence[Deal], tariffs: Tariffs) -> Note:
    """All deals of one day, broker and plan; at least one. Raises Misuse for others, and as Tariffs.of."""
    _must_be_one_note(deals)
    with localcontext(EXACTLY):
        return _note(deals, tariffs)


def _note(deals: Sequence[Deal], tariffs: Tariffs) -> Note:
    scrips = _scrips(deals)
    turnovers: list[Turnover] = []
    orders: dict[tuple[object, ...], Ordered] = {}
    debits: dict[str, Debit] = {}
    leaving = _leaving(scrips)
    for scrip in scrips:
        pieces = list(_pieces(scrip, tariffs))
        turnovers += _turnovers(scrip, pieces)
        _add_orders(orders, pieces)
        if not scrip.name or scrip.name in leaving:
            _add_debit(debits, scrip, pieces)
    first = deals[0]
    matched = tuple((one.name, one.matched) for one in scrips if one.matched)
    found = counted(turnovers, list(orders.values()), debits.values())
    return Note(first.day, first.broker, first.plan, tuple(deals), found, matched)


def tax_of(deals: Sequence[Deal], tariffs: Tariffs) -> list[Part | Missing]:
    """The transaction tax of a note alone, part by part, at a tenth of its cost. Raises as `note`."""
    _must_be_one_note(deals)
    with localcontext(EXACTLY):
        return [
            part
            for scrip in _scrips(deals)
            for turnover in _turnovers(scrip, list(_pieces(scrip, tariffs)))
            for part in tax_on(turnover)
        ]


def iter_notes(deals: Iterable[Deal], tariffs: Tariffs) -> Iterator[Note]:
    """One note for each day, broker and plan, by day. Deals in any order: they are kept, a note is not."""
    days: dict[tuple[TradingDay, str, str], list[Deal]] = {}
    for deal in deals:
        days.setdefault((deal.day, deal.broker, deal.plan), []).append(deal)
    for key in sorted(days):
        yield note(days[key], tariffs)


def _must_be_one_note(deals: Sequence[Deal]) -> None:
    if not deals:
        raise Misuse("trades", "there are none", cure="A contract note needs a trade")
    for field_, said in (
        ("date", {deal.day for deal in deals}),
        ("broker", {deal.broker for deal in deals}),
        ("plan", {deal.plan for deal in deals}),
    ):
        if len(said) > 1:
            raise Misuse(field_, f"a contract note has one, not {len(said)}", cure="Make a note for each")


def _scrips(deals: Sequence[Deal]) -> list[_Scrip]:
    found: dict[tuple[object, ...], _Scrip] = {}
    for place, deal in enumerate(deals):
        is_cash = deal.segment.is_cash
        market = "cash" if is_cash else deal.segment
        key = (exchange_of(deal.exchange), deal.scrip or place, market, deal.units, deal.group, deal.ending)
        scrip = found.get(key)
        if scrip is None:
            scrip = found[key] = _Scrip(deal.scrip, is_cash)
        scrip.add(deal)
    return list(found.values())


def _pieces(scrip: _Scrip, tariffs: Tariffs) -> Iterator[_Piece]:
    known: dict[tuple[Segment, Product], Tariff] = {}

    def piece(deal: Deal, segment: Segment, value: Decimal, services: frozenset[Service]) -> _Piece:
        tariff = known.get((segment, deal.product))
        if tariff is None:
            tariff = known[segment, deal.product] = tariffs.of(deal, segment)
        return _Piece(deal, tariff, segment, value, services)

    if not scrip.is_cash:
        for deal, value in zip(scrip.deals, scrip.values, strict=True):
            yield piece(deal, deal.segment, value, deal.services)
        return
    matched = scrip.matched
    for deal, value in zip(scrip.deals, scrip.values, strict=True):
        whole = scrip.bought if deal.side is OrderSide.BUY else scrip.sold
        intraday = value if matched == whole else _share(value, matched, whole) if matched else ZERO
        services = deal.services
        if intraday:
            yield piece(deal, Segment.INTRADAY, intraday, services)
            services = _NOTHING
        if rest := value - intraday:
            yield piece(deal, Segment.DELIVERY, rest, services)


def _turnovers(scrip: _Scrip, pieces: Sequence[_Piece]) -> Iterator[Turnover]:
    sums: dict[tuple[Segment, Product], _Sum] = {}
    for piece in pieces:
        key = (piece.segment, piece.deal.product)
        kind = sums.get(key)
        if kind is None:
            kind = sums[key] = _Sum(piece.tariff)
        if piece.deal.side is OrderSide.BUY:
            kind.bought += piece.value
        else:
            kind.sold += piece.value
    for (segment, _), kind in sums.items():
        tariff, bought, sold = kind.tariff, kind.bought, kind.sold
        if scrip.is_cash:
            taxed = _at_the_average(scrip, segment, tariff)
            yield Turnover(scrip.name, tariff, bought, sold, *taxed, (tariff.rounding.price,))
        else:
            yield Turnover(scrip.name, tariff, bought, sold, bought, sold)


def _at_the_average(scrip: _Scrip, segment: Segment, tariff: Tariff) -> tuple[Decimal, Decimal]:
    """Bought and sold of that kind, valued at the average price of all the scrip's deals of the day."""
    price = tariff.rounding.average(sum(scrip.values, ZERO), scrip.bought + scrip.sold)
    matched = scrip.matched
    if segment is Segment.INTRADAY:
        return matched * price, matched * price
    return (scrip.bought - matched) * price, (scrip.sold - matched) * price


def _share(value: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """value × part ÷ whole to 12 places: what is left to the other part is exact, and so is every product."""
    return (value * part / whole).quantize(_SPLIT, ROUND_HALF_UP)


def _add_orders(orders: dict[tuple[object, ...], Ordered], pieces: Sequence[_Piece]) -> None:
    """Deals of one order are one order; the part of it that is intraday another."""
    for piece in pieces:
        deal = piece.deal
        name = deal.order or len(orders)
        key = (deal.exchange, name, deal.scrip, deal.side, piece.segment, deal.product, deal.ending)
        known = orders.get(key)
        value, services = piece.value, piece.services
        if known is not None:
            value, services = value + known.value, services | known.services
        orders[key] = Ordered(deal.order or deal.scrip, piece.tariff, value, services)


def _leaving(scrips: Sequence[_Scrip]) -> frozenset[str]:
    """The scrips of which more was sold than bought, over all exchanges: their clearing settles as one."""
    net: dict[str, Decimal] = {}
    for scrip in scrips:
        if scrip.is_cash:
            net[scrip.name] = net.get(scrip.name, ZERO) + scrip.sold - scrip.bought
    return frozenset(name for name, units in net.items() if units > 0)


def _add_debit(debits: dict[str, Debit], scrip: _Scrip, pieces: Sequence[_Piece]) -> None:
    """The same scrip sold on two exchanges leaves the depository once."""
    for piece in pieces:
        if piece.segment is Segment.DELIVERY and piece.deal.side is OrderSide.SELL:
            name = scrip.name or f"{len(debits)}"
            known = debits.get(name)
            debits[name] = Debit(scrip.name, piece.tariff, piece.value + (known.value if known else ZERO))
