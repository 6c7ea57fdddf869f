"""What the filters of the ledger send: words of an address → TransactionFilter."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from fastapi import Depends, Query

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, ImportId, InstrumentId
from tunefolio.core.money import decimal_of
from tunefolio.core.time import TradingDay
from tunefolio.ledger.kinds import Kind
from tunefolio.market.instruments import AssetClass
from tunefolio.store.transactions import TransactionFilter
from tunefolio.web.api.answers import QueryText, day_of
from tunefolio.web.pages.forms import QueryId, find_id

FILTERS = frozenset(
    "text account kind tag instrument import reversed since until least most class".split()  # noqa: SIM905
)
Word = Annotated[str, Query(max_length=40)]
Kinds = Annotated[list[str], Query(max_length=len(Kind))]
ImportQuery = Annotated[str, Query(alias="import", max_length=20)]
ClassQuery = Annotated[str, Query(alias="class", max_length=20)]


def chosen_filter(
    text: QueryText = "",
    account: QueryId = "",
    kind: Kinds = [],  # noqa: B006 — FastAPI copies it
    tag: QueryText = "",
    instrument: QueryId = "",
    imported: ImportQuery = "",
    since: Word = "",
    until: Word = "",
    least: Word = "",
    most: Word = "",
    asset_class: ClassQuery = "",
    reversed: Word = "",
) -> TransactionFilter:
    """since, until: both days inside, as people mean them. Raises Misuse naming the field."""
    home, held = find_id(account, "account"), find_id(instrument, "instrument")
    file = find_id(imported, "import")
    return TransactionFilter(
        account=None if home is None else AccountId(home),
        instrument=None if held is None else InstrumentId(held),
        kinds=frozenset(_kind(word) for word in kind if word),
        tag=tag or None,
        text=text.strip() or None,
        since=day_of(since, "since") if since else None,
        until=_day_after(day_of(until, "until")) if until else None,
        least=_sum(least, "least"),
        most=_sum(most, "most"),
        asset_class=_class(asset_class) if asset_class else None,
        import_id=None if file is None else ImportId(file),
        with_reversed=bool(reversed),
    )


Chosen = Annotated[TransactionFilter, Depends(chosen_filter)]


def _kind(word: str) -> Kind:
    try:
        return Kind(word)
    except ValueError:
        raise Misuse("kind", f"{word[:40]!r} is unknown", cure="Choose one of the list") from None


def _class(word: str) -> AssetClass:
    try:
        return AssetClass(word)
    except ValueError:
        raise Misuse("class", f"{word!r} is unknown", cure="Choose one of the list") from None


def _sum(text: str, field: str) -> Decimal | None:
    if not text.strip():
        return None
    value = decimal_of(text.replace(",", "").replace("₹", ""), field)
    if abs(value) >= 10**15:
        raise Misuse(field, "is too large")
    return value


def _day_after(day: TradingDay) -> TradingDay:
    try:
        return day.plus_days(1)
    except OverflowError:
        raise Misuse("until", "lies beyond all calendars") from None
