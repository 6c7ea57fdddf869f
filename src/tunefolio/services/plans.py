"""What an import would do, row by row: a pure plan that the dry run shows and the commit carries out.

Steps: 1 rows that cannot be facts are refused; 2 rows whose source key stands are repeated; 3 openings are
refused where the account already knows the instrument; 4 statement openings that the history covers give
way, those it covers in part are reduced; 5 sales that would oversell are refused, the file's before the
books' own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import InstrumentId, TransactionId
from tunefolio.core.money import Money, Price, plain, quantized, total
from tunefolio.core.time import TradingDay
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.files import Balance, ParsedFile, ParsedRow, RowProblem
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.positions import fold, units_of
from tunefolio.ledger.transactions import Fact, Transaction
from tunefolio.market.instruments import InstrumentClaim
from tunefolio.services.groups import held_after, imagined, shortfalls

_PLACES = 8
_FIRST = 2**61
"""Ids of imagined facts begin here: above all real ones, so that they sort as last, in file order."""
_TAKES = frozenset({Kind.SELL, Kind.TRANSFER_OUT})
"""Kinds a file can have that need units to be there."""
_RESTS = 2**60
"""Ids of reduced openings, which count as the books' own."""


class RowFate(StrEnum):
    """What an import would do with a row."""

    FRESH = "fresh"
    REPEATED = "repeated"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One understood row of a file and its fate; `problem` speaks only when it is refused."""

    row: int
    kind: Kind
    day: TradingDay
    instrument: InstrumentClaim
    quantity: Decimal | None
    price: Price | None
    amount: Money
    fate: RowFate
    problem: str = ""
    cure: str = ""
    fees: Money | None = None
    tax: Money | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """A dry run of an import: exactly what a commit of the same file would do now.

    rows_total = fresh + repeated + refused. problems: every row that would be left out, in row order.
    sample: the first rows; `verdicts` has all. balances: what a statement prints beside what its rows make.
    warnings: what the file's reader doubts. supersedes: openings that the imported history replaces.
    reduces: of these, the openings that stay with fewer units, as they would be recorded.
    """

    account: Account
    filename: str
    format: str
    title: str
    sha256: str
    rows_total: int
    fresh: int
    repeated: int
    refused: int
    problems: tuple[RowProblem, ...]
    sample: tuple[PreviewRow, ...]
    supersedes: tuple[InstrumentId, ...] = ()
    reduces: tuple[Fact, ...] = ()
    balances: tuple[Balance, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def breaks(self) -> tuple[Balance, ...]:
        """Balances that the statement's own rows do not make."""
        return tuple(one for one in self.balances if one.difference)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one row. what: None for a row that was not understood; then its problems say why."""

    row: int
    fate: RowFate
    what: PreviewRow | None
    problems: tuple[RowProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """An understood row, the fact it would become, and its fate."""

    parsed: ParsedRow
    fact: Fact
    fate: RowFate
    problem: str = ""
    cure: str = ""
    field: str = "quantity"


@dataclass(frozen=True, slots=True)
class Plan:
    """rows: those that are facts, in file order. problems: every row left out, in row order.
    superseded: statement openings to take back. reduced: openings of what the history leaves unexplained."""

    rows: tuple[PlannedRow, ...]
    problems: tuple[RowProblem, ...]
    superseded: tuple[Transaction, ...]
    reduced: tuple[Fact, ...] = ()

    @property
    def fresh(self) -> tuple[PlannedRow, ...]:
        return tuple(row for row in self.rows if row.fate is RowFate.FRESH)

    @property
    def repeated(self) -> int:
        return sum(row.fate is RowFate.REPEATED for row in self.rows)

    @property
    def refused(self) -> int:
        """Rows left out; one with two problems is still one row."""
        return len({problem.row for problem in self.problems})


def planned(
    home: Account,
    parsed: ParsedFile,
    ids: Mapping[InstrumentClaim, InstrumentId],
    history: Sequence[Transaction],
    today: TradingDay,
) -> Plan:
    """The plan for one file on one account. history: its live facts in force."""
    rows, problems = _facts(parsed, ids, today)
    rows = _repeats_marked(rows, history)
    rows = _openings_judged(rows, history)
    superseded, reduced = _explained_openings(home, rows, history)
    gone = {opening.id for opening in superseded}
    kept = [fact for fact in history if fact.id not in gone]
    kept += [imagined(home, fact, TransactionId(_RESTS + n)) for n, fact in enumerate(reduced)]
    rows = _oversells_refused(home, rows, kept)
    refused = [
        RowProblem(r.parsed.row, r.field, r.problem, r.cure) for r in rows if r.fate is RowFate.REFUSED
    ]
    every = sorted([*parsed.problems, *problems, *refused], key=lambda problem: problem.row)
    return Plan(tuple(rows), tuple(every), tuple(superseded), tuple(reduced))


def verdicts(plan: Plan, fate: RowFate | None = None) -> list[Verdict]:
    """What becomes of every row of the file, in its order; of one fate alone, if asked."""
    wrong: dict[int, list[RowProblem]] = {}
    for problem in plan.problems:
        wrong.setdefault(problem.row, []).append(problem)
    told = [
        Verdict(row.parsed.row, row.fate, shown(row), tuple(wrong.pop(row.parsed.row, ())))
        for row in plan.rows
    ]
    told += [Verdict(row, RowFate.REFUSED, None, tuple(some)) for row, some in wrong.items()]
    return sorted((one for one in told if fate in (None, one.fate)), key=lambda one: one.row)


def shown(row: PlannedRow) -> PreviewRow:
    """An understood row as people see it."""
    said = row.parsed
    return PreviewRow(
        said.row, said.kind, said.day, said.instrument, said.quantity, said.price, row.fact.amount,
        row.fate, row.problem, row.cure, said.fees, said.tax, said.note,
    )  # fmt: skip


def _facts(
    parsed: ParsedFile, ids: Mapping[InstrumentClaim, InstrumentId], today: TradingDay
) -> tuple[list[PlannedRow], list[RowProblem]]:
    rows: list[PlannedRow] = []
    problems: list[RowProblem] = []
    for row in parsed.rows:
        try:
            rows.append(PlannedRow(row, _fact(row, ids[row.instrument], today), RowFate.FRESH))
        except Misuse as wrong:
            problems.append(RowProblem(row.row, wrong.field, wrong.problem, wrong.cure))
    return rows, problems


def _fact(row: ParsedRow, instrument: InstrumentId, today: TradingDay) -> Fact:
    if row.day > today:
        raise Misuse(
            "day", f"{row.day} has not come yet", cure=f"Today is {today}; correct the date in the file"
        )
    for field, number in (("quantity", row.quantity), ("price", row.price.amount if row.price else None)):
        exponent = number.normalize().as_tuple().exponent if number is not None else 0
        if isinstance(exponent, int) and -exponent > _PLACES:
            raise Misuse(field, f"{plain(number)} has more than {_PLACES} decimal places")
    if row.quantity is not None and row.quantity <= 0:
        raise Misuse("quantity", f"{plain(row.quantity)} must be above zero")
    if row.price is not None and row.price.amount < 0:
        raise Misuse("price", f"{plain(row.price.amount)} must not be negative")
    return Fact(
        row.kind,
        row.day,
        row.worth,
        instrument,
        row.quantity,
        row.price,
        row.fees,
        row.note,
        row.at,
        row.tax,
        parts=row.parts,
        order=row.order,
    )


def _repeats_marked(rows: Sequence[PlannedRow], history: Sequence[Transaction]) -> list[PlannedRow]:
    """Known in the books, or earlier in this very file."""
    seen = {fact.source_key for fact in history}
    marked: list[PlannedRow] = []
    for row in rows:
        key = row.parsed.source_key
        marked.append(replace(row, fate=RowFate.REPEATED) if key in seen else row)
        seen.add(key)
    return marked


def _openings_judged(rows: Sequence[PlannedRow], history: Sequence[Transaction]) -> list[PlannedRow]:
    """An opening is what was held before the records begin; where there are records it would count twice."""
    known = {fact.fact.instrument for fact in history}
    return [
        replace(
            row,
            fate=RowFate.REFUSED,
            field="instrument",
            problem=f"{row.parsed.instrument.listing.symbol} already has entries in this account",
            cure="Undo the earlier import, or import into an account of its own",
        )
        if row.fate is RowFate.FRESH and row.fact.kind is Kind.OPENING and row.fact.instrument in known
        else row
        for row in rows
    ]


def _explained_openings(
    home: Account, rows: Sequence[PlannedRow], history: Sequence[Transaction]
) -> tuple[list[Transaction], list[Fact]]:
    """Statement openings whose units the dated history now accounts for, wholly or in part: those to take
    back, and of those explained in part what is left of them.

    Explained: without them nothing is oversold, and on the day they were seen the dated facts leave units.
    """
    fresh = [fact for fact in _imagined(home, rows) if fact.fact.kind is not Kind.OPENING]
    touched = {fact.fact.instrument for fact in fresh}
    openings: dict[InstrumentId, list[Transaction]] = {}
    dated: dict[InstrumentId, list[Transaction]] = {}
    for fact in [*history, *fresh]:
        instrument = fact.fact.instrument
        if instrument is None or instrument not in touched:
            continue
        is_claim = fact.fact.kind is Kind.OPENING and is_stated(fact.source)
        (openings if is_claim else dated).setdefault(instrument, []).append(fact)
    superseded: list[Transaction] = []
    reduced: list[Fact] = []
    for instrument, group in openings.items():
        held = _explained(instrument, dated.get(instrument, []), group)
        if held > 0:
            superseded += group
            reduced += _rest(instrument, held, dated[instrument], group)
    return superseded, reduced


def is_stated(source: str) -> bool:
    """Whether a fact came from a broker's statement, or is what an import left of one that did."""
    return source.partition(":")[0] == "statement"


def _explained(
    instrument: InstrumentId, dated: Sequence[Transaction], openings: Sequence[Transaction]
) -> Decimal:
    """Units that the dated facts leave on the day the openings were seen; 0 when they oversell."""
    if not dated or shortfalls(dated):
        return Decimal(0)
    seen = max(opening.fact.day for opening in openings)
    return held_after(dated, seen).get(instrument, Decimal(0))


def _rest(
    instrument: InstrumentId, held: Decimal, dated: Sequence[Transaction], openings: Sequence[Transaction]
) -> list[Fact]:
    """One opening of what is left unexplained. It cost what the broker says of all, less what the explained
    units cost; its share of the whole, where that cannot be."""
    said = sum((units_of(opening.fact) for opening in openings), Decimal(0))
    if held >= said:
        return []
    newest = max(openings, key=lambda opening: (opening.fact.day, opening.id)).fact
    whole = total((opening.fact.amount for opening in openings), newest.amount.currency)
    known = _cost_of(instrument, dated, newest.day)
    rest = whole - known if known is not None and known < whole else whole * (said - held) / said
    cost = rest.rounded()
    price = Price.per(cost, said - held)
    return [replace(newest, quantity=said - held, amount=cost, price=_kept(price), fees=None)]


def _kept(price: Price) -> Price:
    return Price(quantized(price.amount, _PLACES), price.currency)


def _cost_of(instrument: InstrumentId, dated: Sequence[Transaction], until: TradingDay) -> Money | None:
    """What the explained units cost that are still there; None where other instruments have a part in it."""
    upto = [fact for fact in dated if fact.fact.day <= until]
    if any(fact.fact.other is not None or fact.fact.counterpart is not None for fact in upto):
        return None
    return fold(upto).positions[instrument].cost


def _oversells_refused(
    home: Account, rows: Sequence[PlannedRow], kept: Sequence[Transaction]
) -> list[PlannedRow]:
    """Refuse the file's sales that find too few units. When one would starve a sale already in the books,
    every sale of that instrument up to that day gives way: what is recorded goes before what is not."""
    judged = list(rows)
    while True:
        short = shortfalls([*kept, *_imagined(home, judged)])
        if not short:
            return judged
        starved = [lack.sale for lack in short if lack.sale.id < _FIRST]
        for lack in short:
            if lack.sale.id >= _FIRST and not starved:
                place = lack.sale.id - _FIRST
                judged[place] = _refused(judged[place], lack.held)
        if starved and not _give_way(judged, starved):
            return judged


def _give_way(judged: list[PlannedRow], starved: Sequence[Transaction]) -> bool:
    """Refuse the file's sales before the starved ones; False when there are none left to refuse."""
    last = {sale.fact.instrument: sale.fact.day for sale in starved}
    places = [
        place
        for place, row in enumerate(judged)
        if row.fate is RowFate.FRESH
        and row.fact.kind in _TAKES
        and row.fact.instrument in last
        and row.fact.day <= last[row.fact.instrument]
    ]
    for place in places:
        judged[place] = _refused(judged[place], Decimal(0))
    return bool(places)


def _refused(row: PlannedRow, held: Decimal) -> PlannedRow:
    what = f"{plain(row.parsed.quantity)} {row.parsed.instrument.listing.symbol} on {row.parsed.day}"
    deed = "sells" if row.fact.kind is Kind.SELL else "gives away"
    return replace(
        row,
        fate=RowFate.REFUSED,
        problem=f"{deed} {what} but {plain(held)} are held",
        cure="Import the years before, or record the missing purchase or an opening position first",
    )


def _imagined(home: Account, rows: Sequence[PlannedRow]) -> list[Transaction]:
    """The fresh rows as if recorded; each id says its place in `rows`."""
    return [
        imagined(home, row.fact, TransactionId(_FIRST + place), row.parsed.source_key)
        for place, row in enumerate(rows)
        if row.fate is RowFate.FRESH
    ]
