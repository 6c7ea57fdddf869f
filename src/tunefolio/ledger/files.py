"""What a broker's file says, row by row, before anything is recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from tunefolio.core.money import Price
from tunefolio.core.registry import Registry
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.kinds import Kind
from tunefolio.market.instruments import InstrumentClaim


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """One row understood. source_key: the broker's own trade key, else file hash and row: once is enough."""

    row: int
    kind: Kind
    day: TradingDay
    at: Instant | None
    instrument: InstrumentClaim
    quantity: Decimal
    price: Price
    source_key: str
    sector: str = ""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One row not understood: which (1-based, as a spreadsheet counts), which field, why, and the cure."""

    row: int
    field: str
    problem: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """A whole file: what was understood, and what was not and why."""

    format: str
    title: str
    rows: tuple[ParsedRow, ...]
    problems: tuple[RowProblem, ...]


Progress = Callable[[int, int], None]


class FileFormat(Protocol):
    """One kind of file. Raises Misuse when the whole file cannot be one (wrong header, damaged)."""

    name: str
    title: str

    def recognises(self, filename: str, content: bytes) -> bool: ...

    def parse(self, content: bytes, sha256: str) -> ParsedFile: ...


FORMATS: Registry[FileFormat] = Registry("file format")
