"""What Yahoo's answers say, without any network. Arrays hold nulls, and prices carry float noise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tunefolio.adapters import jsons
from tunefolio.adapters.http import Answer
from tunefolio.core.errors import Misuse, Rejected, Retry, TunefolioError
from tunefolio.core.money import Currency, currency_of, quantized
from tunefolio.core.time import Instant
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import UNSAID, QuoteClaim, SectorClaim
from tunefolio.market.sectors import YAHOO_TAXONOMY

UNKNOWN_SYMBOL = "unknown_symbol"
BAD_CRUMB = "bad_crumb"

_REST = timedelta(seconds=60)
_MAJOR = {"GBp": "GBP", "GBX": "GBP", "ILA": "ILS", "ZAc": "ZAR"}
MINOR_UNITS = frozenset(_MAJOR)
"""Currencies that Yahoo writes in hundredths."""


def judged_cookie(answer: Answer) -> TunefolioError | None:
    """As judged, but a 404 is the cookie host's usual page."""
    return None if answer.status == 404 else judged(answer)


def judged(answer: Answer) -> TunefolioError | None:
    """404 → Rejected unknown_symbol, 401/403 → Rejected bad_crumb, 429 and 5xx → Retry."""
    if answer.status < 300:
        return None
    if answer.status == 429:
        return Retry("Yahoo: asked too often", after=answer.retry_after)
    if answer.content[:40].strip().startswith(b"Too Many Requests"):
        return Retry("Yahoo: asked too often", after=answer.retry_after or _REST)
    if answer.status == 404:
        return Rejected("Yahoo: no such symbol", code=UNKNOWN_SYMBOL)
    if answer.status in {401, 403}:
        return Rejected("Yahoo: the crumb is not valid", code=BAD_CRUMB)
    if answer.status >= 500:
        return Retry(f"Yahoo: status {answer.status}", after=answer.retry_after)
    return Rejected(f"Yahoo: status {answer.status}", code=f"http_{answer.status}")


def judged_again(answer: Answer) -> TunefolioError | None:
    """As judged, with a crumb that has just been made: refused again it is Yahoo that is shut."""
    verdict = judged(answer)
    if isinstance(verdict, Rejected) and verdict.code == BAD_CRUMB:
        return Retry("Yahoo: takes none of its own crumbs", after=_REST)
    return verdict


def document(answer: Answer) -> Mapping[str, Any]:
    """A JSON object; Retry for a page or a torn body, which pass."""
    try:
        value = jsons.loads(answer.content)
    except ValueError:
        raise Retry("Yahoo: the answer is not JSON") from None
    if not isinstance(value, dict):
        raise Rejected("Yahoo: the answer is not an object", code="wrong_type")
    return value


def quote(body: Mapping[str, Any], listing: Listing) -> QuoteClaim | None:
    """The last price in a chart of range 1d; None when it holds none."""
    result = result_of(body, "chart")
    if result is None:
        return None
    meta = object_of(result.get("meta"))
    last, second = number(meta.get("regularMarketPrice")), number(meta.get("regularMarketTime"))
    if last is None or second is None:
        last, second = _newest_close(result)
    if last is None or second is None or last <= 0:
        return None
    places = digits(meta)
    scale = 100 if meta.get("currency") in MINOR_UNITS else 1
    close = number(meta.get("chartPreviousClose")) or number(meta.get("previousClose"))
    previous = quantized(close / scale, places) if close is not None and close > 0 else None
    at = instant(second)
    return QuoteClaim(listing, quantized(last / scale, places), previous, at, currency(meta))


def found_sector(body: Mapping[str, Any], symbol: str) -> SectorClaim | None:
    """The sector a search names for exactly that symbol; None when it names none."""
    for row in items(body.get("quotes")):
        hit = object_of(row)
        if hit.get("symbol") == symbol:
            return _claim(hit)
    return None


def profile_sector(body: Mapping[str, Any]) -> SectorClaim | None:
    """The sector of a quoteSummary's assetProfile; None when it names none."""
    result = result_of(body, "quoteSummary")
    return None if result is None else _claim(object_of(result.get("assetProfile")))


def crumb(content: bytes) -> str:
    """A crumb; Retry for what is sent instead of one: nothing, a page, a refusal."""
    text = content.decode("utf-8", "replace").strip()
    if not text or "<" in text or " " in text or len(text) > 64:
        raise Retry("Yahoo: gave no crumb")
    return text


def _claim(row: Mapping[str, Any]) -> SectorClaim | None:
    sector, industry = row.get("sector"), row.get("industry")
    if not isinstance(sector, str) or not sector.strip():
        return None
    return SectorClaim(sector.strip(), industry.strip() if isinstance(industry, str) else "", YAHOO_TAXONOMY)


def result_of(body: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """The first result in an envelope, None for none; Rejected for an error that is not "Not Found"."""
    envelope = object_of(body.get(name))
    error = object_of(envelope.get("error"))
    if error and error.get("code") != "Not Found":
        raise Rejected(
            f"Yahoo: {str(error.get('description') or error.get('code'))[:200]}", code="yahoo_error"
        )
    results = items(envelope.get("result"))
    return object_of(results[0]) if results else None


def _newest_close(result: Mapping[str, Any]) -> tuple[Decimal | None, Decimal | None]:
    """The last close that is not null, and its second."""
    seconds = items(result.get("timestamp"))
    columns = items(object_of(result.get("indicators")).get("quote"))
    closes = items(object_of(columns[0]).get("close")) if columns else []
    for second, close in reversed(list(zip(seconds, closes, strict=False))):
        if close is not None and second is not None:
            return number(close), number(second)
    return None, None


def digits(meta: Mapping[str, Any]) -> int:
    """priceHint: how many decimals are meant; closes are 32-bit floats, more would be noise."""
    hint = meta.get("priceHint")
    wanted = hint if isinstance(hint, int) else 2
    return min(max(wanted, 2), 8) + (2 if meta.get("currency") in MINOR_UNITS else 0)


def currency(meta: Mapping[str, Any]) -> Currency:
    """The currency of prices once minor units are gone; "" where Yahoo names none."""
    text = str(meta.get("currency") or "")
    try:
        return currency_of(_MAJOR.get(text, text))
    except Misuse:
        return UNSAID


def instant(second: Decimal) -> Instant:
    """Of an epoch in seconds; Rejected beyond all calendars."""
    try:
        return Instant(datetime.fromtimestamp(int(second), UTC))
    except (OverflowError, ValueError, OSError):
        raise Rejected("Yahoo: a time beyond all calendars", code="wrong_type") from None


def number(value: Any) -> Decimal | None:
    """A number of the answer, None for null; Rejected for anything else."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Rejected("Yahoo: a price or time is not a number", code="wrong_type")
    found = Decimal(value)
    if abs(found) >= 10**15:
        raise Rejected("Yahoo: a price or time is absurdly large", code="wrong_type")
    return found


def object_of(value: Any) -> Mapping[str, Any]:
    """The object, an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """The list, an empty one for anything else."""
    return value if isinstance(value, list) else []
