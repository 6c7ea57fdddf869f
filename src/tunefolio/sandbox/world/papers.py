"""How publishers hand out files: under validators, so that who has one already is told only that."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tunefolio.core.errors import Misuse
from tunefolio.core.time import IST, Instant, TradingDay, calendar_date
from tunefolio.sandbox.market import Market

_PRINTED_AFTER = timedelta(minutes=90)
_PACKED = (2024, 7, 8, 18, 0, 0)
"""The time inside every archive: the same table gives the same bytes."""


@dataclass(frozen=True, slots=True)
class Whims:
    """What a face does that its publisher is known for. serves_stale: on a holiday the file of the session
    before stands under the holiday's name, its dates unchanged."""

    serves_stale: bool = False


def is_printed(market: Market, day: TradingDay, now: Instant) -> bool:
    """Is the file of that session out? An hour and a half after its close."""
    if not list(market.sessions.between(day, day.plus_days(1), now)):
        return False
    return now >= market.sessions.regular(day).final + _PRINTED_AFTER


def told_by(market: Market, day: TradingDay, now: Instant, whims: Whims) -> TradingDay | None:
    """Whose numbers stand in the file of that day; None where there is no such file."""
    if is_printed(market, day, now):
        return day
    is_holiday = day <= TradingDay(calendar_date(now)) and not list(
        market.sessions.between(day, day.plus_days(1), now)
    )
    return market.sessions.before(day) if whims.serves_stale and is_holiday else None


def day_from(text: str) -> TradingDay | None:
    """yyyymmdd."""
    try:
        return TradingDay.parse(f"{text[:4]}-{text[4:6]}-{text[6:]}")
    except Misuse:
        return None


def zipped(name: str, table: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, _PACKED), table.encode(), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def handed_out(request: Request, content: bytes, media_type: str, modified: Instant) -> Response:
    """The file, or 304 for who shows its ETag or a Last-Modified that is not older."""
    tag = f'"{sha256(content).hexdigest()[:20]}"'
    stamp = format_datetime(modified.utc.replace(microsecond=0), usegmt=True)
    headers = {"ETag": tag, "Last-Modified": stamp}
    if _has_it(request, tag, modified):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


def _has_it(request: Request, tag: str, modified: Instant) -> bool:
    """By the tag; the time counts only for who shows none (RFC 9110, 13.2.2)."""
    shown = request.headers.get("if-none-match")
    if shown is not None:
        return shown == tag
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return modified.utc.replace(microsecond=0) <= since


def not_there() -> Response:
    return PlainTextResponse("Resource not found.\n", 404)


def written(day: TradingDay) -> str:
    """24-Aug-2026."""
    return f"{day.date:%d}-{MONTHS[day.date.month - 1]}-{day.date.year}"


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def clock_time(moment: Instant) -> str:
    """20-Feb-2026 16:00:00 on India's wall."""
    wall = moment.in_zone(IST)
    return f"{wall:%d}-{MONTHS[wall.month - 1]}-{wall:%Y %H:%M:%S}"
