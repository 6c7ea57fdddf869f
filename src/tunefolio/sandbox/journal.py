"""What has happened at an exchange, on disk: so that it opens again as it was left.

One JSON value a line: first what the exchange is, then each event and each shift of the clock. A last line
that was torn when the power went is cut off.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import Any

from tunefolio.core.errors import Misuse
from tunefolio.core.time import TradingDay
from tunefolio.sandbox import wording
from tunefolio.sandbox.events import Happened


@dataclass(frozen=True, slots=True)
class Story:
    """Where an exchange was left. opened: None for one that has never been."""

    opened: TradingDay | None = None
    ahead: timedelta = timedelta(0)
    happened: tuple[Happened, ...] = ()


@dataclass(slots=True)
class Journal:
    """The file of one exchange. world: the seed and hours it belongs to. path: None keeps nothing."""

    path: Path | None
    world: str
    _lock: Lock = field(default_factory=Lock)

    def read(self) -> Story:
        """Everything so far. Raises Misuse for the journal of another exchange, or one that is no journal."""
        if self.path is None or not self.path.exists():
            return Story()
        head, *rows = _values(self.path)
        if head.get("world") != self.world:
            cure = f"Start with what it was kept with, or remove {self.path.name}"
            raise Misuse("journal", f"it was kept of {head.get('world')!r}, not {self.world!r}", cure=cure)
        shifts = [row["ahead_seconds"] for row in rows if "ahead_seconds" in row]
        happened = tuple(wording.happened_of(row) for row in rows if "event" in row)
        ahead = timedelta(seconds=shifts[-1] if shifts else 0)
        return Story(TradingDay.parse(head["opened"]), ahead, happened)

    def open(self, opened: TradingDay) -> None:
        """Begin it, if it has not begun."""
        if self.path is not None and not self.path.exists():
            self._write({"world": self.world, "opened": opened.iso()})

    def note(self, one: Happened) -> None:
        self._write(wording.told(one))

    def note_shift(self, ahead: timedelta) -> None:
        self._write({"ahead_seconds": ahead.total_seconds()})

    def _write(self, value: dict[str, Any]) -> None:
        if self.path is None:
            return
        line = (json.dumps(value, ensure_ascii=False) + "\n").encode()
        with self._lock, self.path.open("ab") as file:
            file.write(line)


def _values(path: Path) -> list[dict[str, Any]]:
    """The whole lines; what follows the last of them is cut off."""
    raw = path.read_bytes()
    whole = raw[: raw.rfind(b"\n") + 1]
    if len(whole) < len(raw):
        path.write_bytes(whole)
    values = []
    for place, line in enumerate(whole.splitlines(), 1):
        try:
            values.append(json.loads(line))
        except ValueError:
            raise Misuse("journal", f"line {place} of {path.name} cannot be read", cure="Remove it") from None
    if not values:
        raise Misuse("journal", f"{path.name} is empty", cure="Remove it")
    return values
