"""What Binance's answers say, without any network. Prices are text; times are milliseconds of UTC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tunefolio.adapters.answers import document, moment, nonsense, number, price, row_of, rows_of
from tunefolio.adapters.http import Answer
from tunefolio.core.errors import Rejected, Retry, TunefolioError
from tunefolio.core.money import Currency
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.bars import Bar
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing
from tunefolio.market.provider import MasterRow, QuoteClaim

WHO = "Binance"
UNKNOWN_SYMBOL = "unknown_symbol"
_FIELDS = 7

Ticker = tuple[Decimal, Decimal | None, Instant]
"""Last price, the one of a day before, and when."""


def judged(answer: Answer) -> TunefolioError | None:
    """403 (its wall), 418 (banned), 429 and 5xx → Retry; 451 → Rejected: not from this country."""
    status = answer.status
    if status < 300:
        return None
    if status in {403, 418, 429} or status >= 500:
        words = {403: "turned away by its wall", 418: "banned for a while", 429: "asked too often"}
        return Retry(f"{WHO}: {words.get(status, f'status {status}')}", after=answer.retry_after)
    if status == 451:
        return Rejected(f"{WHO}: does not serve the country this is asked from", code="http_451")
    code, words_of = _error(answer)
    if code == -1121:
        return Rejected(f"{WHO}: no such symbol", code=UNKNOWN_SYMBOL)
    return Rejected(f"{WHO}: refused with status {status} {words_of}".strip(), code=f"http_{status}")


def _error(answer: Answer) -> tuple[int, str]:
    """Its own code and words; 0 and "" for a page."""
    try:
        told = document(answer, WHO)
    except Retry:
        return 0, ""
    if not isinstance(told, dict) or not isinstance(told.get("code"), int):
        return 0, ""
    return told["code"], f"({told['code']}: {str(told.get('msg'))[:120]})"


def weight(answer: Answer) -> int:
    """What this address has spent of the running minute; 0 where it does not say."""
    text = answer.headers.get("x-mbx-used-weight-1m", "")
    return int(text[:9]) if text.isascii() and text.isdigit() else 0


def klines(answer: Answer) -> list[tuple[Instant, Bar]]:
    """Daily candles with the instant each ends; a candle's day is the UTC date on which it begins.

    Volumes are units of the coin, rounded down: the column holds whole ones.
    """
    found: list[tuple[Instant, Bar]] = []
    for line in rows_of(document(answer, WHO), WHO):
        row = rows_of(line, WHO)
        if len(row) < _FIELDS:
            raise nonsense(WHO, "a candle of too few fields")
        opened = moment(number(row[0], WHO) / 1000, WHO)
        opening, high, low, close = (price(value, WHO) for value in row[1:5])
        volume = number(row[5], WHO)
        if volume < 0:
            raise nonsense(WHO, "a volume below zero")
        ends = moment(number(row[6], WHO) / 1000, WHO)
        if not timedelta() < ends - opened <= timedelta(days=1):
            raise nonsense(WHO, "a candle that is not of one day")
        bar = Bar(TradingDay(opened.utc.date()), close, opening, high, low, int(volume))
        found.append((ends, bar))
    return found


def tickers(answer: Answer) -> dict[str, Ticker]:
    """Last price, the price of 24 hours before, and when, by symbol; those that never traded are left out.

    A market that never sleeps has no previous close: what it names so is the price a day before.
    """
    told = document(answer, WHO)
    found: dict[str, Ticker] = {}
    for line in told if isinstance(told, list) else [told]:
        row = row_of(line, WHO)
        last, before = number(row.get("lastPrice"), WHO), number(row.get("prevClosePrice", "0"), WHO)
        if last > 0:
            at = moment(number(row.get("closeTime"), WHO) / 1000, WHO)
            found[str(row.get("symbol"))] = (last, before if before > 0 else None, at)
    return found


def claim_of(listing: Listing, told: Ticker, currency: Currency) -> QuoteClaim:
    last, before, at = told
    return QuoteClaim(listing, last, before, at, currency)


def symbols(answer: Answer, quote_asset: str, currency: Currency) -> Iterator[MasterRow]:
    """Every coin that is traded against that asset, as CRYPTO:<coin>."""
    listed = rows_of(row_of(document(answer, WHO), WHO).get("symbols"), WHO)
    seen: set[str] = set()
    for line in listed:
        row = row_of(line, WHO)
        coin, symbol = str(row.get("baseAsset") or ""), str(row.get("symbol") or "")
        if row.get("quoteAsset") == quote_asset and row.get("status") == "TRADING" and coin not in seen:
            seen.add(coin)
            claim = InstrumentClaim(Listing("CRYPTO", coin), None, coin, AssetClass.CRYPTO, currency)
            yield MasterRow(claim, symbol, _step(row, "PRICE_FILTER", "tickSize"))


def _step(row: Mapping[str, Any], kind: str, field: str) -> Decimal | None:
    for one in rows_of(row.get("filters") or [], WHO):
        if isinstance(one, dict) and one.get("filterType") == kind:
            step = number(one.get(field), WHO)
            return step if step > 0 else None
    return None
