"""The calculator: what a person types becomes a deal, and its charges with every rule they stand on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from tunefolio.core.errors import Misuse
from tunefolio.core.money import decimal_of
from tunefolio.core.rules import Rule
from tunefolio.core.time import TradingDay
from tunefolio.trading.charges.charges import charges
from tunefolio.trading.charges.deals import NO_BROKER, Deal, Ending, Product, Segment, Service, Units
from tunefolio.trading.charges.lines import Charges
from tunefolio.trading.charges.tariffs import FUND_HOUSE, Tariffs
from tunefolio.trading.charges.tariffs import tariffs as shipped
from tunefolio.trading.orders import OrderSide

Word = TypeVar("Word", bound=StrEnum)
_AHEAD_DAYS = 366
"""A trade that is planned is charged by today's rules; no further ahead than they can be believed."""
_EXCHANGES = {
    Segment.COMMODITY_FUTURES: "MCX",
    Segment.COMMODITY_OPTIONS: "MCX",
    Segment.MUTUAL_FUND: FUND_HOUSE,
}


@dataclass(frozen=True, slots=True)
class Wish:
    """A deal as typed. exchange: "" for the usual one of the segment; day: "" for today; plan, group, units,
    product, ending: "" for the usual; services: words parted by commas."""

    broker: str
    segment: str
    side: str
    quantity: str
    price: str
    day: str = ""
    exchange: str = ""
    plan: str = ""
    group: str = ""
    units: str = ""
    product: str = ""
    ending: str = ""
    services: str = ""
    scrip: str = ""
    order: str = ""


def deal_of(wish: Wish, today: TradingDay) -> Deal:
    """Raises Misuse with the field that is wrong, before any tariff is asked."""
    segment = _word(Segment, wish.segment, "segment")
    return Deal(
        day=_day(wish.day, today) if wish.day.strip() else today,
        broker=broker_of(wish.broker),
        exchange=wish.exchange.strip().upper() or _EXCHANGES.get(segment, "NSE"),
        segment=segment,
        side=_word(OrderSide, wish.side, "side"),
        quantity=_number(wish.quantity, "quantity"),
        price=_number(wish.price, "price"),
        scrip=wish.scrip.strip(),
        plan=_plain_word(wish.plan),
        group=wish.group.strip().upper(),
        order=wish.order.strip(),
        units=_word(Units, wish.units, "units") if wish.units.strip() else Units.SHARE,
        product=_word(Product, wish.product, "product") if wish.product.strip() else Product.CARRY,
        ending=_word(Ending, wish.ending, "ending") if wish.ending.strip() else None,
        services=frozenset(_word(Service, one, "services") for one in _words(wish.services)),
    )


def calculated(wish: Wish, today: TradingDay) -> tuple[Deal, Charges]:
    """The deal understood, and its charges by the tariffs that ship. Raises Misuse."""
    deal = deal_of(wish, today)
    return deal, charges(deal, shipped())


def rules_on(day: TradingDay, tariffs: Tariffs | None = None) -> tuple[Rule, ...]:
    """Every rule of that day, by name; roundings and plans too. Raises Misuse before they begin."""
    book = tariffs or shipped()
    if day < book.begins:
        raise Misuse("date", f"no tariff of {day} is known", cure=f"Take {book.begins} or a later day")
    return book.book.in_force(day)


_SAME_BROKER = {"kotakneo": "kotak", "": NO_BROKER}
"""What the house calls a broker whose tariff has a shorter name."""


def broker_of(text: str) -> str:
    """The tariff's name of a broker, by its own or the house's."""
    name = text.strip().lower().replace(" ", "").replace("_", "")
    return _SAME_BROKER.get(name, name)


def figures_of(rule: Rule) -> str:
    """A rule's words and figures as its row has them, for a table."""
    shown = {name: value for name, value in rule.values.items() if name not in {"title", "default"}}
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in shown.items())


def _word(kind: type[Word], text: str, field: str) -> Word:
    try:
        return kind(_plain_word(text))
    except ValueError:
        raise Misuse(field, f"{text.strip()[:40]!r} is unknown", cure=f"One of {', '.join(kind)}") from None


def _words(text: str) -> list[str]:
    return [one for one in text.split(",") if one.strip()]


def _plain_word(text: str) -> str:
    return text.strip().lower().replace("-", "_").replace(" ", "_")


def _number(text: str, field: str) -> Decimal:
    said = text.replace(",", "").replace("₹", "").strip()
    if len(said) > 40:
        raise Misuse(field, "is too long for a number", cure="Write it in figures")
    try:
        number = decimal_of(said, field)
    except Misuse as wrong:
        raise Misuse(field, wrong.problem, cure="Write it in figures") from None
    exponent = number.as_tuple().exponent
    if number.adjusted() > 12:
        raise Misuse(field, f"{said} is beyond every trade", cure="Write it in units and rupees")
    if isinstance(exponent, int) and exponent < -8:
        raise Misuse(field, f"{said} cannot be charged", cure="At most eight decimal places")
    return number


def _day(text: str, today: TradingDay) -> TradingDay:
    try:
        day = TradingDay.parse(text)
    except Misuse as wrong:
        raise Misuse("date", wrong.problem, cure=wrong.cure) from None
    if day - today > _AHEAD_DAYS:
        raise Misuse("date", f"nobody knows the tariffs of {day} yet", cure="At most a year ahead")
    return day


def choices(tariffs: Tariffs | None = None) -> dict[str, list[tuple[str, str]]]:
    """What a form offers: value and words of brokers with their plans, segments, and the rest."""
    found = tariffs or shipped()
    return {
        "plans": [(f"{one.broker}:{one.name}", one.title) for one in found.plans],
        "segments": _titled(Segment),
        "units": _titled(Units),
        "products": _titled(Product),
        "endings": _titled(Ending),
        "services": _titled(Service),
    }


def _titled(kind: Iterable[StrEnum]) -> list[tuple[str, str]]:
    return [(one.value, one.value.replace("_", " ").capitalize()) for one in kind]
