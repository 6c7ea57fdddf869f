"""Signing in by an outside provider of identities: there and back, linked, unlinked, as a proof.

A visit begins in one browser and ends in it: the state and what fetches the tokens are made of that browser's
cookie and stand in no table. Whom an unknown account belongs to is never guessed from its e-mail address,
unless the operator trusts the provider with that: she is asked (oidc_newcomers.py).
Rules: docs/spec/signing-in.md.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import orjson

from tunefolio.core.errors import Misuse, NotFound, Rejected
from tunefolio.core.identity import SessionId
from tunefolio.core.oidc import Asking, IdentityProvider, ProvidedIdentity, Question
from tunefolio.core.people import Person, Viewer
from tunefolio.core.secret import Secret
from tunefolio.services import audit, factors, oidc_newcomers, proofs, steps
from tunefolio.services.audit import Act
from tunefolio.services.house import House, SignUp
from tunefolio.services.identity import open_session
from tunefolio.services.oidc_newcomers import Came as Came
from tunefolio.services.oidc_newcomers import Entered as Entered
from tunefolio.services.passwords import token_hash
from tunefolio.services.steps import StepOver
from tunefolio.services.throttle import Allowance
from tunefolio.services.ways_in import has_password as has_password
from tunefolio.services.ways_in import must_keep_another
from tunefolio.store import external_identities, persons
from tunefolio.store.challenges import Challenge, Step
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.external_identities import ExternalIdentity

LIFE: Final = timedelta(minutes=10)
"""Of a visit: whoever has a second factor there as well needs some time."""
CALLBACK: Final = "/sign-in/oidc/callback"
BY_BEGINNING: Final = Allowance("provider.begin", 60, timedelta(minutes=15))
BY_RETURNING: Final = Allowance("provider.return", 60, timedelta(minutes=15))
"""By network address, without pauses: an answer is signed, and nobody guesses one."""
_SKEW: Final = timedelta(seconds=60)
_STEPS: Final = (Step.PROVIDER_SIGN_IN, Step.PROVIDER_LINK, Step.PROVIDER_PROOF)


@dataclass(frozen=True, slots=True)
class Departure:
    """token: for the browser that goes; address: where it goes."""

    token: Secret
    address: Secret


@dataclass(frozen=True, slots=True)
class CodeWanted:
    """The house's own second factor comes next, in this browser."""

    token: Secret
    then: str


@dataclass(frozen=True, slots=True)
class Linked:
    """From now on this account signs her in."""


@dataclass(frozen=True, slots=True)
class Proved:
    """It is still she."""

    then: str


@dataclass(frozen=True, slots=True)
class NotKnown:
    """No account belongs to her identity there: she is asked which shall. token: for her browser."""

    token: Secret


Outcome = Entered | CodeWanted | Linked | Proved | NotKnown


def sign_up_rule(house: House) -> SignUp:
    """Who may make an account by the provider, once there is somebody."""
    return house.rules.provider_sign_up or house.rules.sign_up


def begin_sign_in(house: House, address: str, *, then: str, invite: Secret | None = None) -> Departure:
    """Anybody, on her way to the provider. invite: for who has no account yet.

    Raises NotFound, Retry, Rejected.
    """
    house.throttle.hit(BY_BEGINNING, address)
    told = {"then": then, "invite": "" if invite is None else token_hash(invite)}
    return _begin(house, Step.PROVIDER_SIGN_IN, None, told)


def begin_link(house: House, viewer: Viewer, session: SessionId) -> Departure:
    """The viewer, to link her account there; the caller has asked for a proof. Raises as `begin_sign_in`."""
    return _begin(house, Step.PROVIDER_LINK, viewer, {"session": session})


def begin_proof(house: House, viewer: Viewer, session: SessionId, *, then: str) -> Departure:
    """The viewer, to sign in there anew. Raises as `begin_sign_in`, Misuse when nothing is linked."""
    with house.database.reading() as db:
        if linked(db, house, viewer) is None:
            raise Misuse("identity", "is not linked", cure="Use your password")
    return _begin(house, Step.PROVIDER_PROOF, viewer, {"session": session, "then": then})


def finish(house: House, token: Secret | None, answer: Mapping[str, str], came: Came) -> Outcome:
    """What the provider's answer leads to.

    Steps: 1 it belongs to a visit that this browser began; 2 the visit is used up; 3 the provider is asked,
    between transactions; 4 what the visit was for.

    Raises StepOver, Rejected(code="provider"), Retry, NotFound, Misuse, Forbidden: then nothing has changed.
    """
    provider = _provider(house)
    house.throttle.hit(BY_RETURNING, came.address)
    step, question = _taken(house, token, answer)
    told: dict[str, Any] = orjson.loads(step.words[steps.WORDS :])
    if step.kind is not Step.PROVIDER_SIGN_IN:
        _must_be_hers(step, told, came)
    found = provider.identity(question, answer, house.clock.now())
    match step.kind:
        case Step.PROVIDER_LINK:
            return _link(house, came, found)
        case Step.PROVIDER_PROOF:
            return _prove(house, came, step, found, str(told["then"]))
        case _:
            return _enter(house, came, found, told)


def linked(db: ReadDb, house: House, viewer: Viewer) -> ExternalIdentity | None:
    """The viewer's account at the provider of this house; None without one, or without a provider."""
    if house.provider is None:
        return None
    issuer = house.provider.issuer
    return next((one for one in external_identities.listed(db, viewer) if one.issuer == issuer), None)


def unlink(db: WriteDb, house: House, viewer: Viewer, id: int) -> None:
    """It signs in no more. Raises NotFound, Misuse where it is the only way she has."""
    own = external_identities.listed(db, viewer)
    one = next((one for one in own if one.id == id), None)
    if one is None:
        raise NotFound("linked account")
    if one == linked(db, house, viewer):
        must_keep_another(db, house, viewer, "identity")
    external_identities.forget(db, viewer, id)
    audit.note(db, house, viewer, Act.IDENTITY_UNLINKED, f"identity:{id}", {"issuer": one.issuer})
    text = f"The account {one.email or one.subject[:40]} there signs you in no more."
    oidc_newcomers.tell(db, house, viewer, "A linked account was unlinked", text, f"unlinked:{id}")


def _provider(house: House) -> IdentityProvider:
    if house.provider is None:
        raise NotFound("provider of identities")
    return house.provider


def _begin(house: House, kind: Step, viewer: Viewer | None, told: Mapping[str, Any]) -> Departure:
    """Raises NotFound without a provider, Retry or Rejected where its discovery fails; the step that then
    stays behind opens nothing, for its token was given to nobody."""
    provider = _provider(house)
    person = None if viewer is None else viewer.person
    with house.database.writing() as db:
        begun = steps.begin(db, house, kind, person, told=orjson.dumps(told), life=LIFE)
    return Departure(begun.token, provider.address(_question(house, kind, begun.token, begun.words)))


def _question(house: House, kind: Step, token: Secret, words: bytes) -> Question:
    """The same at both ends of the visit. State and verifier come of the cookie, the nonce of the row:
    whoever reads the database alone, or the addresses alone, has not all three."""
    return Question(
        redirect=f"{house.rules.public_url}{CALLBACK}",
        state=Secret(_derived(token.reveal().encode(), "state")),
        nonce=_derived(words[: steps.WORDS], "nonce"),
        verifier=Secret(_derived(token.reveal().encode(), "verifier")),
        asking=Asking.ANEW if kind is Step.PROVIDER_PROOF else Asking.ANYBODY,
    )


def _derived(key: bytes, purpose: str) -> str:
    made = hmac.digest(key, f"tunefolio provider {purpose}".encode(), hashlib.sha256)
    return urlsafe_b64encode(made).rstrip(b"=").decode()


def _taken(house: House, token: Secret | None, answer: Mapping[str, str]) -> tuple[Challenge, Question]:
    """The visit, used up: only by an answer with its state, so that nobody else's address ends it."""
    for kind in _STEPS:
        with house.database.writing() as db:
            try:
                step = steps.find(db, house, kind, token)
            except StepOver:
                continue
            assert token is not None
            question = _question(house, kind, token, step.words)
            if not hmac.compare_digest(question.state.reveal(), answer.get("state", "")):
                raise StepOver()
            return steps.take(db, house, kind, token), question
    raise StepOver()


def _must_be_hers(step: Challenge, told: Mapping[str, Any], came: Came) -> None:
    """Who comes back is who went, in the same session."""
    if came.viewer is None or step.person != came.viewer.person or told["session"] != came.session:
        raise StepOver()


def _enter(house: House, came: Came, found: ProvidedIdentity, told: Mapping[str, Any]) -> Outcome:
    then, invite_hash = str(told["then"]), str(told["invite"])
    with house.database.writing() as db:
        person = _known(db, house, found)
        if person is None and not invite_hash and persons.count(db):
            return NotKnown(oidc_newcomers.wait(db, house, found, then))
        if person is None:
            person = oidc_newcomers.join(db, house, found, came.address, invite_hash=invite_hash)
        is_shut_out = person.disabled is not None
        if is_shut_out:
            audit.note_refused(db, house, person.id, came.address)
        asks_code = factors.is_on(db, person.viewer) and not house.rules.provider_is_enough
    if is_shut_out:
        raise Rejected("no account of this house may be opened by it", code="provider")
    if asks_code:
        return CodeWanted(steps.ask_code(house, person), then)
    return Entered(open_session(house, person, came.device, came.address, browser=came.browser), then)


def _known(db: WriteDb, house: House, found: ProvidedIdentity) -> Person | None:
    """Whose account it is: by its link, else by her address where both sides have confirmed that and the
    operator trusts the provider."""
    kept = external_identities.find(db, found.issuer, found.subject)
    if kept is not None:
        person = persons.person_of(db, kept.owner)
        external_identities.mark_used(db, person.viewer, kept.id, house.clock.now())
        return person
    if not (house.rules.provider_is_trusted and found.is_email_verified and found.email):
        return None
    same = persons.find_by_email(db, found.email)
    if same is None or same[0].disabled is not None or persons.verified_at(db, same[0].viewer) is None:
        return None
    oidc_newcomers.keep(db, house, same[0].viewer, found)
    return same[0]


def _link(house: House, came: Came, found: ProvidedIdentity) -> Linked:
    assert came.viewer is not None
    with house.database.writing() as db:
        oidc_newcomers.link(db, house, came.viewer, found)
    return Linked()


def _prove(house: House, came: Came, step: Challenge, found: ProvidedIdentity, then: str) -> Proved:
    """It is her own account, and she signed in there after she was asked to."""
    assert came.viewer is not None
    assert came.session is not None
    with house.database.writing() as db:
        kept = external_identities.find(db, found.issuer, found.subject)
        is_hers = kept is not None and kept.owner == came.viewer.person
        if kept is not None and is_hers:
            external_identities.mark_used(db, came.viewer, kept.id, house.clock.now())
    is_new = found.authenticated is not None and found.authenticated + _SKEW >= step.created
    if not (is_hers and is_new):
        proofs.refuse(house, came.viewer, came.session)
        raise Rejected("it did not ask you to sign in anew, or you are somebody else there", code="provider")
    proofs.prove_by_provider(house, came.viewer, came.session)
    return Proved(then)
