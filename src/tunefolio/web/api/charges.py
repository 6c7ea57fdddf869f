"""What trades cost: an order's charges, a contract note of given or recorded trades, the rules of a day."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field
from starlette.responses import Response

from tunefolio.core.identity import AccountId
from tunefolio.core.time import IST, TradingDay, calendar_date
from tunefolio.services import charged, charged_json, contract_notes
from tunefolio.services import charges as deeds
from tunefolio.services import charges_json as told
from tunefolio.services.charges import Wish
from tunefolio.services.contract_notes import DayNote, Terms
from tunefolio.services.house import House
from tunefolio.trading.charges.notes import note
from tunefolio.trading.charges.tariffs import tariffs
from tunefolio.web.api.answers import Number, QueryText, Text, day_of, plain, reply
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import MAX_ID, CurrentViewer, HouseDep, Reading

v1 = APIRouter(prefix="/charges", tags=["charges"])
Word = Annotated[str, Query(max_length=60)]
AccountChoice = Annotated[int, Query(ge=1, le=MAX_ID, description="Whose trades.")]
_MOST = 1_000


@v1.get("")
def one_order(
    house: HouseDep,
    _viewer: CurrentViewer,
    segment: Annotated[str, Query(max_length=60, description="delivery, intraday, futures, options, …")] = "",
    side: Annotated[str, Query(max_length=60, description="buy or sell.")] = "",
    quantity: Annotated[str, Query(max_length=60, description="Units, not lots.")] = "",
    price: Annotated[str, Query(max_length=60, description="Rupees; of an option its premium.")] = "",
    date: Annotated[str, Query(max_length=60, description="YYYY-MM-DD; else today.")] = "",
    broker: Annotated[str, Query(max_length=60, description="Else none: no brokerage.")] = "none",
    plan: Word = "",
    exchange: Word = "",
    group: Annotated[str, Query(max_length=60, description="Scrip group at BSE.")] = "",
    units: Annotated[str, Query(max_length=60, description="share, equity_fund, other_fund, agri.")] = "",
    product: Annotated[str, Query(max_length=60, description="Of a derivative: carry, intraday.")] = "",
    ending: Annotated[str, Query(max_length=60, description="exercised, assigned or physical.")] = "",
    services: QueryText = "",
) -> Response:
    """The charges of one order, line by line; each names its rules. A missing line makes `total` null."""
    wish = Wish(
        broker, segment, side, quantity, price, date, exchange, plan, group, units, product, ending, services
    )
    deal, found = deeds.calculated(wish, _today(house))
    return reply({"deal": told.deal(deal), **told.charges(found)})


@v1.get("/rules")
def rules(
    house: HouseDep,
    _viewer: CurrentViewer,
    date: Annotated[str, Query(max_length=10, description="YYYY-MM-DD; else today.")] = "",
) -> Response:
    """Every rule in force on a day, by name, with its range, sources and confidence."""
    day = day_of(date, "date") if date else _today(house)
    return reply({"date": day.iso(), "data": [told.rule(rule) for rule in deeds.rules_on(day)]})


class Trade(Body):
    """One trade of a note. scrip tells instruments apart; order: trades of one order bear one brokerage."""

    segment: Annotated[Text, Field(max_length=60)]
    side: Annotated[Text, Field(max_length=60)]
    quantity: Number
    price: Number
    scrip: Annotated[Text, Field(min_length=1, max_length=60)]
    order: Annotated[Text, Field(max_length=60)] = ""
    exchange: Annotated[Text, Field(max_length=60)] = ""
    group: Annotated[Text, Field(max_length=60)] = ""
    units: Annotated[Text, Field(max_length=60)] = ""
    product: Annotated[Text, Field(max_length=60)] = ""
    ending: Annotated[Text, Field(max_length=60)] = ""
    services: Annotated[Text, Field(max_length=60)] = ""


class NoteOf(Body):
    """A day's trades at one broker; shares bought and sold within it become intraday."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "date": "2023-07-13",
                "broker": "zerodha",
                "trades": [
                    {
                        "segment": "delivery",
                        "side": "buy",
                        "quantity": "500",
                        "price": "100",
                        "scrip": "INFY",
                        "order": "1",
                    },
                    {
                        "segment": "delivery",
                        "side": "sell",
                        "quantity": "500",
                        "price": "105",
                        "scrip": "INFY",
                        "order": "2",
                    },
                ],
            }
        }
    )
    date: Annotated[Text, Field(max_length=10)]
    broker: Annotated[Text, Field(max_length=60)] = "none"
    plan: Annotated[Text, Field(max_length=60)] = ""
    trades: Annotated[list[Trade], Field(min_length=1, max_length=_MOST)]


@v1.post("/note")
def given(house: HouseDep, _viewer: CurrentViewer, wish: NoteOf) -> Response:
    """The contract note of the trades given; nothing is kept."""
    day, today = day_of(wish.date, "date").iso(), _today(house)
    deals = [
        deeds.deal_of(Wish(broker=wish.broker, plan=wish.plan, day=day, **one.model_dump()), today)
        for one in wish.trades
    ]
    found = note(deals, tariffs())
    body = {
        "date": found.day.iso(),
        "broker": found.broker,
        "plan": found.plan or None,
        "trades": len(deals),
        "intraday": [{"scrip": name, "units": plain(units)} for name, units in found.intraday],
    }
    return reply(body | told.charges(found.charges))


@v1.get("/notes")
def recorded(
    db: Reading,
    viewer: CurrentViewer,
    account: AccountChoice,
    day: Annotated[str, Query(max_length=10, description="One day; else the newest ones.")] = "",
    until: Annotated[str, Query(max_length=10, description="Only days before it: `next` of a page.")] = "",
    broker: Annotated[str, Query(max_length=60, description="Else the account's own.")] = "",
    plan: Word = "",
    group: Annotated[str, Query(max_length=60, description="Of what was traded at BSE.")] = "",
) -> Response:
    """Contract notes of recorded trades, computed beside what the books carry; nothing is written."""
    terms, home = Terms(broker, plan, group), AccountId(account)
    if day:
        return reply({"data": [_day(contract_notes.note_of(db, viewer, home, day_of(day, "day"), terms))]})
    before = day_of(until, "until") if until else None
    found, following = contract_notes.recent(db, viewer, home, until=before, terms=terms)
    body: dict[str, object] = {"data": [_day(one) for one in found]}
    return reply(body | ({} if following is None else {"next": following.iso()}))


class AskedDay(Body):
    """Which day's orders the account's broker is asked about; broker, plan and group are our side of it."""

    model_config = ConfigDict(json_schema_extra={"example": {"account": 1, "day": "2026-11-19"}})
    account: Annotated[int, Field(ge=1, le=MAX_ID)]
    day: Annotated[Text, Field(max_length=10)]
    broker: Annotated[Text, Field(max_length=60)] = ""
    plan: Annotated[Text, Field(max_length=60)] = ""
    group: Annotated[Text, Field(max_length=60)] = ""


@v1.post("/notes/compare")
def broker_asked(house: HouseDep, viewer: CurrentViewer, wish: AskedDay) -> Response:
    """What the account's broker says that the day's orders cost, line by line beside ours. Writes nothing.

    Needs a living session: 409 asks for a login, 503 says that the broker is away.
    """
    terms, day = Terms(wish.broker, wish.plan, wish.group), day_of(wish.day, "day")
    return reply(charged_json.word(charged.ask(house, viewer, AccountId(wish.account), day, terms)))


def _day(note: DayNote) -> dict[str, object]:
    """stated: the broker's own charges line by line, where a file told them of every trade; else null."""
    stated = None if note.stated is None else charged_json.comparison(note.stated)
    return told.day_note(note) | {"stated": stated}


def _today(house: House) -> TradingDay:
    return TradingDay(calendar_date(house.clock.now(), IST))
