"""A statement of CAMS or KFintech: every transaction of every scheme, folio by folio.

Steps for a scheme: 1 one that its reader doubts is left out whole; 2 purchases that bounced fall away with
their reversals; 3 each row becomes its kind, duties and taxes join the row they were paid on; 4 opening
balance and understood rows are added up and stand beside the printed closing balance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from tunefolio.adapters.brokers.cas.values import Doubt, Line, day_of, isin_of_scheme, maps, number, period_of
from tunefolio.core.errors import Misuse
from tunefolio.core.money import INR, Money, Price, plain, quantized
from tunefolio.core.time import TradingDay
from tunefolio.ledger.files import Balance, ParsedRow, RowProblem
from tunefolio.ledger.kinds import Kind
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing

_ZERO = Decimal(0)
_PLACES = 8
_KINDS = {
    "PURCHASE": Kind.BUY,
    "PURCHASE_SIP": Kind.SIP,
    "SWITCH_IN": Kind.BUY,
    "REDEMPTION": Kind.SELL,
    "SWITCH_OUT": Kind.SELL,
    "DIVIDEND_PAYOUT": Kind.DIVIDEND,
    "DIVIDEND_REINVEST": Kind.REINVEST,
    "SEGREGATION": Kind.TRANSFER_IN,
    "GIFT_IN": Kind.TRANSFER_IN,
    "GIFT_OUT": Kind.TRANSFER_OUT,
}
_BROUGHT = frozenset({"PURCHASE", "PURCHASE_SIP", "SWITCH_IN"})
_NOTES = {
    "SWITCH_IN": "switch in",
    "SWITCH_OUT": "switch out",
    "SEGREGATION": "segregated portfolio: its cost stays with the main scheme",
    "GIFT_OUT": "gift",
}
_ON_SALES = frozenset({Kind.SELL})
_ON_PURCHASES = frozenset({Kind.BUY, Kind.SIP, Kind.REINVEST})
_DUTIES: Mapping[str, frozenset[Kind]] = {
    "STT_TAX": _ON_SALES,
    "STAMP_DUTY_TAX": _ON_PURCHASES,
    "TDS_TAX": frozenset({Kind.SELL, Kind.DIVIDEND}),
}
"""Duties and taxes that stand in rows of their own, and what they are paid on."""
_SILENT = "MISC"
"""A remark without units: a nominee, an address."""


@dataclass(slots=True)
class Reading:
    """What is found while going through a statement; rows are counted over all schemes."""

    rows: list[ParsedRow]
    problems: list[RowProblem]
    balances: list[Balance]
    count: int = 0


@dataclass(frozen=True, slots=True)
class _Scheme:
    claim: InstrumentClaim
    folio: str
    opening: Decimal
    closing: Decimal
    since: TradingDay | None
    until: TradingDay


def read(cas: Mapping[str, Any], warnings: Sequence[str]) -> Reading:
    """Everything a detailed statement says. warnings: the doubts of its reader, by scheme."""
    found = Reading([], [], [])
    period = period_of(cas)
    for folio in maps(cas.get("folios")):
        for scheme in maps(folio.get("schemes")):
            doubts = [text for text in warnings if repr(scheme.get("scheme")) in text]
            _read_scheme(found, str(folio.get("folio") or ""), scheme, period, doubts)
    return found


def _read_scheme(
    found: Reading, folio: str, said: Mapping[str, Any], period: Mapping[str, Any], doubts: Sequence[str]
) -> None:
    transactions = maps(said.get("transactions"))
    first = found.count + 1
    found.count += max(len(transactions), 1)
    try:
        scheme = _scheme(folio, said, period)
        if doubts:
            raise Doubt("scheme", f"{scheme.claim.name} is left out: {doubts[0]}"[:400])
    except Doubt as doubt:
        cure = "Ask for the statement again, or record this scheme by hand"
        for number_ in range(first, found.count + 1):
            found.problems.append(RowProblem(number_, doubt.field, doubt.problem, doubt.cure or cure))
        return
    lines = [_line(first + place, one) for place, one in enumerate(transactions)]
    rows = _Rows(scheme)
    opened = rows.opening(first) if scheme.opening else None
    found.rows += [opened] if opened is not None else []
    kept, bounced = _without_bounced(lines)
    found.problems += bounced
    good, problems = rows.of(kept)
    found.rows += good
    found.problems += problems
    counted = scheme.opening + sum((_signed(row) for row in good), _ZERO)
    found.balances.append(Balance(scheme.claim, scheme.folio, scheme.until, scheme.closing, counted))


def _scheme(folio: str, said: Mapping[str, Any], period: Mapping[str, Any]) -> _Scheme:
    """Raises Doubt for a scheme without an ISIN, a date, or a balance."""
    name = " ".join(str(said.get("scheme") or "").split())[:200]
    isin = isin_of_scheme(said.get("isin"), name)
    claim = InstrumentClaim(Listing("MF", isin), isin, name, AssetClass.FUND, INR)
    valued = said.get("valuation")
    until = day_of(valued.get("date") if isinstance(valued, Mapping) else period.get("to"), "date")
    opening = number(said.get("open"), "opening balance") or _ZERO
    closing = number(said.get("close"), "closing balance") or _ZERO
    since = day_of(period.get("from"), "from") if period.get("from") else None
    return _Scheme(claim, folio.replace(" ", ""), opening, closing, since, until)


def _line(row: int, said: Mapping[str, Any]) -> Line:
    """One transaction as printed; what of it is no number or date is told when it is needed."""
    told = " ".join(str(said.get("description") or "").split())
    return Line(row, str(said.get("type") or "UNKNOWN"), told, said)


def _without_bounced(lines: Sequence[Line]) -> tuple[list[Line], list[RowProblem]]:
    """A purchase that was not paid stands twice, the second time reversed: neither is a fact."""
    gone: dict[int, RowProblem] = {}
    for place, line in enumerate(lines):
        if line.type != "REVERSAL":
            continue
        units = line.units_or_none()
        twin = next(
            (
                other
                for other in reversed(lines[:place])
                if other.type in _BROUGHT and other.row not in gone and _cancels(other.units_or_none(), units)
            ),
            None,
        )
        if twin is not None:
            gone[twin.row] = RowProblem(twin.row, "reversal", f"was taken back by row {line.row}")
            gone[line.row] = RowProblem(line.row, "reversal", f"takes back row {twin.row}; nothing remains")
    return [line for line in lines if line.row not in gone], list(gone.values())


def _cancels(brought: Decimal | None, taken: Decimal | None) -> bool:
    return brought is not None and taken is not None and brought + taken == 0


class _Rows:
    """Makes facts of one scheme's lines."""

    def __init__(self, scheme: _Scheme) -> None:
        self._scheme = scheme
        self._seen: Counter[str] = Counter()

    def opening(self, row: int) -> ParsedRow | None:
        """Units from before the statement begins; what they cost it does not say."""
        day = self._scheme.since or self._scheme.until
        key = f"cas:{self._scheme.folio}:{self._scheme.claim.isin}:{day.iso()}:opening"
        note = "held before the statement begins; its cost is not stated"
        nothing = Price(_ZERO, INR)
        return ParsedRow(
            row, Kind.OPENING, day, None, self._scheme.claim, self._scheme.opening, nothing, key, note=note
        )

    def of(self, lines: Sequence[Line]) -> tuple[list[ParsedRow], list[RowProblem]]:
        """Facts in the order printed, each with the duties and taxes paid on it."""
        good: list[ParsedRow] = []
        problems: list[RowProblem] = []
        for line in lines:
            try:
                if line.type in _DUTIES:
                    self._charge(line, good)
                elif line.type != _SILENT or line.amount_or_none():
                    good.append(self._fact(line))
            except (Doubt, Misuse) as wrong:
                problems.append(RowProblem(line.row, wrong.field, wrong.problem, wrong.cure))
        return good, problems

    def _fact(self, line: Line) -> ParsedRow:
        kind = _KINDS.get(line.type)
        if kind is None:
            raise Doubt("type", f"{line.type.lower()} ({line.told[:80]}) is not understood", _cure(line.type))
        day = line.day()
        key = self._key(line, day)
        if kind is Kind.DIVIDEND:
            amount = Money(abs(line.amount()), INR)
            return ParsedRow(line.row, kind, day, None, self._scheme.claim, None, None, key, amount=amount)
        units = line.units()
        if (units < 0) != (kind in {Kind.SELL, Kind.TRANSFER_OUT}):
            raise Doubt("units", f"{plain(units)} units do not suit a {line.type.lower()}", _cure(line.type))
        amount = Money(_ZERO, INR)
        if kind not in {Kind.TRANSFER_OUT, Kind.TRANSFER_IN}:
            amount = Money(abs(line.amount()), INR)
        price = self._price(line, kind, abs(units), amount)
        return ParsedRow(
            line.row,
            kind,
            day,
            None,
            self._scheme.claim,
            abs(units),
            price,
            key,
            amount=amount,
            note=self._note(line),
        )

    def _price(self, line: Line, kind: Kind, units: Decimal, amount: Money) -> Price | None:
        if kind is Kind.TRANSFER_OUT:
            return None
        nav = line.nav_or_none()
        if nav is None or kind is Kind.TRANSFER_IN:
            return Price(quantized(amount.amount / units, _PLACES), INR)
        return Price(nav, INR)

    def _note(self, line: Line) -> str:
        if line.type == "GIFT_IN":
            giver = str(line.said.get("gift_folio") or "")[:30]
            source = f"gift from folio {giver}" if giver else "gift"
            return f"{source}: the giver's days and cost are not in the statement"
        return _NOTES.get(line.type, "")

    def _charge(self, line: Line, good: list[ParsedRow]) -> None:
        """Add a duty or tax to the newest row of its day that can bear it, else let it stand alone."""
        paid = Money(abs(line.amount()), INR)
        day, bearers = line.day(), _DUTIES[line.type]
        is_tax = line.type == "TDS_TAX"
        for place in reversed(range(len(good))):
            row = good[place]
            taken = row.tax if is_tax else row.fees
            if row.day == day and row.kind in bearers and taken is None:
                good[place] = replace(row, tax=paid) if is_tax else _with_duty(row, paid)
                return
        kind = Kind.TAX if is_tax else Kind.FEE
        key = self._key(line, day)
        note = line.told[:100]
        claim = self._scheme.claim
        good.append(ParsedRow(line.row, kind, day, None, claim, None, None, key, amount=paid, note=note))

    def _key(self, line: Line, day: TradingDay) -> str:
        """Folio, scheme, day, units and the balance after it: the same row in every later statement."""
        parts = [line.type, line.text("units"), line.text("amount"), line.text("balance")]
        key = f"cas:{self._scheme.folio}:{self._scheme.claim.isin}:{day.iso()}:{':'.join(parts)}"
        self._seen[key] += 1
        return key if self._seen[key] == 1 else f"{key}:{self._seen[key]}"


def _with_duty(row: ParsedRow, paid: Money) -> ParsedRow:
    """The duty is a charge beside the amount. Where the amount printed is what was left after it, the whole
    is units × NAV: the nearer of the two is meant."""
    if row.kind in _ON_SALES and row.quantity is not None and row.price is not None:
        whole, said = (row.price * row.quantity).rounded(), row.worth
        if abs((said + paid - whole).amount) < abs((said - whole).amount):
            return replace(row, amount=said + paid, fees=paid)
    return replace(row, fees=paid)


def _signed(row: ParsedRow) -> Decimal:
    if row.quantity is None:
        return _ZERO
    return -row.quantity if row.kind in {Kind.SELL, Kind.TRANSFER_OUT} else row.quantity


def _cure(kind: str) -> str:
    match kind:
        case "SWITCH_IN_MERGER" | "SWITCH_OUT_MERGER":
            return "Record the merger of the two schemes by hand: it keeps days and cost"
        case "REVERSAL":
            return "Take the purchase back by hand: it is not in this statement"
        case _:
            return "Record it by hand"
