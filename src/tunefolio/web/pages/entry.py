"""The form of a fact: what it sends, what it would do, and what it offers while one types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import Currency, decimal_of
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.kinds import CORPORATE, RULES, Delivery, Kind
from tunefolio.ledger.lots import Side
from tunefolio.ledger.transactions import Fact, Transaction
from tunefolio.services.house import House
from tunefolio.services.views.holdings import holding
from tunefolio.services.views.shapes_holding import HoldingView
from tunefolio.store import accounts, instruments, transactions
from tunefolio.store.db import ReadDb
from tunefolio.store.search import search
from tunefolio.store.transactions import TransactionFilter
from tunefolio.web import kinds, render
from tunefolio.web.api.answers import QueryText, Text, plain
from tunefolio.web.api.facts import FactIn, PickIn, Resolve, fact_of
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading
from tunefolio.web.effects import Effect, Names, Wanted, effect_of
from tunefolio.web.pages.forms import QueryId, find_id

router = APIRouter()
_SUGGESTED = 12
_RECENT = 300
_NUMBERS = ("quantity", "price", "amount", "fees", "tax", "accrued", "counter_amount")
_WORDS = ("instrument", "ratio", "other", "counter_currency", "acquired")
_Many = Annotated[list[Text], Field(max_length=500)]


class EntryForm(BaseModel):
    """The fields of the form as typed; those a kind does not have are left aside, as the form hides them.

    lot, units: side by side, the open lots offered for a sale and what is taken of each.
    replaces: the transaction that is being corrected, "" for a new one.
    """

    kind: Kind = Kind.BUY
    day: Text = ""
    account: Text = ""
    replaces: Text = ""
    instrument: Text = ""
    quantity: Text = ""
    price: Text = ""
    amount: Text = ""
    fees: Text = ""
    tax: Text = ""
    accrued: Text = ""
    ratio: Text = ""
    other: Text = ""
    cost_ratio: Text = ""
    counter_amount: Text = ""
    counter_currency: Text = ""
    counterpart: Text = ""
    acquired: Text = ""
    delivery: Text = ""
    lot: _Many = []
    units: _Many = []
    currency: Text = ""
    note: Text = ""
    tags: Text = ""

    def words(self) -> tuple[str, ...]:
        """The tags, without their #."""
        return tuple(word.lstrip("#") for word in self.tags.split() if word.lstrip("#"))


Entry = Annotated[EntryForm, Form()]


def wish_of(form: EntryForm) -> FactIn:
    """The form as a wish: only the fields its kind may carry; raises Misuse naming the field."""
    rule = RULES[form.kind]
    boxes = {box.name for box in kinds.BOXES if form.kind in box.kinds}
    values: dict[str, Any] = {name: getattr(form, name).strip() for name in _WORDS if name in boxes}
    for name in _NUMBERS:
        if name in boxes and getattr(form, name).strip():
            values[name] = number(getattr(form, name), name)
    if "cost_ratio" in boxes and form.cost_ratio.strip():
        values["cost_ratio"] = ratio_in(form.cost_ratio)
    if "counterpart" in boxes:
        values["counterpart_id"] = find_id(form.counterpart, "counterpart")
    if "delivery" in boxes and form.delivery:
        values["delivery"] = _delivery(form.delivery)
    if rule.allows("picks"):
        values["picks"] = list(_picks(form))
    return FactIn(
        kind=form.kind,
        day=form.day,
        currency=form.currency.strip().upper(),
        note=form.note,
        tags=list(form.words()),
        **values,
    )


def ratio_in(text: str) -> str:
    """Per cent as typed → a ratio; raises Misuse."""
    per_cent = number(text.replace("%", ""), "cost_ratio")
    if len(per_cent.partition(".")[2]) > 6:
        raise Misuse("cost_ratio", "has more than six decimals")
    return plain(Decimal(per_cent) / 100)


def _delivery(text: str) -> Delivery:
    try:
        return Delivery(text)
    except ValueError:
        raise Misuse("delivery", f"{text!r} is unknown", cure="Choose one of the list") from None


def _picks(form: EntryForm) -> Iterator[PickIn]:
    """The lots of which something is taken; raises Misuse."""
    for lot, units in zip(form.lot, form.units, strict=False):
        if units.strip() and Decimal(number(units, "units")):
            id = find_id(lot, "lot")
            if id is not None:
                yield PickIn(lot=id, quantity=number(units, "units"))


def number(text: str, field: str) -> str:
    """A decimal as people type it, with or without grouping; raises Misuse."""
    if not text.strip():
        raise Misuse(field, "is missing")
    value = decimal_of(text.replace(",", "").replace("₹", ""), field)
    if abs(value) >= 10**15:
        raise Misuse(field, "is too large")
    exact = plain(value)
    if len(exact.partition(".")[2]) > 8:
        raise Misuse(field, "has more than eight decimals")
    return exact


def fact_for(form: EntryForm, home: Account, resolve: Resolve) -> Fact:
    """The fact the form tells of, in that account."""
    return fact_of(wish_of(form), home.currency, resolve)


@dataclass(frozen=True, slots=True)
class Preview:
    """What stands beside the form: the effect, or what keeps it from having one."""

    effect: Effect | None = None
    problem: Misuse | None = None


@router.post("/transactions/preview")
def preview(
    request: Request, db: Reading, house: HouseDep, viewer: CurrentViewer, form: Entry
) -> HTMLResponse:
    """What the form's fact would do. Nothing is written; what is still missing is told, not refused."""
    return render.partial(
        request, "transactions/_preview.html", preview=_looked_ahead(db, house, viewer, form), form=form
    )


def _looked_ahead(db: ReadDb, house: House, viewer: Viewer, form: EntryForm) -> Preview:
    try:
        replaces = find_id(form.replaces, "transaction")
        home = _home(db, viewer, form, replaces)
        names = Names(db, viewer)
        fact = fact_for(form, home, names.resolve)
        former = None if replaces is None else TransactionId(replaces)
        return Preview(effect_of(db, house, viewer, Wanted(home, fact, form.words(), former), names))
    except Misuse as problem:
        return Preview(problem=problem)


def _home(db: ReadDb, viewer: Viewer, form: EntryForm, replaces: int | None) -> Account:
    if replaces is not None:
        former = transactions.transaction_of(db, viewer, TransactionId(replaces))
        return accounts.account_of(db, viewer, former.account)
    return home_of(db, viewer, form.account)


def home_of(db: ReadDb, viewer: Viewer, text: str) -> Account:
    """The account chosen in a form; raises Misuse without one, NotFound for another's."""
    id = find_id(text, "account")
    if id is None:
        raise Misuse("account", "is missing", cure="Choose one of the list")
    return accounts.account_of(db, viewer, AccountId(id))


@router.get("/transactions/instruments")
def suggestions(
    request: Request,
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    instrument: QueryText = "",
    other: QueryText = "",
) -> HTMLResponse:
    """What the typed letters may mean: instruments known here first, then the exchange's list."""
    text = (other or instrument).strip()
    found = _suggested(db, house, viewer, text)
    return render.partial(request, "transactions/_suggestions.html", suggestions=found)


def _suggested(db: ReadDb, house: House, viewer: Viewer, text: str) -> list[tuple[str, str]]:
    """(EXCHANGE:SYMBOL, name); the viewer's own when nothing is typed."""
    if not text:
        return known_instruments(db, viewer)[:_SUGGESTED]
    letters = text.rpartition(":")[2].strip().lower()
    found = [(one.key, one.name) for one in search(db, text, _SUGGESTED, viewer=viewer)]
    listed = (
        (f"NSE:{one.symbol}", one.name)
        for one in house.sectors.companies()
        if one.symbol.lower().startswith(letters) or letters in one.name.lower()
    )
    names = {name for name, _ in found}
    more = islice((row for row in listed if row[0] not in names), _SUGGESTED)
    return [*found, *more][:_SUGGESTED]


@router.get("/transactions/lots")
def open_lots(
    request: Request,
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    account: QueryId = "",
    instrument: QueryText = "",
    kind: QueryText = "",
) -> HTMLResponse:
    """The open lots a sale may take: age, cost and gain of each, with room to say how many units of it."""
    view = _held(db, house, viewer, account, instrument)
    side = Side.SHORT if kind == Kind.COVER else Side.LONG
    rows = () if view is None else tuple(row for row in view.lots if row.side == side)
    return render.partial(request, "transactions/_lots.html", view=view, rows=rows, picked={})


def _held(db: ReadDb, house: House, viewer: Viewer, account: str, instrument: str) -> HoldingView | None:
    """None where nothing was ever held, or where the words do not name anything yet."""
    try:
        home = home_of(db, viewer, account)
        id = Names(db, viewer).resolve(instrument, "instrument")
        return holding(db, house, viewer, home.id, id) if id > 0 else None
    except (Misuse, NotFound):
        return None


def known_instruments(db: ReadDb, viewer: Viewer) -> list[tuple[str, str]]:
    """What the viewer's newest facts speak of, by name."""
    newest = transactions.page(db, viewer, filter=TransactionFilter(), before=None, limit=_RECENT)
    ids = {fact.fact.instrument for fact in newest if fact.fact.instrument is not None}
    known = instruments.visible(db, viewer, ids).values()
    return sorted((f"{listed.exchange}:{listed.symbol}", listed.name) for listed in known)


def form_values(db: ReadDb, house: House, *, viewer: Viewer, homes: Sequence[Account]) -> dict[str, Any]:
    """What the form offers: accounts, kinds in groups, instruments known from the viewer's own facts."""
    return {
        "homes": homes,
        "groups": kinds.GROUPS,
        "boxes": kinds.BOXES,
        "rules": RULES,
        "icons": kinds.ICONS,
        "title_of": kinds.title_of,
        "picking": kinds.PICKING,
        "corporate": sorted(CORPORATE),
        "today": TradingDay(calendar_date(house.clock.now())).iso(),
        "suggestions": known_instruments(db, viewer),
    }


def typed(fact: Transaction, names: dict[InstrumentId, str], currency: Currency) -> dict[str, Any]:
    """A fact as the form would have been typed: what the form of a correction begins with."""
    told = fact.fact
    sums = {"fees": told.fees, "tax": told.tax, "accrued": told.accrued, "counter_amount": told.counter}
    values = {name: plain(sum.amount) for name, sum in sums.items() if sum is not None}
    values |= {
        "instrument": names[told.instrument] if told.instrument is not None else "",
        "other": names[told.other] if told.other is not None else "",
        "quantity": "" if told.quantity is None else plain(told.quantity),
        "price": "" if told.price is None else plain(told.price.amount),
        "amount": plain(told.amount.amount) if _says_amount(told) else "",
        "ratio": "" if told.ratio is None else str(told.ratio),
        "cost_ratio": "" if told.cost_ratio is None else plain(told.cost_ratio * 100),
        "counter_currency": "" if told.counter is None else told.counter.currency,
        "counterpart": "" if told.counterpart is None else str(told.counterpart),
        "acquired": "" if told.acquired is None else told.acquired.iso(),
        "delivery": "" if told.delivery is None else told.delivery.value,
        "day": told.day.iso(),
        "note": told.note,
        "currency": "" if told.amount.currency == currency else told.amount.currency,
    }
    return {**values, "picks": [(str(pick.lot), plain(pick.quantity)) for pick in told.picks]}


def _says_amount(fact: Fact) -> bool:
    """Whether the amount does not follow from quantity and price."""
    if fact.price is None or fact.quantity is None:
        return fact.amount.amount != 0 or not RULES[fact.kind].allows("price")
    return (fact.price * fact.quantity).rounded() != fact.amount
