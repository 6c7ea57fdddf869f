"""What Frankfurter's answers say, without any network. A rate belongs to the day it is told under.

Asked for a weekend it tells of the Friday before, under the Friday's date; no other is ever made of it.
"""

from __future__ import annotations

from tunefolio.adapters.answers import day_of, document, nonsense, price, row_of, rows_of
from tunefolio.adapters.http import Answer
from tunefolio.core.errors import Rejected, Retry, TunefolioError
from tunefolio.core.money import Currency
from tunefolio.market.provider import RateClaim

WHO = "Frankfurter"
UNKNOWN_PAIR = "unknown_pair"


def judged(answer: Answer) -> TunefolioError | None:
    """404 and 422 → it does not know the pair or the days; 403, 429 and 5xx → Retry."""
    status = answer.status
    if status < 300:
        return None
    if status in {403, 429} or status >= 500:
        return Retry(f"{WHO}: status {status}", after=answer.retry_after)
    if status in {404, 422}:
        return Rejected(f"{WHO}: no such pair or days", code=UNKNOWN_PAIR)
    return Rejected(f"{WHO}: refused with status {status}", code=f"http_{status}")


def first_version(answer: Answer, base: Currency, quote: Currency) -> list[RateClaim]:
    """v1: rates by day of a range, or those of one day."""
    told = row_of(document(answer, WHO), WHO)
    if told.get("base") != base:
        raise nonsense(WHO, f"asked for {base}, told of {str(told.get('base'))[:10]}")
    rates = row_of(told.get("rates"), WHO)
    days = {told["date"]: rates} if "date" in told else rates
    return [
        RateClaim(base, quote, day_of(day, WHO), price(row[quote], WHO))
        for day, row in ((day, row_of(row, WHO)) for day, row in days.items())
        if quote in row
    ]


def second_version(answer: Answer, base: Currency, quote: Currency) -> list[RateClaim]:
    """v2: one row for each day and currency."""
    rows = [row_of(line, WHO) for line in rows_of(document(answer, WHO), WHO)]
    return [
        RateClaim(base, quote, day_of(row.get("date"), WHO), price(row.get("rate"), WHO))
        for row in rows
        if row.get("base") == base and row.get("quote") == quote
    ]
