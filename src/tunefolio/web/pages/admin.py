"""The house for its admins: where everything is, and the door that asks her to prove herself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.core.errors import Rejected, Retry
from tunefolio.core.identity import PersonId
from tunefolio.core.people import Viewer
from tunefolio.core.secret import Secret
from tunefolio.services import admin as house_admin
from tunefolio.services import proofs
from tunefolio.services.house import House
from tunefolio.store.db import ReadDb
from tunefolio.store.sessions import Session
from tunefolio.web import render, security
from tunefolio.web.deps import AdminViewer, CurrentSession, CurrentVisit, HouseDep, Reading, Visit
from tunefolio.web.pages.forms import FormSecret, FormText, find_id, go
from tunefolio.web.pages.people import told
from tunefolio.web.pages.security import asked_to_prove

router = APIRouter()
PAGE = 40
NextQuery = Annotated[str, Query(max_length=500)]
NextForm = Annotated[str, Form(max_length=500)]


Row = TypeVar("Row")
Id = TypeVar("Id", bound=int)


@dataclass(frozen=True, slots=True)
class Desk:
    """What a page of admins is made of: who looks, in which of her sessions, at which house."""

    request: Request
    db: ReadDb
    house: House
    admin: Viewer
    session: Session

    def page(self, template: str, **values: Any) -> HTMLResponse:
        """Says until when she may change things, or asks for a proof first."""
        unlocked = proofs.until(self.db, self.house, self.admin, self.session.id)
        here = self.request.url.path + (f"?{self.request.url.query}" if self.request.url.query else "")
        unlock = f"/admin/unlock?{urlencode({'next': here})}"
        values |= {"unlocked": unlocked, "unlock": unlock, "refusals": house_admin.REFUSALS}
        return render.page(self.request, template, **values)

    def names(self, people: Iterable[PersonId | None]) -> dict[PersonId, str]:
        """What these are called; None, the house itself, is nobody."""
        return house_admin.names(self.db, self.admin, [one for one in people if one is not None])


async def desk_of(
    request: Request, db: Reading, house: HouseDep, admin: AdminViewer, session: CurrentSession
) -> Desk:
    """For what only looks: its transaction reads."""
    return Desk(request, db, house, admin, session)


AdminDesk = Annotated[Desk, Depends(desk_of)]


def leaf(
    found: Sequence[Row],
    path: str,
    chosen: Mapping[str, str],
    *,
    last: Callable[[Row], int],
    cursor: str = "before",
) -> tuple[Sequence[Row], str]:
    """The rows of one page, of one more than fits there, and where the next is with the same filters; ""
    after the last."""
    if len(found) <= PAGE:
        return found, ""
    shown = found[:PAGE]
    said = {name: text for name, text in chosen.items() if text}
    return shown, f"{path}?{urlencode({**said, cursor: last(shown[-1])})}"


def id_in(text: str, field: str, kind: Callable[[int], Id]) -> Id | None:
    """The id that a filter or a cursor names, None for none; raises Misuse."""
    found = find_id(text, field)
    return None if found is None else kind(found)


def back(request: Request, home: str) -> Response:
    """After a deed: to the list as it was filtered, or to its first page."""
    came = security.sent_from(request)
    return go(came if came.partition("?")[0] == home else home)


@router.get("/admin")
def overview(desk: AdminDesk) -> HTMLResponse:
    """What there is to look after."""
    return desk.page("admin/page.html", roles=house_admin.ROLES)


@router.get("/admin/unlock")
def unlock_form(
    request: Request, house: HouseDep, visit: CurrentVisit, _admin: AdminViewer, next: NextQuery = ""
) -> HTMLResponse:
    """By whatever she has, as at /prove: an admin may have no password."""
    return _form(request, house, visit, next)


@router.post("/admin/unlock")
def unlock(
    request: Request,
    house: HouseDep,
    visit: CurrentVisit,
    password: FormSecret = "",
    code: FormText = "",
    next: NextForm = "",
) -> Response:
    """Opens its own transactions, for argon2 works between them. What is wrong is told on the form."""
    viewer, session = visit.person.viewer, visit.session.id
    viewer.must_administer()
    try:
        if code:
            proofs.prove_by_code(house, viewer, session, Secret(code))
        else:
            proofs.prove(house, viewer, session, Secret(password))
    except (Rejected, Retry) as refusal:
        return _form(request, house, visit, next, told(refusal))
    return go(_back(next))


def _form(
    request: Request, house: House, visit: Visit, next: str, error: Exception | None = None
) -> HTMLResponse:
    return asked_to_prove(request, house, visit, "admin/unlock.html", error=error, next=_back(next))


def _back(next: str) -> str:
    path = security.safe_next(next)
    return "/admin" if path in (security.HOME, "/") else path
