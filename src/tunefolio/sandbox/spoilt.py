"""How an answer goes wrong while it still looks right: other dates inside, every row told twice."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

DECADE = timedelta(days=7 * 522)
"""Ten years in whole weeks: a working day stays one."""

_SHAPES = (
    (re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)"), "%Y-%m-%d"),
    (re.compile(r"(?<!\d)\d{2}-[A-Za-z]{3}-\d{4}(?!\d)"), "%d-%b-%Y"),
    (re.compile(r"(?<!\d)\d{2} [A-Za-z]{3} \d{4}(?!\d)"), "%d %b %Y"),
    (re.compile(r"(?<!\d)\d{2}-\d{2}-\d{4}(?!\d)"), "%d-%m-%Y"),
    (re.compile(r"(?<!\d)\d{2}/\d{2}/\d{4}(?!\d)"), "%d/%m/%Y"),
    (re.compile(r"(?<![\d.])20\d{6}(?![\d.])"), "%Y%m%d"),
)
_SECONDS = re.compile(r"(?<![\d.])1\d{9}(?:\d{3})?(?![\d.])")
"""An epoch in seconds, or in milliseconds."""

_ABOUT_NOW_SECONDS = 7200


def redated(body: bytes, by: timedelta) -> bytes:
    """Every date and time in it moved; packed bodies are opened and packed again."""
    return _unpacked(body, lambda text: _moved(text, by))


def skewed(body: bytes, by: timedelta, now: datetime) -> bytes:
    """Every time of about now moved; days and times long past were written by clocks that went right."""
    return _unpacked(body, lambda text: _SECONDS.sub(lambda found: _now_moved(found[0], by, now), text))


def doubled(body: bytes) -> bytes:
    """Every row of it told twice, the second time after all others; a heading stays single."""
    return _unpacked(body, _twice)


def _unpacked(body: bytes, change: Callable[[str], str]) -> bytes:
    if body.startswith(b"PK"):
        return _rezipped(body, change)
    if body.startswith(b"\x1f\x8b"):
        return gzip.compress(_unpacked(gzip.decompress(body), change))
    return change(body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _rezipped(body: bytes, change: Callable[[str], str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, _unpacked(old.read(name), change))
    return packed.getvalue()


def _moved(text: str, by: timedelta) -> str:
    for pattern, form in _SHAPES:
        text = pattern.sub(lambda found, form=form: _date_moved(found[0], form, by), text)  # type: ignore[misc]
    return _SECONDS.sub(lambda found: _epoch_moved(found[0], by), text)


def _date_moved(text: str, form: str, by: timedelta) -> str:
    """As it was where it is no date."""
    try:
        moved = datetime.strptime(text, form).replace(tzinfo=UTC) + by
    except (ValueError, OverflowError):
        return text
    again = moved.strftime(form)
    return again.upper() if text.isupper() else again


def _epoch_moved(text: str, by: timedelta) -> str:
    scale = 1000 if len(text) == 13 else 1
    return str(int(text) + round(by.total_seconds()) * scale)


def _now_moved(text: str, by: timedelta, now: datetime) -> str:
    scale = 1000 if len(text) == 13 else 1
    is_now = abs(int(text) / scale - now.timestamp()) < _ABOUT_NOW_SECONDS
    return _epoch_moved(text, by) if is_now else text


def _twice(text: str) -> str:
    try:
        return json.dumps(_with_twins(json.loads(text)))
    except ValueError:
        lines = text.splitlines(keepends=True)
        ending = "" if not lines or lines[-1].endswith("\n") else "\n"
        return text + ending + "".join(lines[1:])


def _with_twins(value: Any) -> Any:
    """Lists that stand at the top or under a name hold rows (or columns of them); lists in lists are rows."""
    if isinstance(value, dict):
        return {name: _with_twins(one) for name, one in value.items()}
    if isinstance(value, list):
        rows = [_with_twins(one) if isinstance(one, dict) else one for one in value]
        return rows + rows
    return value
