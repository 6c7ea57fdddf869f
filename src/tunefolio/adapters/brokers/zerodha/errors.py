"""What Kite's answers mean. Three dialects: the JSON envelope, a gateway's page, and a torn or empty body.

TokenException, any status            → Reauth     429, any body      → Retry
5xx, any body                         → Retry      NetworkException   → Retry
torn or empty JSON with a good status → Retry      everything else    → Rejected, with Kite's code
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tunefolio.adapters import jsons
from tunefolio.adapters.http import Answer
from tunefolio.core.errors import Misuse, Reauth, Rejected, Retry, TunefolioError
from tunefolio.core.money import INR, Money, Price, quantized
from tunefolio.core.time import IST, Instant

_log = logging.getLogger(__name__)
BROKER = "zerodha"
ENDED = "Zerodha has ended the session. Log in again to refresh."
PRICE_DIGITS = 8
"""Kite computes averages in floats; what stands after the eighth decimal is noise."""
ABSURD = 10**18
"""No price, sum or count of units reaches this."""


def judged(answer: Answer) -> TunefolioError | None:
    """The error an answer stands for; None for a good status (its body is read by data_of)."""
    if answer.status < 300:
        return None
    envelope = _envelope(answer)
    code = str(envelope.get("error_type") or "")
    message = str(envelope.get("message") or f"status {answer.status}")[:300]
    if answer.status == 429:
        return Retry("Zerodha: asked too often for the moment", after=answer.retry_after)
    if code == "TokenException":
        return ended(message)
    if answer.status >= 500 or code == "NetworkException":
        reason = f"Zerodha: not available at the moment ({message.rstrip('.')})"
        return Retry(reason, after=answer.retry_after)
    return Rejected(f"Zerodha: {message}", code=code or f"http_{answer.status}")


def data_of(answer: Answer) -> Any:
    """`data` of a success envelope. Raises Retry for a torn or foreign body (a proxy's page, say), Rejected
    for JSON that is not Kite's."""
    if answer.content_type != "application/json":
        kind = answer.content_type or "no content type"
        raise Retry(f"Zerodha: answered {kind} where JSON was due", after=answer.retry_after)
    if not answer.content.strip():
        raise Retry("Zerodha: the answer is empty")
    try:
        envelope = jsons.loads(answer.content)
    except ValueError:
        raise Retry("Zerodha: the answer breaks off or is not JSON") from None
    if not isinstance(envelope, dict) or "status" not in envelope:
        raise missing("status", "answer")
    if envelope["status"] != "success":
        code = str(envelope.get("error_type") or "status")
        if code == "TokenException":
            raise ended(str(envelope.get("message") or ""))
        raise Rejected(f"Zerodha: {str(envelope.get('message') or envelope['status'])[:300]}", code=code)
    if "data" not in envelope:
        raise missing("data", "answer")
    return envelope["data"]


def ended(said: str) -> Reauth:
    """The session is over, in words for its owner; what Kite said goes to the log."""
    _log.info("the token was refused", extra={"broker": BROKER, "said": said[:300]})
    return Reauth(ENDED, broker=BROKER)


def missing(field: str, where: str) -> Rejected:
    return Rejected(f"Zerodha: {where} lacks the field {field!r}", code="missing_field")


def mapping(value: Any, where: str) -> Mapping[str, Any]:
    """An object, or Rejected."""
    if not isinstance(value, dict):
        raise Rejected(f"Zerodha: {where} is not an object", code="wrong_type")
    return value


def rows(value: Any, where: str) -> list[Mapping[str, Any]]:
    """A list of objects, or Rejected. null is an empty list, as Kite sends it for an empty book."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Rejected(f"Zerodha: {where} is not a list", code="wrong_type")
    return [mapping(row, f"{where}[{number}]") for number, row in enumerate(value)]


def text(row: Mapping[str, Any], field: str, where: str) -> str:
    """A text that must be there and not be empty."""
    value = row.get(field)
    if value is None or value == "":
        raise missing(field, where)
    if not isinstance(value, str):
        raise Rejected(f"Zerodha: {field!r} of {where} is not text", code="wrong_type")
    return value


def number(row: Mapping[str, Any], field: str, where: str) -> Decimal:
    """A finite number that must be there."""
    value = row.get(field)
    if value is None:
        raise missing(field, where)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Rejected(f"Zerodha: {field!r} of {where} is not a number", code="wrong_type")
    amount = Decimal(value)
    if abs(amount) >= ABSURD:
        raise Rejected(f"Zerodha: {field!r} of {where} is absurdly large", code="wrong_type")
    return amount


def optional(row: Mapping[str, Any], field: str) -> str:
    """A text that may be absent, null or a number: "" then."""
    value = row.get(field)
    return "" if value is None else str(value)


def price(row: Mapping[str, Any], field: str, where: str) -> Price | None:
    """A price in rupees; Kite writes 0 for none."""
    amount = number(row, field, where)
    return Price(quantized(amount, PRICE_DIGITS), INR) if amount > 0 else None


def money(row: Mapping[str, Any], field: str, where: str) -> Money:
    return Money(quantized(number(row, field, where), PRICE_DIGITS), INR)


def stamp(row: Mapping[str, Any], field: str, where: str) -> Instant | None:
    """A moment that may be absent or null; Kite writes wall time in India without a zone."""
    value = row.get(field)
    if value is None or value == "":
        return None
    try:
        return Instant.parse(text(row, field, where), IST)
    except Misuse:
        raise Rejected(f"Zerodha: {field!r} of {where} is not a time", code="wrong_type") from None


def _envelope(answer: Answer) -> Mapping[str, Any]:
    if answer.content_type != "application/json":
        return {}
    try:
        value = jsons.loads(answer.content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
