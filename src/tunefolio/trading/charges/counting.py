"""From turnover and orders to lines. Numbered as the contract note does it.

1 Shares of the value: of what was bought and sold of a scrip, each side by its rule.
2 Transaction tax: the same, rounded for each scrip by itself.
3 Brokerage: per order, below the ceiling of the regulator.
4 What the broker books beside the note: depository charge per scrip sold, services per order, with GST.
5 GST on the unrounded lines that its rule names. Then every other line is rounded, once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from tunefolio.core.missing import Missing, missing_of
from tunefolio.core.money import INR, Money
from tunefolio.core.rules import Rule
from tunefolio.trading.charges.deals import EXACTLY, Service
from tunefolio.trading.charges.levies import Fee, Levy, LineName
from tunefolio.trading.charges.lines import ZERO, Charges, Line, MissingLine, Part
from tunefolio.trading.charges.tariffs import Tariff

_TAXES = frozenset({LineName.STT, LineName.CTT})


@dataclass(frozen=True, slots=True)
class Turnover:
    """What was bought and sold of one scrip under one tariff, rupees.

    taxed_bought, taxed_sold: the same as the transaction tax sees it, at the day's average price.
    by: the rules that make it so.
    """

    of: str
    tariff: Tariff
    bought: Decimal
    sold: Decimal
    taxed_bought: Decimal
    taxed_sold: Decimal
    by: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Ordered:
    """The value of one order under one tariff, and what its broker did for it beside."""

    of: str
    tariff: Tariff
    value: Decimal
    services: frozenset[Service] = frozenset()


@dataclass(frozen=True, slots=True)
class Debit:
    """What left the depository of one scrip on one day, rupees."""

    of: str
    tariff: Tariff
    value: Decimal


class _Sheet:
    """Parts by line as they are found, and holes."""

    def __init__(self) -> None:
        self.parts: dict[LineName, list[Part]] = {}
        self.holes: dict[LineName, list[Missing]] = {}

    def put(self, line: LineName, part: Part | Missing) -> None:
        if isinstance(part, Missing):
            self.holes.setdefault(line, []).append(part)
        else:
            self.parts.setdefault(line, []).append(part)

    def exact(self, line: LineName) -> Decimal:
        return sum((part.exact for part in self.parts.get(line, ())), ZERO)


def counted(turnovers: Sequence[Turnover], orders: Sequence[Ordered], debits: Iterable[Debit]) -> Charges:
    """The charges of one day and broker. At least one turnover."""
    with localcontext(EXACTLY):
        return _counted(turnovers, orders, debits)


def _counted(turnovers: Sequence[Turnover], orders: Sequence[Ordered], debits: Iterable[Debit]) -> Charges:
    sheet, tariff = _Sheet(), turnovers[0].tariff
    for turnover in turnovers:
        _levied(sheet, turnover)
    for order in orders:
        _brokered(sheet, order)
    for debit in debits:
        if debit.tariff.dp is not None:
            sheet.put(LineName.DP, _with_gst(debit.tariff.dp, debit.of, debit.value, debit.tariff))
    _taxed_services(sheet, tariff)
    value = sum((one.bought + one.sold for one in turnovers), ZERO)
    return Charges(value, tuple(_lines(sheet, tariff)))


def _levied(sheet: _Sheet, turnover: Turnover) -> None:
    for line, levy in turnover.tariff.levies.items():
        if isinstance(levy, Missing):
            sheet.put(line, levy)
        elif line in _TAXES:
            sheet.put(line, _taxed(turnover, levy))
        else:
            base = levy.base(turnover.bought, turnover.sold)
            sheet.put(line, Part(turnover.of, base, levy.words, base * levy.rate, levy.rules))


def tax_on(turnover: Turnover) -> Iterator[Part | Missing]:
    """The transaction tax alone, as `counted` has it."""
    for line, levy in turnover.tariff.levies.items():
        if line in _TAXES:
            yield levy if isinstance(levy, Missing) else _taxed(turnover, levy)


def _taxed(turnover: Turnover, levy: Levy) -> Part:
    base = levy.base(turnover.taxed_bought, turnover.taxed_sold)
    exact = base * levy.rate
    rounded = turnover.tariff.rounding.rounded(levy.line, exact)
    return Part(turnover.of, base, levy.words, exact, levy.rules + turnover.by, rounded)


def _brokered(sheet: _Sheet, order: Ordered) -> None:
    fee, ceiling = order.tariff.brokerage, order.tariff.ceiling
    if isinstance(fee, Missing):
        sheet.put(LineName.BROKERAGE, fee)
    elif fee is not None:
        amount, words = fee.on(order.value), fee.words
        rules = fee.rules
        if ceiling is not None and amount > order.value * ceiling.rate:
            amount, rules = order.value * ceiling.rate, (fee.rule, ceiling.rule)
            words = f"{words}; no more than {ceiling.words} of the value"
        sheet.put(LineName.BROKERAGE, Part(order.of, order.value, words, amount, rules))
    for service in sorted(order.services):
        asked = order.tariff.services[service]
        sheet.put(LineName(service.value), _with_gst(asked, order.of, order.value, order.tariff))


def _with_gst(fee: Fee | Missing, of: str, value: Decimal, tariff: Tariff) -> Part | Missing:
    """A fee that stands beside the note: its GST is in it, rounded for each by itself."""
    if isinstance(fee, Missing):
        return fee
    exact = fee.on(value) * (1 + tariff.gst.rate)
    rules = (fee.rule, tariff.gst.rule)
    words = f"{fee.words} and GST"
    return Part(of, value, words, exact, rules, tariff.rounding.rounded(fee.line, exact))


def _taxed_services(sheet: _Sheet, tariff: Tariff) -> None:
    gst = tariff.gst
    hole = missing_of(hole for line in gst.base for hole in sheet.holes.get(line, ()))
    if hole is not None:
        sheet.put(LineName.GST, Missing(f"GST on what is missing ({hole.reason})", hole.cure))
        return
    base = sum((sheet.exact(line) for line in gst.base), ZERO)
    if not base:
        return
    sheet.put(LineName.GST, Part("", base, gst.words, base * gst.rate, (gst.rule,)))


def _lines(sheet: _Sheet, tariff: Tariff) -> Iterator[Line | MissingLine]:
    holes: Mapping[LineName, list[Missing]] = sheet.holes
    for name in LineName:
        hole = missing_of(holes.get(name, ()))
        if hole is not None:
            yield MissingLine(name, hole)
        elif name in sheet.parts:
            parts = tuple(sheet.parts[name])
            exact = sum((part.exact for part in parts), ZERO)
            alone = [part.rounded for part in parts if part.rounded is not None]
            amount = sum(alone, ZERO) if alone else tariff.rounding.rounded(name, exact)
            yield Line(name, parts, exact, Money(amount, INR))
