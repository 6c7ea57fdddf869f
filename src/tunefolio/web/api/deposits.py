"""Deposits and provident funds: made with the terms their value follows, and paid into."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field
from starlette.responses import Response

from tunefolio.core.identity import AccountId, TransactionId
from tunefolio.core.money import Money, Price, decimal_of
from tunefolio.core.people import Viewer
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.transactions import trade
from tunefolio.market.accruals import Crediting, terms_of
from tunefolio.market.instruments import AssetClass
from tunefolio.services import record as deeds
from tunefolio.services.house import House
from tunefolio.store.accounts import account_of
from tunefolio.store.db import WriteDb
from tunefolio.web.api.answers import Name, Number, Text, day_of, reply
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import MAX_ID, CurrentViewer, HouseDep, Writing

v1 = APIRouter(prefix="/deposits", tags=["transactions"])


class DepositIn(Body):
    """A fixed-return holding and its first payment; later payments are purchases of it at 1 a unit."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "account_id": 1,
                "symbol": "SBI-FD-2027",
                "name": "Fixed deposit until 2027",
                "rate": "7.1",
                "crediting": "quarterly",
                "matures": "2027-03-31",
                "day": "2024-04-01",
                "amount": "100000",
            }
        }
    )
    account_id: Annotated[int, Field(ge=1, le=MAX_ID)]
    symbol: Annotated[Text, Field(description="One word; it is listed as OWN:SYMBOL, and only for you.")]
    name: Name
    rate: Annotated[Number, Field(description="Per cent a year.")]
    crediting: Crediting = Crediting.QUARTERLY
    matures: Annotated[Text, Field(description="YYYY-MM-DD; nothing accrues from that day on.")] = ""
    day: Annotated[Text, Field(description="Of the first payment, YYYY-MM-DD.")]
    amount: Number


@v1.post("", status_code=201)
def open_one(db: Writing, house: HouseDep, viewer: CurrentViewer, wish: DepositIn) -> Response:
    """Make it and record the first payment, both or neither."""
    return reply({"transaction_id": opened(db, house, viewer, wish)}, 201)


def opened(db: WriteDb, house: House, viewer: Viewer, wish: DepositIn) -> TransactionId:
    """The first payment's id; raises Misuse naming the field."""
    home = account_of(db, viewer, AccountId(wish.account_id))
    words = ["rate", f"{wish.rate}%", wish.crediting.value]
    if wish.matures:
        words += ["matures", day_of(wish.matures, "matures").iso()]
    made = deeds.add_private(
        db, house, viewer, wish.symbol, wish.name, AssetClass.FIXED, terms_of(words), home.currency
    )
    paid = Money(decimal_of(wish.amount, "amount"), home.currency)
    fact = trade(
        Kind.BUY, day_of(wish.day, "day"), made, paid.rounded().amount, Price(decimal_of("1"), home.currency)
    )
    return deeds.record(db, house, viewer, home.id, fact)
