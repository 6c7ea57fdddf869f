"""What a broker's file says, row by row, before anything is recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from tunefolio.core.money import Money, Price
from tunefolio.core.registry import Registry
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.columnmaps import ColumnMap, Table
from tunefolio.ledger.feeparts import FeeParts
from tunefolio.ledger.kinds import Kind
from tunefolio.market.instruments import InstrumentClaim


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """One row understood. source_key: the broker's own trade key, else file hash and row: once is enough.

    quantity, price: None where the kind has none (a dividend). amount: the total as the file says it; None:
    quantity × price. fees, tax: real charges of this row, in the currency of the amount; parts: what the fees
    are made of, where the file says so. order: the number of the order it filled, "" where it says none.
    """

    row: int
    kind: Kind
    day: TradingDay
    at: Instant | None
    instrument: InstrumentClaim
    quantity: Decimal | None
    price: Price | None
    source_key: str
    sector: str = ""
    amount: Money | None = None
    fees: Money | None = None
    tax: Money | None = None
    note: str = ""
    parts: FeeParts = ()
    order: str = ""

    @property
    def worth(self) -> Money:
        """The amount said, else quantity × price, rounded once to the minor unit; zero where neither is."""
        if self.amount is not None:
            return self.amount
        if self.price is None or self.quantity is None:
            return Money.zero(self.instrument.currency)
        return (self.price * self.quantity).rounded()


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One row not understood: which (1-based, as a spreadsheet counts), which field, why, and the cure."""

    row: int
    field: str
    problem: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Balance:
    """What a statement says is held of one thing in one place, beside what its own rows add up to.

    place: the folio or demat account as printed. counted: its opening balance and every row understood.
    """

    instrument: InstrumentClaim
    place: str
    day: TradingDay
    stated: Decimal
    counted: Decimal

    @property
    def difference(self) -> Decimal:
        """Units stated beyond those counted; zero when the statement agrees with itself."""
        return self.stated - self.counted


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """A whole file: what was understood, and what was not and why.

    balances: of a statement, every balance it prints. warnings: what its reader doubts and leaves out.
    """

    format: str
    title: str
    rows: tuple[ParsedRow, ...]
    problems: tuple[RowProblem, ...]
    balances: tuple[Balance, ...] = ()
    warnings: tuple[str, ...] = ()


Progress = Callable[[int, int], None]


class FileFormat(Protocol):
    """One kind of file. Raises Misuse when the whole file cannot be one (wrong header, damaged)."""

    name: str
    title: str

    def recognises(self, filename: str, content: bytes) -> bool: ...

    def parse(self, content: bytes, sha256: str) -> ParsedFile: ...


class LockedFormat(Protocol):
    """A kind of file that has to be opened first, perhaps with a password."""

    name: str
    title: str

    def recognises(self, filename: str, content: bytes) -> bool: ...

    def unlocked(self, content: bytes, password: Secret) -> bytes:
        """What is in it, in a form that a FileFormat recognises, without personal data that nobody needs.

        Raises Misuse("password") when it is lacking or wrong, Misuse("file") when there is nothing to open.
        """
        ...


class TableReader(Protocol):
    """Any table whose columns a person, or a profile, names. Raises Misuse for what is no table."""

    def table(self, content: bytes) -> Table: ...

    def parse(self, content: bytes, sha256: str, columns: ColumnMap) -> ParsedFile: ...


FORMATS: Registry[FileFormat] = Registry("file format")
LOCKED: Registry[LockedFormat] = Registry("locked file format")
TABLES: Registry[TableReader] = Registry("table reader")
