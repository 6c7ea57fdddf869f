"""Charges: a calculator, contract notes of recorded trades, and every rule in force on a day."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import HTMLResponse

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Money
from tunefolio.core.time import IST, TradingDay, calendar_date
from tunefolio.services import charged, contract_notes
from tunefolio.services import charges as deeds
from tunefolio.services.charges import Wish
from tunefolio.services.contract_notes import DayNote, Terms
from tunefolio.services.house import House
from tunefolio.services.portfolios import active_accounts
from tunefolio.trading.charges.lines import MissingLine
from tunefolio.trading.charges.tariffs import tariffs
from tunefolio.web import render
from tunefolio.web.api.answers import day_of
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading
from tunefolio.web.filters import money
from tunefolio.web.pages.charge_rulewords import TITLES, Wanted, brokers, rule_rows
from tunefolio.web.pages.forms import FormId, QueryWord, find_id
from tunefolio.web.pages.tax import part_of

router = APIRouter()
_RULES = 25
Day = Annotated[str, Query(max_length=10)]
FormWord = Annotated[str, Form(max_length=60)]


@router.get("/charges")
def calculator(
    request: Request,
    house: HouseDep,
    _viewer: CurrentViewer,
    plan: QueryWord = "zerodha:standard",
    segment: QueryWord = "delivery",
    side: QueryWord = "buy",
    quantity: QueryWord = "",
    price: QueryWord = "",
    date: Day = "",
    exchange: QueryWord = "",
    group: QueryWord = "",
    units: QueryWord = "",
    product: QueryWord = "",
    ending: QueryWord = "",
    services: Annotated[list[QueryWord] | None, Query(max_length=4)] = None,
) -> HTMLResponse:
    """A form and, once it is filled in, every line with its rules. What is wrong is said beside its field."""
    broker, _, name = plan.partition(":")
    wish = Wish(
        broker, segment, side, quantity, price, date, exchange, name, group, units, product, ending,
        ",".join(services or ()),
    )  # fmt: skip
    today = _today(house)
    values: dict[str, Any] = {"wish": wish, "plan": plan, "today": today, "choices": deeds.choices()}
    values |= {"deal": None, "charges": None, "wrong": None}
    if quantity or price:
        try:
            values["deal"], values["charges"] = deeds.calculated(wish, today)
        except Misuse as wrong:
            values["wrong"] = wrong
    return render.page(request, "charges/page.html", **values, **_words())


@router.get("/charges/rules")
def rules(
    request: Request,
    house: HouseDep,
    _viewer: CurrentViewer,
    date: Day = "",
    topic: QueryWord = "",
    broker: QueryWord = "",
    segment: QueryWord = "",
    after: Annotated[str, Query(max_length=20)] = "",
) -> HTMLResponse:
    """The rules in force on a day that are looked for, in words, with range, source and doubt."""
    day = day_of(date, "date") if date else _today(house)
    wanted = Wanted(topic, broker, segment)
    rows = rule_rows(deeds.rules_on(day), wanted)
    chosen = {"topic": topic, "broker": broker, "segment": segment, "date": day.iso()}
    said = {name: word for name, word in chosen.items() if word}
    values: dict[str, Any] = {"day": day, "wanted": wanted, "topics": TITLES, "begins": tariffs().begins}
    values |= {"brokers": brokers(), "segments": deeds.choices()["segments"]}
    values["doubtful"] = sum(row.rule.is_doubtful for row in rows)
    values["further"] = lambda start: f"/charges/rules?{urlencode({**said, 'after': start})}"
    part = part_of(rows, after, _RULES)
    return render.page(request, "charges/rules.html", part=part, **values, **_words())


@router.get("/charges/notes")
def notes(
    request: Request,
    db: Reading,
    viewer: CurrentViewer,
    account: QueryWord = "",
    plan: QueryWord = "",
    group: QueryWord = "",
    until: Day = "",
) -> HTMLResponse:
    """The days on which an account traded, newest first, each with its computed and its recorded charges."""
    homes = active_accounts(db, viewer)
    chosen = find_id(account, "account") or (homes[0].id if homes else None)
    terms = _terms(plan, group)
    values: dict[str, Any] = {"homes": homes, "account": chosen, "plan": plan, "group": group}
    values |= {"days": [], "older": "", "plans": deeds.choices()["plans"]}
    if chosen is not None:
        before = day_of(until, "until") if until else None
        found, following = contract_notes.recent(db, viewer, AccountId(chosen), until=before, terms=terms)
        values["days"] = found
        if following is not None:
            values["older"] = _place("/charges/notes", chosen, plan, group, until=following.iso())
    values["query"] = _place("", chosen or 0, plan, group)
    return render.page(request, "charges/notes.html", **values, **_words())


@router.get("/charges/notes/{day}")
def one_note(
    request: Request,
    db: Reading,
    house: HouseDep,
    viewer: CurrentViewer,
    day: str,
    account: QueryWord = "",
    plan: QueryWord = "",
    group: QueryWord = "",
) -> HTMLResponse:
    """One day as its contract note, line by line, beside what the books carry."""
    home = find_id(account, "account")
    if home is None:
        raise Misuse("account", "is missing", cure="Choose a day of the list")
    when = day_of(day[:20], "day")
    found = contract_notes.note_of(db, viewer, AccountId(home), when, _terms(plan, group))
    values = _shown(house, found, plan, group)
    return render.page(request, "charges/note.html", **values, **_words())


@router.post("/charges/notes/{day}/ask")
def ask_broker(
    request: Request,
    house: HouseDep,
    viewer: CurrentViewer,
    day: str,
    account: FormId,
    plan: FormWord = "",
    group: FormWord = "",
) -> HTMLResponse:
    """The same day with what its broker says of each order. Nothing is kept, so a reload asks again."""
    when, home, terms = day_of(day[:20], "day"), AccountId(account), _terms(plan, group)
    word = charged.ask(house, viewer, home, when, terms)
    with house.database.reading() as db:
        found = contract_notes.note_of(db, viewer, home, when, terms)
    values = _shown(house, found, plan, group) | {"word": word}
    return render.page(request, "charges/note.html", **values, **_words())


def _shown(house: House, note: DayNote, plan: str, group: str) -> dict[str, Any]:
    """What the page of a day needs. asks: whom it can be asked of; word: what that broker said."""
    home = note.account.id
    fields = {"account": home, "plan": plan, "group": group}
    values: dict[str, Any] = {"note": note, "back": _place("/charges/notes", home, plan, group), "word": None}
    return values | {"asks": charged.can_be_asked(house, note.account), "fields": fields}


def _terms(plan: str, group: str) -> Terms:
    broker, _, name = plan.partition(":")
    return Terms(broker, name, group)


def _place(path: str, account: int, plan: str, group: str, **more: str) -> str:
    asked = {"account": str(account), "plan": plan, "group": group, **more}
    return f"{path}?{urlencode({name: word for name, word in asked.items() if word})}"


def _words() -> dict[str, Any]:
    """What the templates of charges ask about values."""
    return {
        "is_missing": lambda value: isinstance(value, Missing | MissingLine),
        "figures_of": deeds.figures_of,
        "rupees": _rupees,
    }


def _rupees(amount: Decimal, digits: int = 2) -> str:
    return money(Money(amount, INR), digits)


def _today(house: House) -> TradingDay:
    return TradingDay(calendar_date(house.clock.now(), IST))
