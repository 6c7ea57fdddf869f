"""The person herself: who she is here, her address and its confirmation, a new password by a link."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import AfterValidator, Field
from starlette.responses import Response

from tunefolio.core.people import Person
from tunefolio.core.secret import Secret
from tunefolio.services import factors, identity, mails, oidc, passkeys, profile, recovery
from tunefolio.services.house import House
from tunefolio.store import persons
from tunefolio.store.db import ReadDb
from tunefolio.web.api.answers import Name, Text, clean, ist, naming, nothing, reply
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import CurrentSession, CurrentViewer, HouseDep, OwnWriting, Reading
from tunefolio.web.proved import PROVED
from tunefolio.web.turns import in_turn

v1 = APIRouter(tags=["me"])
LinkToken = Annotated[str, AfterValidator(clean), Field(min_length=1, max_length=100)]
Password = Annotated[str, AfterValidator(clean), Field(min_length=1, max_length=200)]


class Renamed(Body):
    name: Name


class Address(Body):
    email: Text


class Opened(Body):
    """token: of a link that came by mail, or from the operator: what stands behind token= in its address."""

    token: LinkToken


class Reset(Body):
    """token: as the link has it; password: the new one."""

    token: LinkToken
    password: Password


class FirstPassword(Body):
    password: Password


@v1.get("/me")
def me(db: Reading, house: HouseDep, viewer: CurrentViewer) -> Response:
    """Who the person is here, how she signs in, and how her address stands."""
    return reply(_about(db, house, persons.person_of(db, viewer.person)))


@v1.patch("/me")
def rename(db: OwnWriting, house: HouseDep, viewer: CurrentViewer, wish: Renamed) -> Response:
    """Another name."""
    profile.rename(db, house, viewer, wish.name)
    return reply(_about(db, house, persons.person_of(db, viewer.person)))


def _about(db: ReadDb, house: House, person: Person) -> dict[str, Any]:
    viewer = person.viewer
    wanted = recovery.wanted_change(db, house, viewer)
    linked = oidc.linked(db, house, viewer)
    return {
        "id": person.id,
        "name": person.name,
        "email": person.email,
        "email_confirmed_at": ist(persons.verified_at(db, viewer)),
        "email_wanted": wanted.email if wanted else None,
        "role": person.role,
        "created_at": ist(person.created),
        "theme": person.preferences.get("theme", "system"),
        "signs_in_by": {
            "password": oidc.has_password(db, viewer),
            "authenticator": factors.is_on(db, viewer),
            "passkeys": len(passkeys.listed(db, viewer)),
            "provider": None if linked is None else linked.issuer,
        },
    }


def _asked(house: House) -> Response:
    """How the link comes: by mail, or from the operator's hand where this house sends none."""
    return reply({"link_comes_by": "mail" if mails.can_send(house) else "operator"}, 202)


@v1.post("/email/verify", status_code=202)
def ask_verification(db: OwnWriting, house: HouseDep, viewer: CurrentViewer) -> Response:
    """A link that confirms the present address; 422 when it is confirmed, 429 for too many."""
    recovery.ask_verification(db, house, viewer)
    return _asked(house)


@v1.post("/email/change", status_code=202, dependencies=PROVED)
def ask_change(db: OwnWriting, house: HouseDep, viewer: CurrentViewer, wish: Address) -> Response:
    """A link to another address, which counts once that was opened; the old one is told. Needs a proof.

    Whether somebody else has that address is told to nobody but who opens the link.
    """
    recovery.ask_change(db, house, viewer, wish.email)
    return _asked(house)


@v1.post("/email/confirm")
def confirm(house: HouseDep, wish: Opened) -> Response:
    """The address behind a link is the person's; good once. Nobody need be signed in: the token is it."""
    with naming(link="token"), house.database.writing() as db:
        link = recovery.confirm(db, house, Secret(wish.token))
    return reply({"email": link.email})


@v1.post("/password/forgot", status_code=202)
def forgot(request: Request, house: HouseDep, wish: Address) -> Response:
    """A link to a new password, for whoever has that address confirmed; the same answer for everybody."""
    recovery.ask_reset(house, wish.email, request.client.host if request.client else "")
    return _asked(house)


@v1.post("/password/reset", status_code=204)
async def reset(house: HouseDep, wish: Reset) -> Response:
    """A new password by a link, good once: every session and token ends, a second factor stays."""
    with naming(link="token", new_password="password"):
        await in_turn(partial(recovery.reset, house, Secret(wish.token), Secret(wish.password)))
    return nothing()


@v1.post("/password", status_code=204, dependencies=PROVED)
async def set_first(
    house: HouseDep, viewer: CurrentViewer, session: CurrentSession, wish: FirstPassword
) -> Response:
    """A password for somebody who signs in by a provider or a passkey alone; 422 where there is one. Needs a
    proof. To change one: PUT /session/password."""
    work = partial(identity.set_first_password, house, viewer, session.id, Secret(wish.password))
    with naming(new_password="password"):
        await in_turn(work)
    return nothing()
