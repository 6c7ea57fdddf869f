"""The authenticator and its recovery codes, for programs; and the proof that dangerous deeds need."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import AfterValidator, Field
from starlette.responses import Response

from tunefolio.core.errors import Misuse
from tunefolio.core.secret import Secret
from tunefolio.services import factors, passkeys, proofs
from tunefolio.store import authenticators, persons
from tunefolio.web import keepsakes
from tunefolio.web.api.answers import clean, ist, nothing, reply
from tunefolio.web.api.strict import Body
from tunefolio.web.deps import (
    ConfigDep,
    CurrentSession,
    CurrentViewer,
    HouseDep,
    OwnWriting,
    Reading,
)
from tunefolio.web.proved import PROVED
from tunefolio.web.turns import in_turn

v1 = APIRouter(tags=["sign-in"])
Typed = Annotated[str, AfterValidator(clean), Field(max_length=200)]


class Code(Body):
    """code: six digits of the app."""

    code: Annotated[str, AfterValidator(clean), Field(min_length=1, max_length=40)]


class Proof(Body):
    """One of the three. credential: what navigator.credentials gave for the options asked before."""

    password: Typed = ""
    code: Typed = ""
    credential: dict[str, Any] | None = None


@v1.get("/factors")
def factors_of(db: Reading, viewer: CurrentViewer) -> Response:
    """By what the person proves herself besides the password."""
    app = authenticators.find(db, viewer)
    since = None if app is None else app.confirmed
    return reply(
        {
            "authenticator": since is not None,
            "authenticator_since": ist(since),
            "recovery_codes_left": authenticators.codes_left(db, viewer),
            "passkeys": len(passkeys.listed(db, viewer)),
            "email_confirmed_at": ist(persons.verified_at(db, viewer)),
        }
    )


@v1.post("/factors/authenticator", status_code=201, dependencies=PROVED)
def begin(db: OwnWriting, house: HouseDep, viewer: CurrentViewer) -> Response:
    """A secret for an authenticator app; it counts once a code of it is confirmed. Needs a proof."""
    made = factors.begin(db, house, viewer)
    return _once({"secret": made.secret.reveal(), "uri": made.uri.reveal(), "qr": factors.qr(made)})


@v1.post("/factors/authenticator/confirm", dependencies=PROVED)
def confirm(house: HouseDep, viewer: CurrentViewer, wish: Code) -> Response:
    """The app's first code: from now on signing in asks for one. The recovery codes are shown only now."""
    return _once({"recovery_codes": factors.turn_on(house, viewer, Secret(wish.code))}, 200)


@v1.delete("/factors/authenticator", status_code=204, dependencies=PROVED)
def turn_off(db: OwnWriting, house: HouseDep, viewer: CurrentViewer) -> Response:
    """The password alone signs in again. Needs a proof."""
    factors.turn_off(db, house, viewer)
    return nothing()


@v1.post("/factors/recovery-codes", status_code=201, dependencies=PROVED)
def renew(db: OwnWriting, house: HouseDep, viewer: CurrentViewer) -> Response:
    """Ten new recovery codes in place of all before, shown only now. Needs a proof."""
    return _once({"recovery_codes": factors.renew_codes(db, house, viewer)})


def _once(body: dict[str, Any], status: int = 201) -> Response:
    return reply(body, status, {"cache-control": "no-store"})


@v1.get("/proof")
def proof(db: Reading, house: HouseDep, viewer: CurrentViewer, session: CurrentSession) -> Response:
    """Until when this session may do what is dangerous; null: a proof is wanted first."""
    return reply({"proved_until": ist(proofs.until(db, house, viewer, session.id))})


@v1.post("/proof/options")
def proof_options(
    request: Request, db: OwnWriting, house: HouseDep, config: ConfigDep, viewer: CurrentViewer
) -> Response:
    """What one of the person's own passkeys is asked to sign; 422 without any."""
    asked = passkeys.begin_proof(db, house, viewer)
    response = options_reply(asked.options)
    keepsakes.begin_step(response, request, config, asked.token)
    return response


@v1.post("/proof")
async def prove(
    request: Request,
    house: HouseDep,
    config: ConfigDep,
    viewer: CurrentViewer,
    session: CurrentSession,
    wish: Proof,
) -> Response:
    """The person again, by password, code or passkey: for 15 minutes the session may do what is dangerous."""
    if wish.credential is not None:
        token = keepsakes.step_of(request, config)
        work = partial(proofs.prove_by_passkey, house, viewer, session.id, token, wish.credential)
    elif wish.code:
        work = partial(proofs.prove_by_code, house, viewer, session.id, Secret(wish.code))
    elif wish.password:
        work = partial(proofs.prove, house, viewer, session.id, Secret(wish.password))
    else:
        raise Misuse("proof", "is missing", cure="Give password, code or credential")
    return reply({"proved_until": ist(await in_turn(work))})


def options_reply(options: str) -> Response:
    """JSON that was made already; kept by nobody on the way."""
    headers = {"cache-control": "no-store"}
    return Response(options, media_type="application/json", headers=headers)
