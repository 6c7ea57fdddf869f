"""What the rehearsal's brokers say that an order costs: rates as published, of the exchange's own day.

Written from brokers' published notes and price lists, apart from the product's own tariffs, so that each can
find the other wrong. Shares, futures, options and metals, since April 2023.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from tunefolio.core.time import TradingDay


class Sort(StrEnum):
    """What an order is, as brokers tell orders apart."""

    DELIVERY = "delivery"
    INTRADAY = "intraday"
    FUTURES = "futures"
    OPTIONS = "options"
    COMMODITY = "commodity"


@dataclass(frozen=True, slots=True)
class Count:
    """One order's charges, rupees, unrounded. tax_name: stt or ctt. fund: of investor protection."""

    brokerage: Decimal
    turnover: Decimal
    fund: Decimal
    sebi: Decimal
    stamp: Decimal
    tax: Decimal
    tax_name: str
    gst: Decimal

    @property
    def total(self) -> Decimal:
        return self.brokerage + self.turnover + self.fund + self.sebi + self.stamp + self.tax + self.gst


_CRORE = Decimal(10) ** 7
_HUNDRED = Decimal(100)


def _table(*rows: tuple[str, str]) -> tuple[tuple[TradingDay, Decimal], ...]:
    return tuple((TradingDay.parse(day), Decimal(number)) for day, number in rows)


_START, _CUT, _LABEL, _FOLD = "2023-04-01", "2024-04-01", "2024-10-01", "2026-03-01"
"""First days: of this list, of NSE's lower charges, of one charge for all, of the fund inside the charge."""
_TURNOVER_A_CRORE = {
    ("NSE", Sort.DELIVERY): _table((_START, "325"), (_CUT, "322"), (_LABEL, "297"), (_FOLD, "306.99")),
    ("NSE", Sort.FUTURES): _table((_START, "190"), (_CUT, "188"), (_LABEL, "173"), (_FOLD, "182.99")),
    ("NSE", Sort.OPTIONS): _table((_START, "5000"), (_CUT, "4950"), (_LABEL, "3503"), (_FOLD, "3552.99")),
    ("BSE", Sort.DELIVERY): _table((_START, "375")),
    ("MCX", Sort.COMMODITY): _table((_START, "260"), (_LABEL, "210")),
}  # fmt: skip
_FUND_A_CRORE = {
    Sort.DELIVERY: _table((_START, "10"), (_FOLD, "0.01")),
    Sort.FUTURES: _table((_START, "10"), (_FOLD, "0.01")),
    Sort.OPTIONS: _table((_START, "50"), (_FOLD, "0.01")),
}
_TAX_PER_CENT = {
    Sort.DELIVERY: _table((_START, "0.1")),
    Sort.INTRADAY: _table((_START, "0.025")),
    Sort.FUTURES: _table((_START, "0.0125"), ("2024-10-01", "0.02"), ("2026-04-01", "0.05")),
    Sort.OPTIONS: _table((_START, "0.0625"), ("2024-10-01", "0.1"), ("2026-04-01", "0.15")),
    Sort.COMMODITY: _table((_START, "0.01")),
}
_STAMP_PER_CENT = {
    Sort.DELIVERY: Decimal("0.015"),
    Sort.INTRADAY: Decimal("0.003"),
    Sort.FUTURES: Decimal("0.002"),
    Sort.OPTIONS: Decimal("0.003"),
    Sort.COMMODITY: Decimal("0.002"),
}
_SEBI_A_CRORE = Decimal(10)
_GST = Decimal("0.18")


def zerodha(exchange: str, sort: Sort, side: str, value: Decimal, day: TradingDay) -> Count:
    """Delivery is free; else three basis points, at most twenty rupees; of options twenty. Stamp duty stands
    in whole rupees, as in the published note."""
    fee = Decimal(20)
    if sort is Sort.DELIVERY:
        fee = Decimal(0)
    elif sort is not Sort.OPTIONS:
        fee = min(fee, value * Decimal("0.0003"))
    found = _counted(exchange, sort, side, value, day, fee)
    whole = found.stamp.quantize(Decimal(1), ROUND_HALF_UP)
    return replace(found, stamp=whole)


def angel(exchange: str, sort: Sort, side: str, value: Decimal, day: TradingDay) -> Count:
    """Since November 2024 a delivery costs a tenth of a per cent, from two rupees to twenty."""
    fee = Decimal(20)
    if sort is Sort.DELIVERY:
        is_free = day < TradingDay.parse("2024-11-01")
        fee = Decimal(0) if is_free else min(fee, max(Decimal(2), value / 1000))
    elif sort is not Sort.OPTIONS:
        fee = min(fee, value * Decimal("0.0003"))
    return _counted(exchange, sort, side, value, day, fee)


def _counted(exchange: str, sort: Sort, side: str, value: Decimal, day: TradingDay, fee: Decimal) -> Count:
    market = Sort.DELIVERY if sort is Sort.INTRADAY else sort
    place = {"NFO": "NSE", "BFO": "BSE"}.get(exchange, exchange)
    turnover = value * _of_day(_TURNOVER_A_CRORE.get((place, market), ()), day) / _CRORE
    fund = value * _of_day(_FUND_A_CRORE.get(market, ()) if place == "NSE" else (), day) / _CRORE
    sebi = value * _SEBI_A_CRORE / _CRORE
    is_taxed = side == "SELL" or sort is Sort.DELIVERY
    tax = value * _of_day(_TAX_PER_CENT[sort], day) / _HUNDRED if is_taxed else Decimal(0)
    stamp = value * _STAMP_PER_CENT[sort] / _HUNDRED if side == "BUY" else Decimal(0)
    name = "ctt" if sort is Sort.COMMODITY else "stt"
    return Count(fee, turnover, fund, sebi, stamp, tax, name, _GST * (fee + turnover + sebi))


def _of_day(rows: tuple[tuple[TradingDay, Decimal], ...], day: TradingDay) -> Decimal:
    held = [rate for since, rate in rows if since <= day]
    return held[-1] if held else Decimal(0)
