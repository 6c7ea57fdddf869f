"""The daily file of a simulated exchange, in the shape of UDiFF and in NSE's shape before it.

What was paid is told: before a split more than in today's units. The previous close is the one that was paid
on the day before, which on an ex-date is not comparable.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tunefolio.core.time import Instant, TradingDay
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.universe import Kind, Listed
from tunefolio.sandbox.world.papers import written

UDIFF = (
    "TradDt,BizDt,Sgmt,Src,FinInstrmTp,FinInstrmId,ISIN,TckrSymb,SctySrs,XpryDt,FininstrmActlXpryDt,StrkPric,"
    "OptnTp,FinInstrmNm,OpnPric,HghPric,LwPric,ClsPric,LastPric,PrvsClsgPric,UndrlygPric,SttlmPric,OpnIntrst,"
    "ChngInOpnIntrst,TtlTradgVol,TtlTrfVal,TtlNbOfTxsExctd,SsnId,NewBrdLotQty,Rmks,Rsvd1,Rsvd2,Rsvd3,Rsvd4"
)
_OLD = "SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,TOTALTRADES,ISIN,"


@dataclass(frozen=True, slots=True)
class Line:
    """One security's session, prices in paise and units as they were on that day."""

    listed: Listed
    open: int
    high: int
    low: int
    close: int
    previous: int
    volume: int

    @property
    def turnover(self) -> str:
        return f"{self.close * self.volume / 100:.2f}"


def lines(market: Market, exchange: str, day: TradingDay, now: Instant) -> Iterator[Line]:
    """Every security of that exchange; indices are none."""
    before = market.sessions.before(day)
    for listed in market.universe:
        if listed.exchange != exchange or listed.company.kind not in (Kind.SHARE, Kind.ETF):
            continue
        (candle,) = market.paid_days(listed, day, day.plus_days(1), now)
        prices = candle.open, candle.high, candle.low, candle.close
        yield Line(listed, *prices, market.paid(listed, before), candle.volume)


def udiff(market: Market, exchange: str, day: TradingDay, now: Instant) -> str:
    rows = (_udiff_row(line, day) for line in lines(market, exchange, day, now))
    return "\n".join([UDIFF, *rows, ""])


def old(market: Market, exchange: str, day: TradingDay, now: Instant) -> str:
    """As NSE wrote it until July 2024."""
    rows = (_old_row(line, written(day).upper()) for line in lines(market, exchange, day, now))
    return "\n".join([_OLD, *rows, ""])


def _udiff_row(line: Line, day: TradingDay) -> str:
    company = line.listed.company
    series = company.series if line.listed.exchange == "NSE" else "A"
    close = rupees(line.close)
    cells = [
        day.iso(), day.iso(), "CM", line.listed.exchange, "STK", str(line.listed.exchange_token),
        company.isin or "", company.symbol, series, "", "", "", "", company.name.upper().replace(",", " "),
        rupees(line.open), rupees(line.high), rupees(line.low), close, close, rupees(line.previous), "",
        close, "", "", str(line.volume), line.turnover, str(1 + line.volume // 40), "F1", "1",
        "", "", "", "", "",
    ]  # fmt: skip
    return ",".join(cells)


def _old_row(line: Line, day: str) -> str:
    company = line.listed.company
    close = rupees(line.close)
    cells = [
        company.symbol, company.series, rupees(line.open), rupees(line.high), rupees(line.low), close, close,
        rupees(line.previous), str(line.volume), line.turnover, day, str(1 + line.volume // 40),
        company.isin or "", "",
    ]  # fmt: skip
    return ",".join(cells)


def rupees(paise: int) -> str:
    return f"{paise // 100}.{paise % 100:02d}"
