"""The family view for programs, and the grants behind it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from tunefolio.core.identity import GrantId, PersonId, PortfolioId
from tunefolio.core.missing import Missing
from tunefolio.core.sharing import Amounts
from tunefolio.services import family as views
from tunefolio.services import grants
from tunefolio.services.family import Share, Sums
from tunefolio.services.grants import GrantLine
from tunefolio.services.shared_shapes import SharedBook, SharedLine, SharedReturns, SharedSlice
from tunefolio.services.views import HoldingRow
from tunefolio.web.api.answers import Text, amount, day_of, ist, nothing, plain, put, reply
from tunefolio.web.api.figures import ratio_json
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import MAX_ID, CurrentViewer, HouseDep, OwnWriting, Reading, RowId, Writing

v1 = APIRouter(tags=["family"])


class Offer(Body):
    """email: of an existing user. portfolio_id: the only one to be seen, null for all. last_day: the last on
    which it holds, null for until it is taken back. amounts: hidden, which is what is meant where it is
    left out, shows weights and returns alone; shown shows rupees, units and costs as well. A field that is
    not known is refused: a misspelt one would let more be seen than was meant."""

    email: Text
    portfolio_id: Annotated[int, Field(ge=1, le=MAX_ID)] | None = None
    last_day: Annotated[str, Field(max_length=10)] | None = None
    amounts: Amounts = Amounts.HIDDEN


@v1.get("/family")
def family(db: Reading, house: HouseDep, viewer: CurrentViewer) -> Response:
    """The viewer's own books and those she was given to see: the sum, and each person's share."""
    view = views.family(db, house, viewer)
    return reply(
        {
            "currency": view.currency,
            "as_of": ist(view.freshness.as_of),
            "is_stale": view.freshness.is_stale,
            **sums(view.sums),
            "data": [share(one) for one in view.shares],
        }
    )


@v1.get("/family/people/{id}")
def person(db: Reading, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """What one of them holds, as far as she lets it be seen; 404 for anyone else."""
    found = views.share_of(db, house, viewer, PersonId(id))
    return reply(share(found) | {"holdings": [holding(row) for row in found.rows]})


@v1.get("/family/grants")
def listed(db: Reading, house: HouseDep, viewer: CurrentViewer) -> Response:
    """What the viewer gives, and what she is given."""
    found = grants.listed(db, house, viewer)
    sides = (("given", found.given), ("offered", found.offered), ("accepted", found.accepted))
    return reply({"data": [grant(side, line) for side, lines in sides for line in lines]})


@v1.post("/family/grants", status_code=201)
def offer(db: Writing, house: HouseDep, viewer: CurrentViewer, wish: Offer) -> Response:
    """Offer a person to see one portfolio, or all; nothing is seen before she accepts."""
    made = grants.offer(
        db,
        house,
        viewer,
        wish.email,
        portfolio=None if wish.portfolio_id is None else PortfolioId(wish.portfolio_id),
        last_day=day_of(wish.last_day, "last_day") if wish.last_day else None,
        amounts=wish.amounts,
    )
    return reply({"id": made.id}, 201)


@v1.get("/family/grants/{id}")
def look(db: Reading, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """What one grant shows: holdings, how they are spread, returns; amounts are null where they are hidden.
    The owner sees it as the other does."""
    found = views.look(db, house, viewer, GrantId(id))
    about = {"id": found.grant, "person_id": found.owner.id, "name": found.owner.name, "is_own": found.is_own}
    return reply(about | book(found.book))


@v1.post("/family/grants/{id}/accept", status_code=204)
def accept(db: OwnWriting, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Take what is offered."""
    grants.accept(db, house, viewer, GrantId(id))
    return nothing()


@v1.post("/family/grants/{id}/leave", status_code=204)
def leave(db: OwnWriting, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Decline what is offered, or give up what was accepted."""
    grants.leave(db, house, viewer, GrantId(id))
    return nothing()


@v1.delete("/family/grants/{id}", status_code=204)
def revoke(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """Take back what the viewer gave; at once."""
    grants.revoke(db, house, viewer, GrantId(id))
    return nothing()


def sums(one: Sums) -> dict[str, Any]:
    whole = one.valuation
    lacking = "no price is known"
    row: dict[str, Any] = {"holdings": one.holdings, "unpriced": whole.unpriced}
    put(row, "value", amount(whole.value) if one.is_priced else None, lacking)
    row["invested"] = amount(whole.invested)
    put(row, "pnl", amount(whole.pnl) if one.is_priced else None, lacking)
    put(row, "day_change", amount(whole.day_change), "no previous close is known")
    put(row, "day_change_ratio", ratio_json(one.day_change_ratio), "no previous close is known")
    xirr = one.xirr
    if isinstance(xirr, Missing):
        put(row, "xirr", None, xirr.sentence)
    else:
        row["xirr"] = ratio_json(xirr)
    return row


def share(one: Share) -> dict[str, Any]:
    row = {
        "person_id": one.person.id,
        "name": one.person.name,
        "is_self": one.is_self,
        "grants": list(one.grants),
        "portfolios": list(one.titles),
        "accounts": [{"account_id": home.id, "name": home.name} for home in one.accounts],
        **sums(one.sums),
    }
    put(row, "share_ratio", ratio_json(one.share_ratio), "no price is known")
    return row


def holding(row: HoldingRow) -> dict[str, Any]:
    return {
        "account_id": row.account.id,
        "instrument_id": row.instrument.id,
        "exchange": row.instrument.exchange,
        "symbol": row.instrument.symbol,
        "name": row.instrument.name,
        "sector": row.classification.sector,
        "quantity": plain(row.valued.quantity),
        "currency": row.valued.position.currency,
        "invested": amount(row.valued.invested),
        "value": amount(row.valued.value),
        "pnl": amount(row.valued.pnl),
    }


def grant(side: str, line: GrantLine) -> dict[str, Any]:
    one = line.grant
    return {
        "id": one.id,
        "side": side,
        "person_id": line.other.id,
        "name": line.other.name,
        "email": line.other.email,
        "portfolio": line.title or None,
        "created_at": ist(one.created),
        "accepted_at": ist(one.accepted),
        "until": ist(one.until),
        "amounts": one.amounts,
    }


def book(one: SharedBook) -> dict[str, Any]:
    """A shared portfolio. Its sums and those of its lines are there only where amounts are shown."""
    sums = one.amounts
    return {
        "title": one.title,
        "currency": one.currency,
        "as_of": ist(one.freshness.as_of),
        "is_stale": one.freshness.is_stale,
        "unpriced": one.unpriced,
        "amounts": None
        if sums is None
        else {
            "invested": amount(sums.invested),
            "value": amount(sums.value),
            "pnl": amount(sums.pnl),
            "day_change": amount(sums.day_change),
        },
        "returns": returns(one.returns),
        "holdings": [line(each) for each in one.lines],
        "sectors": [part(each) for each in one.sectors],
        "asset_classes": [part(each) for each in one.classes],
    }


def returns(one: SharedReturns) -> dict[str, Any]:
    row: dict[str, Any] = {"pnl_ratio": ratio_json(one.pnl_ratio), "day_ratio": ratio_json(one.day_ratio)}
    for name, value in (("xirr", one.xirr), *((f"twr_{word.lower()}", value) for word, value in one.twr)):
        if isinstance(value, Missing):
            put(row, name, None, value.sentence)
        else:
            row[name] = ratio_json(value)
    return row | {"until": None if one.until is None else one.until.iso()}


def line(one: SharedLine) -> dict[str, Any]:
    told = one.amounts
    return {
        "symbol": one.symbol,
        "exchange": one.exchange,
        "name": one.name,
        "sector": one.sector,
        "asset_class": one.asset_class,
        "weight_ratio": ratio_json(one.weight_ratio),
        "pnl_ratio": ratio_json(one.pnl_ratio),
        "day_ratio": ratio_json(one.day_ratio),
        "amounts": None
        if told is None
        else {
            "quantity": plain(told.quantity),
            "invested": amount(told.invested),
            "value": amount(told.value),
            "pnl": amount(told.pnl),
        },
    }


def part(one: SharedSlice) -> dict[str, Any]:
    return {
        "name": one.name,
        "holdings": one.holdings,
        "weight_ratio": ratio_json(one.weight_ratio),
        "pnl_ratio": ratio_json(one.pnl_ratio),
        "value": amount(one.value),
    }
