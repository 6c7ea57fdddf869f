"""Where brokers and books differ, with the likely cause and the repairs, and a repair accepted."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from tunefolio.core.identity import AccountId
from tunefolio.core.money import plain
from tunefolio.services import repairs
from tunefolio.services.views.breaks import breaks as found_breaks
from tunefolio.services.views.shapes_repairs import BreakView
from tunefolio.store import accounts
from tunefolio.web.api.answers import Text, ist, nothing, reply
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import MAX_ID, CurrentViewer, HouseDep, PortfolioChoice, Reading, Writing

v1 = APIRouter(prefix="/breaks", tags=["breaks"])


class Accepted(Body):
    """One repair to record. price, day: what only the person knows, where the repair wants it."""

    account: Annotated[int, Field(ge=1, le=MAX_ID)]
    key: Text
    price: Annotated[str, Field(pattern=r"^([0-9]{1,14}(\.[0-9]{1,8})?)?$")] = ""
    day: Annotated[str, Field(max_length=10)] = ""


@v1.get("")
def breaks(db: Reading, house: HouseDep, viewer: CurrentViewer, portfolio: PortfolioChoice) -> Response:
    """Every difference of the newest statements, by account; `agreed` are the accounts without any."""
    view = found_breaks(db, house, viewer, portfolio=portfolio)
    return reply({"data": [_shown(one) for one in view.breaks], "agreed": [home.id for home in view.agreed]})


@v1.post("/repair", status_code=204)
def repair(db: Writing, house: HouseDep, viewer: CurrentViewer, wish: Accepted) -> Response:
    """Record the facts that a repair proposes; they can be taken back like any others."""
    home = accounts.account_of(db, viewer, AccountId(wish.account))
    answers = {"price": wish.price} if wish.price else {}
    if wish.day.strip():
        answers["day"] = wish.day.strip()
    repairs.accept(db, house, viewer, home.id, wish.key, answers)
    return nothing()


def _shown(one: BreakView) -> dict[str, Any]:
    return {
        "key": one.key,
        "account_id": one.account.id,
        "account": one.account.name,
        "instrument_id": one.instrument.id,
        "symbol": one.instrument.symbol,
        "ours": plain(one.found.ours),
        "theirs": plain(one.found.theirs),
        "difference": plain(one.difference),
        "cause": one.cause,
        "evidence": [told.text for told in one.evidence],
        "seen_at": ist(one.seen),
        "repairs": [
            {
                "key": repair.key,
                "title": repair.title,
                "lines": list(repair.lines),
                "wants": list(repair.wants),
                "after": plain(repair.after),
            }
            for repair in one.repairs
        ],
    }
