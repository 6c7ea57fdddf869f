"""The contract note of one account and day: what was bought and sold of a scrip is matched first.

1 Of a share's deals at one exchange, as many units as were both bought and sold are intraday, whatever the
  order said; the rest is delivery. Each deal gives to both in proportion.
2 The transaction tax takes both at the day's average price of all of the scrip's deals, rounded for each.
3 Brokerage is per order; an order that is partly intraday is charged on each part. What else a broker does
  for an order it is paid for once.
4 The depository charges each scrip once, when more of it was sold than bought.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal, localcontext

from tunefolio.core.errors import Misuse
from tunefolio.core.time import TradingDay
from tunefolio.trading.charges.counting import Debit, Ordered, Turnover, counted
from tunefolio.trading.charges.deals import EXACTLY, Deal, Segment, Service
from tunefolio.trading.charges.lines import ZERO, Charges
from tunefolio.trading.charges.tariffs import Tariff, Tariffs, exchange_of
from tunefolio.trading.orders import OrderSide

_SPLIT = Decimal("1e-12")


@dataclass(frozen=True, slots=True)
class Note:
    """The charges of a day at one broker. intraday: by exchange and scrip, the units matched."""

    day: TradingDay
    broker: str
    plan: str
    deals: tuple[Deal, ...]
    charges: Charges
    intraday: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class _Piece:
    """A deal, or the part of one that settles in one way."""

    deal: Deal
    tariff: Tariff
    segment: Segment
    value: Decimal


@dataclass(slots=True)
class _Scrip:
    """The deals of one scrip at one exchange in one kind of market."""

    name: str
    deals: list[Deal] = field(default_factory=list)

    def units(self, side: OrderSide) -> Decimal:
        return sum((deal.quantity for deal in self.deals if deal.side is side), ZERO)

    @property
    def matched(self) -> Decimal:
        return min(self.units(OrderSide.BUY), self.units(OrderSide.SELL))


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
    for scrip in scrips:
        pieces = list(_pieces(scrip, tariffs))
        turnovers += _turnovers(scrip, pieces)
        _add_orders(orders, pieces)
        _add_debit(debits, scrip, pieces)
    first = deals[0]
    matched = tuple((one.name, one.matched) for one in scrips if _is_cash(one) and one.matched)
    found = counted(turnovers, list(orders.values()), debits.values())
    return Note(first.day, first.broker, first.plan, tuple(deals), found, matched)


def notes(deals: Iterable[Deal], tariffs: Tariffs) -> list[Note]:
    """One note for each day, broker and plan, by day. One pass; memory is that of the deals."""
    days: dict[tuple[TradingDay, str, str], list[Deal]] = {}
    for deal in deals:
        days.setdefault((deal.day, deal.broker, deal.plan), []).append(deal)
    return [note(days[key], tariffs) for key in sorted(days)]


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
        market = deal.segment.market
        key = (exchange_of(deal.exchange), deal.scrip or place, market, deal.units, deal.group, deal.ending)
        found.setdefault(key, _Scrip(deal.scrip)).deals.append(deal)
    return list(found.values())


def _is_cash(scrip: _Scrip) -> bool:
    return scrip.deals[0].segment.is_cash


def _pieces(scrip: _Scrip, tariffs: Tariffs) -> Iterator[_Piece]:
    if not _is_cash(scrip):
        for deal in scrip.deals:
            yield _Piece(deal, tariffs.of(deal), deal.segment, deal.value)
        return
    matched = scrip.matched
    sums = {side: scrip.units(side) for side in OrderSide}
    for deal in scrip.deals:
        whole, value = sums[deal.side], deal.value
        intraday = value if matched == whole else _share(value, matched, whole)
        services = deal.services
        for segment, part in ((Segment.INTRADAY, intraday), (Segment.DELIVERY, value - intraday)):
            if part:
                settled = _settled(deal, segment, services)
                yield _Piece(settled, tariffs.of(settled), segment, part)
                services = frozenset()


def _settled(deal: Deal, segment: Segment, services: frozenset[Service]) -> Deal:
    if deal.segment is segment and deal.services == services:
        return deal
    return replace(deal, segment=segment, services=services)


def _turnovers(scrip: _Scrip, pieces: Sequence[_Piece]) -> Iterator[Turnover]:
    kinds: dict[tuple[object, ...], list[_Piece]] = {}
    for piece in pieces:
        kinds.setdefault((piece.segment, piece.deal.product), []).append(piece)
    for found in kinds.values():
        bought, sold = (_value(found, side) for side in (OrderSide.BUY, OrderSide.SELL))
        taxed = _at_the_average(scrip, found[0].segment) if _is_cash(scrip) else (bought, sold)
        yield Turnover(scrip.name, found[0].tariff, bought, sold, *taxed)


def _value(pieces: Sequence[_Piece], side: OrderSide) -> Decimal:
    return sum((piece.value for piece in pieces if piece.deal.side is side), ZERO)


def _at_the_average(scrip: _Scrip, segment: Segment) -> tuple[Decimal, Decimal]:
    """Bought and sold of that kind, valued at the average price of all the scrip's deals of the day."""
    units = {side: scrip.units(side) for side in OrderSide}
    whole, matched = sum(units.values(), ZERO), scrip.matched
    value = sum((deal.value for deal in scrip.deals), ZERO)
    bought, sold = (
        matched if segment is Segment.INTRADAY else units[side] - matched
        for side in (OrderSide.BUY, OrderSide.SELL)
    )
    return (_share(value, bought, whole), _share(value, sold, whole))


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
        value = piece.value + (known.value if known else ZERO)
        services = deal.services | (known.services if known else frozenset[Service]())
        orders[key] = Ordered(deal.order or deal.scrip, piece.tariff, value, services)


def _add_debit(debits: dict[str, Debit], scrip: _Scrip, pieces: Sequence[_Piece]) -> None:
    """The same scrip sold on two exchanges leaves the depository once."""
    for piece in pieces:
        if piece.segment is Segment.DELIVERY and piece.deal.side is OrderSide.SELL:
            name = scrip.name or f"{len(debits)}"
            known = debits.get(name)
            debits[name] = Debit(scrip.name, piece.tariff, piece.value + (known.value if known else ZERO))
