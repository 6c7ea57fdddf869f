"""What Kotak's answers mean: the trade API's envelope, the login's, the history's, and no JSON at all.

429, any body              → Retry      stCode 5203 (no data)        → good, an empty list
5xx, any body              → Retry      stCode 100008, 1037 (IP)     → Rejected, "ip_not_allowed"
401, 403, any other body   → Reauth     everything else              → Rejected, with Kotak's code
empty, torn, a page        → Retry
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from tunefolio.adapters import jsons
from tunefolio.adapters.http import Answer
from tunefolio.core.errors import Reauth, Rejected, Retry, TunefolioError
from tunefolio.core.money import INR, Money, Price, quantized
from tunefolio.core.time import IST, Instant

_log = logging.getLogger(__name__)
BROKER = "kotakneo"
TITLE = "Kotak Neo"
ENDED = "Kotak Neo has ended the session. Log in again to refresh."
PRICE_DIGITS = 8
ABSURD = 10**19
"""No price, sum or count of units reaches this, nor do nanoseconds since 1970."""
NO_DATA = "5203"
CREDENTIALS = "credentials"
"""The code of what a login form was refused for."""
_FOREIGN_IP = frozenset({"100008", "1037"})
_ENDED_CODES = frozenset({"401", "403"})
_NOTHING = frozenset({"", "-", "--", "NA", "None"})
"""How Kotak writes that a field has no value."""
_STAMP = re.compile(r"(\d{2})-([A-Z][a-z]{2})-(\d{4}) +(\d{2}): ?(\d{2}): ?(\d{2})")
"""Its histories put blanks behind the colons."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def judged(answer: Answer) -> TunefolioError | None:
    """The error an answer stands for; None for a good status (its body is read by data_of)."""
    if answer.status < 300:
        return None
    envelope = _envelope(answer)
    code = code_of(envelope)
    if code == NO_DATA and answer.status < 500:
        return None
    message = message_of(envelope) or f"status {answer.status}"
    if answer.status == 429:
        return Retry(f"{TITLE}: asked too often for the moment", after=answer.retry_after)
    if answer.status >= 500:
        return Retry(
            f"{TITLE}: not available at the moment ({message.rstrip('.')})", after=answer.retry_after
        )
    if code in _FOREIGN_IP:
        return _foreign_ip(message)
    if answer.status in (401, 403):
        return ended(message)
    return Rejected(f"{TITLE}: {message}", code=code or f"http_{answer.status}")


def refused(answer: Answer) -> TunefolioError | None:
    """What a step of the login stands for: a 4xx is about the credentials, whatever its number."""
    if answer.status < 300:
        return None
    if answer.status == 429 or answer.status >= 500:
        return judged(answer)
    envelope = _envelope(answer)
    if code_of(envelope) in _FOREIGN_IP:
        return _foreign_ip(message_of(envelope))
    message = message_of(envelope) or f"status {answer.status}"
    return Rejected(f"{TITLE}: {message}", code=CREDENTIALS)


def body_of(answer: Answer) -> Any:
    """The parsed JSON of an answer, whatever type it is served as. Raises Retry where there is none."""
    if not answer.content.strip():
        raise Retry(f"{TITLE}: the answer is empty")
    try:
        return jsons.loads(answer.content)
    except (ValueError, RecursionError):
        raise Retry(f"{TITLE}: the answer breaks off or is not JSON") from None


def told_of(answer: Answer, where: str) -> Mapping[str, Any]:
    """A good envelope itself, where the fields stand beside `stat`. Raises what a bad one stands for."""
    told = mapping(body_of(answer), where)
    if (problem := problem_of(told)) is not None:
        raise problem
    return told


def data_of(answer: Answer, where: str) -> Any:
    """`data` of an envelope; None where Kotak says that there is none."""
    told = mapping(body_of(answer), where)
    if code_of(told) == NO_DATA:
        return None
    if (problem := problem_of(told)) is not None:
        raise problem
    if "data" not in told:
        raise missing("data", where)
    return told["data"]


def problem_of(told: Mapping[str, Any]) -> TunefolioError | None:
    """What an envelope with a good status complains of; None when it is content."""
    state = told.get("stat", told.get("status"))
    complains = any(told.get(name) for name in ("error", "fault", "errMsg", "emsg"))
    if str(state).lower() in {"ok", "success"} or (state is None and not complains):
        return None
    code = code_of(told)
    message = message_of(told) or str(state)
    if code in _ENDED_CODES:
        return ended(message)
    if code in _FOREIGN_IP:
        return _foreign_ip(message)
    if code == "429" or (len(code) == 3 and code.startswith("5")):
        return Retry(f"{TITLE}: {message}")
    return Rejected(f"{TITLE}: {message}", code=code or "stat")


def code_of(told: Mapping[str, Any]) -> str:
    """The figure beside a complaint, in whichever of the dialects; "" where there is none."""
    fault, errors = told.get("fault"), told.get("error")
    inner = fault if isinstance(fault, dict) else errors[0] if isinstance(errors, list) and errors else None
    code = inner.get("code") if isinstance(inner, dict) else told.get("stCode")
    return "" if code is None else str(code)


def message_of(told: Mapping[str, Any]) -> str:
    """What a complaint says, in whichever of the dialects; at most 300 characters, "" for nothing."""
    fault, errors = told.get("fault"), told.get("error")
    inner = fault if isinstance(fault, dict) else errors[0] if isinstance(errors, list) and errors else told
    row = inner if isinstance(inner, dict) else told
    for field in ("message", "errMsg", "emsg", "desc", "description"):
        if isinstance(said := row.get(field), str) and said.strip():
            return said.strip()[:300]
    return errors.strip()[:300] if isinstance(errors, str) else ""


def ended(said: str) -> Reauth:
    """The session is over, in words for its owner; what Kotak said goes to the log."""
    _log.info("the token was refused", extra={"broker": BROKER, "said": said[:300]})
    return Reauth(ENDED, broker=BROKER)


def _foreign_ip(message: str) -> Rejected:
    return Rejected(f"{TITLE}: not from this internet address ({message})", code="ip_not_allowed")


def missing(field: str, where: str) -> Rejected:
    return Rejected(f"{TITLE}: {where} lacks the field {field!r}", code="missing_field")


def wrong(field: str, where: str, what: str) -> Rejected:
    return Rejected(f"{TITLE}: {field!r} of {where} is not {what}", code="wrong_type")


def mapping(value: Any, where: str) -> Mapping[str, Any]:
    """An object, or Rejected."""
    if not isinstance(value, dict):
        raise Rejected(f"{TITLE}: {where} is not an object", code="wrong_type")
    return value


def rows(value: Any, where: str) -> list[Mapping[str, Any]]:
    """A list of objects, or Rejected; null is an empty list. One wrapped in `data` once more is unwrapped."""
    if isinstance(value, dict) and "data" in value:
        value = value["data"]
    if value is None:
        return []
    if not isinstance(value, list):
        raise Rejected(f"{TITLE}: {where} is not a list", code="wrong_type")
    return [mapping(row, f"{where}[{number}]") for number, row in enumerate(value)]


def text(row: Mapping[str, Any], field: str, where: str) -> str:
    """A text (or a number's digits) that must be there and say something."""
    value = row.get(field)
    if isinstance(value, dict | list | bool):
        raise wrong(field, where, "text")
    if value is None or str(value).strip() in _NOTHING:
        raise missing(field, where)
    return str(value).strip()


def optional(row: Mapping[str, Any], *fields: str) -> str:
    """The first of these texts that says something, else ""."""
    for field in fields:
        value = row.get(field)
        if value is not None and (told := str(value).strip()) not in _NOTHING:
            return told
    return ""


def number(row: Mapping[str, Any], field: str, where: str) -> Decimal:
    """A finite number that must be there: Kotak sends the same one as text and as a number."""
    found = find_number(row, field, where)
    if found is None:
        raise missing(field, where)
    return found


def find_number(row: Mapping[str, Any], field: str, where: str) -> Decimal | None:
    """A finite number; None where the field is absent, null, blank or "--"."""
    value = row.get(field)
    if value is None or (isinstance(value, str) and value.strip() in _NOTHING):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise wrong(field, where, "a number")
    try:
        found = Decimal(value.strip() if isinstance(value, str) else value)
    except InvalidOperation:
        raise wrong(field, where, "a number") from None
    if not found.is_finite() or abs(found) >= ABSURD:
        raise wrong(field, where, "a number of this world")
    return found


def price(row: Mapping[str, Any], field: str, where: str) -> Price | None:
    """A price in rupees; None where Kotak writes 0 or nothing."""
    found = find_number(row, field, where)
    return Price(quantized(found, PRICE_DIGITS), INR) if found is not None and found > 0 else None


def money(row: Mapping[str, Any], field: str, where: str) -> Money | None:
    found = find_number(row, field, where)
    return None if found is None else Money(quantized(found, PRICE_DIGITS), INR)


def stamp(written: str, field: str, where: str) -> Instant | None:
    """`22-Jan-2025 14:28:01` on India's wall; None for "". Rejected for anything else."""
    if not written:
        return None
    match = _STAMP.fullmatch(written)
    try:
        if match is None:
            raise ValueError
        day, month, year, hour, minute, second = match.groups()
        place = _MONTHS.index(month) + 1
        wall = datetime(int(year), place, int(day), int(hour), int(minute), int(second), tzinfo=IST)
    except ValueError:
        raise wrong(field, where, "a time") from None
    return Instant(wall)


def epoch(seconds: Decimal | None, field: str, where: str) -> Instant | None:
    """The moment so many seconds after 1970; None for nothing, 0 and below."""
    if seconds is None or seconds <= 0:
        return None
    try:
        return Instant(datetime.fromtimestamp(float(seconds), UTC))
    except (OverflowError, ValueError, OSError):
        raise wrong(field, where, "a time") from None


def _envelope(answer: Answer) -> Mapping[str, Any]:
    try:
        value = jsons.loads(answer.content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
