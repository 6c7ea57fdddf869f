"""Our own transactions as JSON, as GET /api/v1/transactions gives them, read back row by row.

Facts that name a second thing (a split's ratio, a transfer's other account) come back by the text book.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson

from tunefolio.adapters.brokers.files import cells, fields
from tunefolio.adapters.brokers.files.fields import Flaw
from tunefolio.core.errors import Misuse
from tunefolio.core.money import Currency, Money, Price, currency_of, decimal_of
from tunefolio.core.time import IST, Instant
from tunefolio.ledger.feeparts import FeeName, FeeParts, order_number, parts_of
from tunefolio.ledger.files import FORMATS, FileFormat, ParsedFile, ParsedRow, RowProblem
from tunefolio.ledger.kinds import RULES, Kind
from tunefolio.market.instruments import InstrumentClaim, Listing, usual_class

MOST_ROWS = 200_000
_SECOND = (
    "other", "ratio", "cost_ratio", "counter", "counterpart", "delivery", "picks", "accrued", "acquired",
)  # fmt: skip


class OwnJson:
    """{"data": [{"kind": …, "day": …, "instrument": {…}, "quantity": …, …}]}"""

    name = "tunefolio_json"
    title = "TuneFolio transactions (JSON)"

    def recognises(self, filename: str, content: bytes) -> bool:  # noqa: ARG002  a name proves nothing
        """An object with a list of data whose first entry has a kind and a day."""
        rows = _rows(content)
        return bool(rows) and isinstance(rows[0], Mapping) and {"kind", "day"} <= rows[0].keys()

    def parse(self, content: bytes, sha256: str) -> ParsedFile:  # noqa: ARG002  rows have keys of their own
        if not self.recognises("", content):
            raise Misuse("file", "holds no transactions of TuneFolio", cure="Export them as JSON again")
        rows = _rows(content)
        if len(rows) > MOST_ROWS:
            raise Misuse("file", f"has more than {MOST_ROWS:,} rows", cure="Split it by year")
        good: list[ParsedRow] = []
        problems: list[RowProblem] = []
        seen: Counter[str] = Counter()
        for number, row in enumerate(rows, 1):
            try:
                if not isinstance(row, Mapping):
                    raise Flaw("row", "is no object")
                if row.get("reverses") is None and row.get("reversed_by") is None:
                    good.append(_row(number, row, seen))
            except Flaw as flaw:
                problems.append(flaw.at(number))
        return ParsedFile(self.name, self.title, tuple(good), tuple(problems))


def _rows(content: bytes) -> Sequence[Any]:
    if content[:3].lstrip(b"\xef\xbb\xbf \r\n\t")[:1] not in (b"{", b""):
        return ()
    try:
        said = orjson.loads(content)
    except orjson.JSONDecodeError:
        return ()
    rows = said.get("data") if isinstance(said, Mapping) else None
    return rows if isinstance(rows, list) else ()


def _row(number: int, row: Mapping[str, Any], seen: Counter[str]) -> ParsedRow:
    kind = _kind(row)
    if second := next((name for name in _SECOND if row.get(name)), ""):
        raise Flaw(second, "cannot come back by JSON", "Use the text book of the export: it says everything")
    claim = _claim(row)
    quantity = _number(row, "quantity")
    price = _number(row, "price")
    amount = _number(row, "amount")
    key = str(row.get("source_key") or "")[:200]
    if not key:
        said = hashlib.sha256(orjson.dumps(row, option=orjson.OPT_SORT_KEYS)).hexdigest()[:24]
        seen[said] += 1
        key = f"json:{said}:{seen[said]}"
    at = row.get("at")
    return ParsedRow(
        number,
        kind,
        fields.day(str(row.get("day", "")), "day"),
        _moment(at) if isinstance(at, str) and at else None,
        claim,
        quantity if RULES[kind].allows("quantity") else None,
        Price(price, claim.currency) if price is not None and RULES[kind].allows("price") else None,
        key,
        amount=None if amount is None else Money(amount, claim.currency),
        fees=_charge(row, "fees", claim.currency),
        tax=_charge(row, "tax", claim.currency),
        note=cells.text(str(row.get("note") or ""), "note", 500),
        parts=_parts(row),
        order=order_number(str(row.get("order") or "")) if RULES[kind].allows("price") else "",
    )


def _parts(row: Mapping[str, Any]) -> FeeParts:
    said = row.get("parts")
    if not said:
        return ()
    try:
        return parts_of({FeeName(name): decimal_of(str(amount), "parts") for name, amount in said.items()})
    except (AttributeError, ValueError, Misuse):
        raise Flaw("parts", "are not charges by name", 'Such as {"stt": "15"}') from None


def _kind(row: Mapping[str, Any]) -> Kind:
    try:
        return Kind(str(row.get("kind", "")))
    except ValueError:
        raise Flaw("kind", f"{str(row.get('kind'))[:40]!r} is unknown") from None


def _claim(row: Mapping[str, Any]) -> InstrumentClaim:
    named = row.get("instrument")
    if not isinstance(named, Mapping):
        raise Flaw("instrument", "is lacking", "A fact about money alone comes back by the text book")
    exchange = fields.exchange(str(named.get("exchange", "")), "exchange")
    symbol = cells.symbol(str(named.get("symbol", "")))
    said = row.get("amount") if isinstance(row.get("amount"), Mapping) else row
    try:
        currency = currency_of(str(row.get("currency") or (said or {}).get("currency") or "INR"))
    except Misuse as wrong:
        raise Flaw("currency", wrong.problem, wrong.cure) from None
    return InstrumentClaim(
        Listing(exchange, symbol, str(named.get("series") or "")[:10]),
        fields.isin(str(named.get("isin") or ""), "isin"),
        cells.text(str(named.get("name") or ""), "name"),
        usual_class(exchange, symbol),
        currency,
    )


def _number(row: Mapping[str, Any], name: str) -> Decimal | None:
    """Numbers are strings, or objects of an amount and its currency."""
    said = row.get(name)
    if isinstance(said, Mapping):
        said = said.get("amount")
    return None if said is None or said == "" else fields.number(str(said), name)


def _charge(row: Mapping[str, Any], name: str, currency: Currency) -> Money | None:
    value = _number(row, name)
    return Money(value, currency) if value else None


def _moment(text: str) -> Instant:
    try:
        return Instant.parse(text, IST)
    except Misuse:
        raise Flaw("at", f"{text[:40]!r} is not a time") from None


_FORMAT: FileFormat = FORMATS.register(OwnJson.name)(OwnJson())
