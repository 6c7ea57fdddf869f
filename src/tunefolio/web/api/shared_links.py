"""Public links for programs of their owner. What a link shows is a page: /shared/{token}."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from tunefolio.core.identity import PortfolioId, SharedLinkId
from tunefolio.core.sharing import Amounts
from tunefolio.services import shared_links
from tunefolio.services.shared_links import LinkLine
from tunefolio.web.api.answers import Text, day_of, ist, nothing, reply
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import MAX_ID, CurrentViewer, HouseDep, Reading, RowId, Writing
from tunefolio.web.proved import PROVED

v1 = APIRouter(tags=["family"])


class NewLink(Body):
    """title: what visitors read above it. amounts: hidden shows weights and returns alone. last_day: the last
    on which it holds, null for until it is revoked. A field that is not known is refused."""

    portfolio_id: Annotated[int, Field(ge=1, le=MAX_ID)]
    title: Text
    amounts: Amounts = Amounts.HIDDEN
    last_day: Annotated[str, Field(max_length=10)] | None = None


@v1.get("/family/links")
def listed(db: Reading, house: HouseDep, viewer: CurrentViewer) -> Response:
    """The viewer's public links that are not revoked, newest first."""
    return reply({"data": [link(one) for one in shared_links.listed(db, house, viewer)]})


@v1.post("/family/links", status_code=201, dependencies=PROVED)
def make(db: Writing, house: HouseDep, viewer: CurrentViewer, wish: NewLink) -> Response:
    """A public link to one portfolio. Its address is told in this answer alone. Needs a proof."""
    made = shared_links.make(
        db,
        house,
        viewer,
        PortfolioId(wish.portfolio_id),
        wish.title,
        amounts=wish.amounts,
        last_day=day_of(wish.last_day, "last_day") if wish.last_day else None,
    )
    return reply({"id": made.kept.id, "url": house.rules.public_url + made.path}, 201)


@v1.delete("/family/links/{id}", status_code=204)
def revoke(db: Writing, house: HouseDep, viewer: CurrentViewer, id: RowId) -> Response:
    """It opens nothing from the next look on."""
    shared_links.revoke(db, house, viewer, SharedLinkId(id))
    return nothing()


def link(line: LinkLine) -> dict[str, Any]:
    one = line.link
    return {
        "id": one.id,
        "title": one.title,
        "portfolio": line.portfolio or None,
        "amounts": one.amounts,
        "created_at": ist(one.created),
        "until": ist(one.until),
        "is_over": line.is_over,
        "seen": one.seen,
        "seen_at": ist(one.seen_at),
    }
