"""What CoinGecko's answers say, without any network. Coins go by id; a ticker may be the ticker of many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from tunefolio.adapters.answers import document, moment, nonsense, number, price, row_of, rows_of
from tunefolio.adapters.http import Answer
from tunefolio.core.errors import Rejected, Retry, TunefolioError
from tunefolio.core.money import Currency
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.bars import Bar
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim

WHO = "CoinGecko"
NO_SUCH_COIN = "unknown_symbol"
_MEANINGS = {
    10002: "the key is missing",
    10005: "the plan of this key does not include that",
    10010: "a key of the paid plans at the address of the demo: set the option plan",
    10011: "a demo key at the address of the paid plans: set the option plan",
}
_MIDNIGHT_LASTS = timedelta(minutes=10)


class Coin(NamedTuple):
    id: str
    symbol: str
    name: str


def judged(answer: Answer) -> TunefolioError | None:
    """429, 5xx, a bare 403 → Retry; 404 → no such coin; what is wrong with the key → Rejected, in words."""
    status = answer.status
    if status < 300:
        return None
    if status == 429 or status >= 500:
        reason = "asked too often" if status == 429 else f"status {status}"
        return Retry(f"{WHO}: {reason}", after=answer.retry_after)
    code = _code(answer)
    if code in _MEANINGS:
        return Rejected(f"{WHO}: {_MEANINGS[code]}", code=f"coingecko_{code}")
    if status == 404:
        return Rejected(f"{WHO}: no such coin", code=NO_SUCH_COIN)
    if status == 403:
        words = "blocked by its wall (1020)" if code == 1020 else "turned away"
        return Retry(f"{WHO}: {words}", after=answer.retry_after)
    return Rejected(f"{WHO}: refused with status {status}", code=f"http_{status}")


def _code(answer: Answer) -> int:
    """`{"status": {"error_code": …}}` or `{"error_code": …}`; a wall says it in plain words; else 0."""
    try:
        told = document(answer, WHO)
    except Retry:
        return 1020 if b"1020" in answer.content[:2000] else 0
    place = told.get("status", told) if isinstance(told, dict) else {}
    inner = place if isinstance(place, dict) else {}
    code = inner.get("error_code", told.get("error_code") if isinstance(told, dict) else 0)
    return code if isinstance(code, int) else 0


def prices(answer: Answer, currency: Currency, wanted: Mapping[str, Listing]) -> dict[Listing, QuoteClaim]:
    """`simple/price`: what is not traded has no price, and is left out."""
    told = row_of(document(answer, WHO), WHO)
    code = currency.lower()
    found: dict[Listing, QuoteClaim] = {}
    for coin, listing in wanted.items():
        row = row_of(told.get(coin, {}), WHO)
        if row.get(code) is None or row.get("last_updated_at") is None:
            continue
        last, at = price(row[code], WHO), moment(row["last_updated_at"], WHO)
        before = _a_day_ago(last, row.get(f"{code}_24h_change"))
        found[listing] = QuoteClaim(listing, last, before, at, currency)
    return found


def _a_day_ago(last: Decimal, change_percent: object) -> Decimal | None:
    """A market that never sleeps has no previous close: the price of 24 hours before stands for it."""
    if change_percent is None:
        return None
    grown = 1 + number(change_percent, WHO) / 100
    return price(last / grown, WHO) if grown > 0 else None


def closes(answer: Answer) -> list[Bar]:
    """`market_chart`: the point at midnight UTC is the close of the day that has just ended.

    Points at other times are no closes; the last point of all is "now" and none either.
    """
    points = rows_of(row_of(document(answer, WHO), WHO).get("prices"), WHO)
    found: dict[TradingDay, Bar] = {}
    times = [_point(one) for one in points]
    newest = max((at for at, _ in times), default=None)
    for at, told in times:
        midnight = at.utc.replace(hour=0, minute=0, second=0, microsecond=0)
        if at == newest or at.utc - midnight >= _MIDNIGHT_LASTS or told is None:
            continue
        day = TradingDay(midnight.date()).plus_days(-1)
        found.setdefault(day, Bar(day, price(told, WHO)))
    return [found[day] for day in sorted(found)]


def _point(value: object) -> tuple[Instant, Decimal | None]:
    pair = rows_of(value, WHO)
    if len(pair) != 2:
        raise nonsense(WHO, "a point that is no pair")
    return moment(number(pair[0], WHO) / 1000, WHO), None if pair[1] is None else number(pair[1], WHO)


def coins(answer: Answer) -> Iterator[Coin]:
    """`coins/list` and `coins/markets` alike; rows without an id or a ticker are left out."""
    for line in rows_of(document(answer, WHO), WHO):
        row = row_of(line, WHO)
        name, symbol = row.get("id"), row.get("symbol")
        if isinstance(name, str) and isinstance(symbol, str) and name and symbol.strip():
            yield Coin(name, symbol.strip().upper(), str(row.get("name") or name))
