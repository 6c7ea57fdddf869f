"""What Angel One's answers mean. Its API, its gateway and its guard each speak another dialect.

{"status": true, "errorcode": ""}      good; data null is an empty book
{"status": false, "errorcode": "AB…"}  refused, under status 200: sorted by its code below
{"success": false, "errorCode": "AG…"} the gateway did not know the key or the token   → Reauth
403, whatever it says                  asked too often (never: not allowed); 429 alike → Retry
5xx; empty, torn or no JSON            passes                                          → Retry
400 with an empty body                 a word it does not know                         → Rejected
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tunefolio.adapters import jsons
from tunefolio.adapters.http import Answer
from tunefolio.core.errors import Reauth, Rejected, Retry, TunefolioError

_log = logging.getLogger(__name__)
BROKER = "angelone"
ENDED = "Angel One has ended the session. Log in again to refresh."

PAUSE = timedelta(seconds=2)
"""After too many calls, where Angel One does not say how long: most of its limits are by the second."""

_GATEWAY = "AG8"
_ENDED_CODES = frozenset({"AB1010", "AB1011", "AB8050", "AB8051"})
_PASSING_CODES = frozenset({"AB1004", "AB1007", "AB2000", "AB2001"})
_TOO_OFTEN = ("access rate", "too many requests")


def judged(answer: Answer) -> TunefolioError | None:
    """The error an answer stands for; None for a good status (its body is read by data_of)."""
    if answer.status < 300:
        return None
    if answer.status == 429:
        return too_often(answer)
    envelope = _envelope(answer)
    message = _message(envelope) or f"status {answer.status}"
    if answer.status >= 500:
        reason = f"Angel One: not available at the moment ({message.rstrip('.')})"
        return Retry(reason, after=answer.retry_after)
    if code := _code(envelope):
        return refusal(code, message)
    if answer.status == 403:
        return too_often(answer)
    if answer.status == 401:
        return ended(message)
    return Rejected(f"Angel One: {message}", code=f"http_{answer.status}")


def data_of(answer: Answer) -> Any:
    """`data` of a good answer, None for an empty book. Raises what a refusal means, Retry for a torn body."""
    if not answer.content.strip():
        raise Retry("Angel One: the answer is empty")
    try:
        envelope = jsons.loads(answer.content)
    except (ValueError, RecursionError):
        raise Retry("Angel One: the answer breaks off or is not JSON") from None
    if not isinstance(envelope, dict):
        raise Rejected("Angel One: the answer is not an object", code="wrong_type")
    if "status" not in envelope and "success" not in envelope:
        raise missing("status", "the answer")
    if envelope.get("status", envelope.get("success")) is not True:
        raise refusal(_code(envelope), _message(envelope) or "refused without a word")
    if "data" not in envelope:
        raise missing("data", "the answer")
    return envelope["data"]


def refusal(code: str, message: str) -> TunefolioError:
    """What a refusal's code asks for: wait, log in again, or nothing that would help."""
    if any(words in message.lower() for words in _TOO_OFTEN):
        return Retry("Angel One: asked too often for the moment", after=PAUSE)
    if code.startswith(_GATEWAY) or code in _ENDED_CODES:
        return ended(message)
    if code in _PASSING_CODES:
        return Retry(f"Angel One: not available at the moment ({message.rstrip('.')})")
    return Rejected(f"Angel One: {message}", code=code or "refused")


def too_often(answer: Answer) -> Retry:
    return Retry("Angel One: asked too often for the moment", after=answer.retry_after or PAUSE)


def ended(said: str) -> Reauth:
    """The session is over, in words for its owner; what Angel One said goes to the log."""
    _log.info("the token was refused", extra={"broker": BROKER, "said": said[:300]})
    return Reauth(ENDED, broker=BROKER)


def missing(field: str, where: str) -> Rejected:
    return Rejected(f"Angel One: {where} lacks the field {field!r}", code="missing_field")


def wrong(field: str, where: str, expected: str) -> Rejected:
    return Rejected(f"Angel One: {field!r} of {where} is not {expected}", code="wrong_type")


def _envelope(answer: Answer) -> Mapping[str, Any]:
    try:
        value = jsons.loads(answer.content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _code(envelope: Mapping[str, Any]) -> str:
    """Either dialect's; "" where there is none."""
    return str(envelope.get("errorcode") or envelope.get("errorCode") or "")


def _message(envelope: Mapping[str, Any]) -> str:
    return str(envelope.get("message") or "")[:300]
