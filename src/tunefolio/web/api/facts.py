"""A fact as it comes in and goes out: one shape for every kind, for the API and forms. Money is text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import Currency, Money, Price, currency_of
from tunefolio.core.time import Instant
from tunefolio.ledger.feeparts import FeeName, parts_of
from tunefolio.ledger.kinds import RULES, Delivery, Kind
from tunefolio.ledger.transactions import Fact, Pick, Ratio
from tunefolio.market.instruments import Instrument, usual_currency
from tunefolio.services.views.shapes import TransactionRow
from tunefolio.web.api.answers import Number, Text, amount, day_of, ist, plain
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import MAX_ID

Id = Annotated[int, Field(ge=1, le=MAX_ID)]
Resolve = Callable[[str, str], InstrumentId]
"""(EXCHANGE:SYMBOL, the field it stands in) → its id; raises Misuse naming the field."""

_NUMBER = r"\s*([0-9]{1,12}(?:\.[0-9]{1,8})?)\s*"
_RATIO = re.compile(rf"{_NUMBER}[:/]{_NUMBER}\Z")
_NOTE = Annotated[Text, Field(description="In your own words.")]


class PickIn(Body):
    """Units of one open lot. lot: the id of the transaction that brought it."""

    lot: Id
    quantity: Number


class FactIn(Body):
    """What happened. Which fields a kind needs and may have says `GET /api/v1/transactions/kinds`.

    Of `price` and `amount` one is enough; the other follows from the quantity.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "kind": "buy",
                "day": "2024-04-01",
                "instrument": "NSE:INFY",
                "quantity": "10",
                "price": "1500",
                "fees": "12.50",
                "tags": ["core"],
            }
        }
    )
    kind: Kind
    day: Annotated[Text, Field(description="YYYY-MM-DD; the ex-date of a corporate action.")]
    instrument: Annotated[Text, Field(description="EXCHANGE:SYMBOL.")] = ""
    quantity: Number | None = None
    price: Number | None = None
    amount: Annotated[Number | None, Field(description="The total without charges.")] = None
    fees: Annotated[Number | None, Field(description="Charges.")] = None
    tax: Annotated[Number | None, Field(description="Tax withheld.")] = None
    accrued: Annotated[Number | None, Field(description="Accrued interest of a bond trade.")] = None
    other: Annotated[Text, Field(description="The second instrument of a corporate action or delivery.")] = ""
    ratio: Annotated[Text, Field(description='New for old, as "10:1".')] = ""
    cost_ratio: Annotated[
        Number | None, Field(description='Share of the cost that goes to `other`, as "0.0468".')
    ] = None
    counter_amount: Annotated[Number | None, Field(description="What a conversion received.")] = None
    counter_currency: Text = ""
    counterpart_id: Annotated[
        Id | None, Field(description="The account on the other side of a transfer.")
    ] = None
    acquired: Annotated[Text, Field(description="The true purchase day, YYYY-MM-DD, where known.")] = ""
    picks: Annotated[list[PickIn], Field(max_length=500, description="Lots chosen for a sale.")] = Field(
        default=[]
    )
    delivery: Delivery | None = None
    parts: Annotated[
        dict[FeeName, Number], Field(max_length=len(FeeName), description="What the fees are made of.")
    ] = Field(default={})
    order: Annotated[Text, Field(max_length=60, description="The broker's number of the order.")] = ""
    at: Annotated[Text, Field(description="The moment of a fill, ISO 8601 with its offset.")] = ""
    currency: Annotated[Text, Field(description="When left out: the exchange's, else the account's.")] = ""
    note: _NOTE = ""
    tags: Annotated[list[Text], Field(max_length=50)] = Field(default=[])


def fact_of(wish: FactIn, currency: Currency, resolve: Resolve) -> Fact:
    """The wish as a checked fact; raises Misuse naming the field. currency: of the account.

    A wish that names no currency is in what its instrument's exchange quotes in, else in the account's.
    """
    money = currency_of(wish.currency) if wish.currency else usual_currency(wish.instrument, currency)
    day = day_of(wish.day, "day")
    quantity = None if wish.quantity is None else _units(Decimal(wish.quantity))
    price = None if wish.price is None else _price(Decimal(wish.price), money)
    return Fact(
        wish.kind,
        day,
        _amount(wish, quantity, price, money),
        resolve(wish.instrument, "instrument") if wish.instrument else None,
        quantity,
        price,
        _sum(wish.fees, money),
        wish.note,
        _moment(wish.at),
        tax=_sum(wish.tax, money),
        accrued=_sum(wish.accrued, money),
        other=resolve(wish.other, "other") if wish.other else None,
        ratio=ratio_of(wish.ratio) if wish.ratio else None,
        cost_ratio=None if wish.cost_ratio is None else Decimal(wish.cost_ratio),
        counter=_counter(wish),
        counterpart=None if wish.counterpart_id is None else AccountId(wish.counterpart_id),
        acquired=day_of(wish.acquired, "acquired") if wish.acquired else None,
        picks=tuple(Pick(TransactionId(pick.lot), Decimal(pick.quantity)) for pick in wish.picks),
        delivery=wish.delivery,
        parts=parts_of({name: Decimal(amount) for name, amount in wish.parts.items()}),
        order=wish.order,
    )


def _sum(text: str | None, currency: Currency) -> Money | None:
    return None if text is None else Money(Decimal(text), currency)


def _units(value: Decimal) -> Decimal:
    if value <= 0:
        raise Misuse("quantity", f"{value:f} must be above zero", cure="The kind says the direction")
    return value


def _price(value: Decimal, currency: Currency) -> Price:
    if value < 0:
        raise Misuse("price", f"{value:f} must not be negative", cure="The kind says the direction")
    return Price(value, currency)


def _amount(wish: FactIn, quantity: Decimal | None, price: Price | None, currency: Currency) -> Money:
    """The amount given, else quantity × price rounded once; zero for a kind that has none."""
    if wish.amount is not None:
        return Money(Decimal(wish.amount), currency)
    rule = RULES[wish.kind]
    if price is not None and quantity is not None and wish.kind is not Kind.MERGER:
        return (price * quantity).rounded()
    if "amount" not in rule.needs:
        return Money.zero(currency)
    if not rule.allows("price"):
        raise Misuse("amount", f"a {wish.kind} needs an amount", cure=f"For example: {rule.example}")
    if quantity is None and wish.instrument:
        raise Misuse("quantity", f"a {wish.kind} needs a quantity", cure=f"For example: {rule.example}")
    if not wish.instrument:
        raise Misuse("instrument", f"a {wish.kind} needs an instrument", cure="Write it as NSE:INFY")
    raise Misuse("price", f"a {wish.kind} needs a price or a total", cure=f"For example: {rule.example}")


def ratio_of(text: str) -> Ratio:
    """10:1 → ten new for one old; raises Misuse."""
    found = _RATIO.match(text)
    if found is None:
        raise Misuse("ratio", f"{text[:40]!r} is not two numbers", cure="Write new:old, as 10:1")
    return Ratio(Decimal(found[1]), Decimal(found[2]))


def _counter(wish: FactIn) -> Money | None:
    if wish.counter_amount is None and not wish.counter_currency:
        return None
    if wish.counter_amount is None:
        raise Misuse("counter_amount", "is missing", cure="Say what was received")
    if not wish.counter_currency:
        raise Misuse("counter_currency", "is missing", cure="Say in which currency, as USD")
    return Money(Decimal(wish.counter_amount), currency_of(wish.counter_currency.strip().upper()))


def _moment(text: str) -> Instant | None:
    if not text:
        return None
    try:
        return Instant.parse(text)
    except Misuse as wrong:
        raise Misuse("at", wrong.problem, cure=wrong.cure) from None
    except OverflowError:
        raise Misuse("at", f"{text!r} is beyond all calendars") from None


def named(instrument: Instrument | None) -> dict[str, Any] | None:
    """An instrument as answers name it."""
    if instrument is None:
        return None
    return {
        "id": instrument.id,
        "symbol": instrument.symbol,
        "exchange": instrument.exchange,
        "isin": instrument.isin,
        "name": instrument.name,
    }


def transaction(row: TransactionRow) -> dict[str, Any]:
    """One fact with its line in the notation; only what its kind may have, beside what every fact has."""
    one, fact = row.transaction, row.transaction.fact
    body: dict[str, Any] = {
        "id": one.id,
        "account_id": row.account.id,
        "account": row.account.name,
        "kind": fact.kind,
        "day": fact.day.iso(),
        "instrument": named(row.instrument),
        "quantity": None if fact.quantity is None else plain(fact.quantity),
        "price": amount(fact.price),
        "amount": amount(fact.amount),
        "fees": amount(fact.charges),
        "currency": fact.amount.currency,
        "note": fact.note,
        "tags": one.tags,
        "source": one.source,
        "line": row.text,
        "recorded_at": ist(one.recorded),
    }
    return body | _further(fact, getattr(row, "other", None))


def _further(fact: Fact, other: Instrument | None) -> dict[str, Any]:
    """What only some kinds have, where it is set."""
    body: dict[str, Any] = {
        "tax": amount(fact.tax),
        "accrued": amount(fact.accrued),
        "other": named(other) or ({"id": fact.other} if fact.other is not None else None),
        "ratio": None if fact.ratio is None else str(fact.ratio),
        "cost_ratio": None if fact.cost_ratio is None else plain(fact.cost_ratio),
        "counter_amount": amount(fact.counter),
        "counter_currency": None if fact.counter is None else fact.counter.currency,
        "counterpart_id": fact.counterpart,
        "acquired": None if fact.acquired is None else fact.acquired.iso(),
        "picks": picks(fact.picks),
        "delivery": fact.delivery,
        "parts": {part.name.value: plain(part.amount) for part in fact.parts},
        "order": fact.order,
        "at": ist(fact.at),
    }
    return {name: value for name, value in body.items() if value}


def picks(chosen: Sequence[Pick]) -> list[dict[str, Any]]:
    return [{"lot": pick.lot, "quantity": plain(pick.quantity)} for pick in chosen]
