"""Logs: one line an event, plain or JSON, with the id of the request or job it belongs to and no secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from threading import Lock
from types import MappingProxyType
from typing import Any, TextIO

from tunefolio.core.secret import Secret
from tunefolio.core.time import IST, Instant, SystemClock


class LogFormat(StrEnum):
    """plain: for people; json: one object a line, for machines."""

    PLAIN = "plain"
    JSON = "json"


_context: ContextVar[Mapping[str, str]] = ContextVar("tunefolio_log_context", default=MappingProxyType({}))


@contextmanager
def tagged(**ids: object) -> Iterator[None]:
    """Every line logged inside carries these ids: tagged(request="…"), tagged(job=12)."""
    token = _context.set({**_context.get(), **{name: str(value) for name, value in ids.items()}})
    try:
        yield
    finally:
        _context.reset(token)


def tags() -> Mapping[str, str]:
    """The ids that lines logged here and now carry."""
    return _context.get()


# What must never be read in a log ----------------------------------------------------------------

_NAMED = re.compile(
    r"(?i)([\"']?\b(?:access_token|refresh_token|request_token|public_token|enctoken|api_secret|checksum"
    r"|password|passwd|secret|token|cookie|totp|pin|code|state)[\"']?\s*[=:]\s*[\"']?)([^\s\"'&,;}]{4,})"
)
_SHAPES = (
    re.compile(r"(?i)(\b(?:authorization|set-cookie)[\"']?\s*[:=]\s*)([^\r\n]+)"),
    re.compile(r"(?i)(\b(?:token|bearer|basic)\s+)([A-Za-z0-9._~+/:=-]{8,})"),
    re.compile(r"(://[^/\s:@]+:)([^@\s/]+)(?=@)"),
    re.compile(r"()(\b(?:tf_pat_|tf_)[A-Za-z0-9_-]{16,})"),
    re.compile(r"()(\$argon2[a-z]*\$[^\s\"']+)"),
    re.compile(r"()(\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)"),
)


def masked(text: str) -> str:
    """The text with every known shape of a secret replaced by a mask."""
    for shape in (*_SHAPES, _NAMED):
        text = shape.sub(lambda found: found.group(1) + Secret.MASK, text)
    return text


_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """What the caller gave as `extra`, and the ids of the request or job."""
    given = {name: value for name, value in vars(record).items() if name not in _OWN}
    return {**_context.get(), **given}


class PlainLines(logging.Formatter):
    """14:02:09 INFO  jobs  job done  job=12 kind=sync: wall time in IST."""

    def format(self, record: logging.LogRecord) -> str:
        moment = SystemClock().now().in_zone(IST)
        room = record.name.removeprefix("tunefolio.")
        extra = "".join(f" {name}={_word(value)}" for name, value in fields_of(record).items())
        line = f"{moment:%H:%M:%S} {record.levelname:<7} {room}: {record.getMessage()}{extra}"
        return masked(line + self._trace(record))

    def _trace(self, record: logging.LogRecord) -> str:
        return "\n" + self.formatException(record.exc_info) if record.exc_info else ""


class JsonLines(logging.Formatter):
    """One JSON object a line: at (UTC), level, logger, message, fields, trace."""

    def format(self, record: logging.LogRecord) -> str:
        import json  # only where JSON is wanted: the command line starts without it

        line: dict[str, object] = {
            "at": SystemClock().now().iso(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": masked(record.getMessage()),
        }
        line |= {name: _plain(name, value) for name, value in fields_of(record).items()}
        if record.exc_info:
            line["trace"] = masked(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def _plain(name: str, value: object) -> object:
    if isinstance(value, bool | int) or value is None:
        return value
    shown = masked(f"{name}={value}")
    return shown.removeprefix(f"{name}=")


def _word(value: object) -> str:
    text = value.iso() if isinstance(value, Instant) else str(value)
    return repr(text) if " " in text or not text else text


def configure(format: LogFormat, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every logger of the process to `stream` (stderr) in one format; replaces what was there."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if format is LogFormat.JSON else PlainLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for talkative in ("apscheduler", "httpx2", "httpcore2", "websockets", "alembic", "uvicorn.error"):
        logging.getLogger(talkative).setLevel(max(logging.WARNING, root.level))


class Presence:
    """Something outside that comes and goes; says so once when it is gone and once when it is back."""

    def __init__(self, log: logging.Logger, what: str) -> None:
        self._log = log
        self._what = what
        self._away = False
        self._lock = Lock()

    def gone(self, reason: object, **fields: Any) -> None:
        """It did not answer; only the first time in a row is logged."""
        with self._lock:
            first, self._away = not self._away, True
        if first:
            self._log.warning("%s is gone: %s", self._what, reason, extra=fields)

    def back(self, **fields: Any) -> None:
        """It answered; only the first time after it was gone is logged."""
        with self._lock:
            was_away, self._away = self._away, False
        if was_away:
            self._log.info("%s is back", self._what, extra=fields)
