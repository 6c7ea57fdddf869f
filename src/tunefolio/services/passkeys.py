"""Passkeys: added, named, used to sign in without a password, forgotten.

The device must have checked its user (by finger, face or PIN), so a passkey is both factors at once. A count
that runs backwards says that a key was copied: it is refused and its owner told. Rules:
docs/spec/signing-in.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from tunefolio.core.errors import Misuse, NotFound, Rejected
from tunefolio.core.identity import PasskeyId
from tunefolio.core.people import Person, Viewer
from tunefolio.core.secret import Secret
from tunefolio.ledger.accounts import name_of
from tunefolio.services import audit, mails, steps
from tunefolio.services.audit import Act
from tunefolio.services.house import House
from tunefolio.services.identity import BY_ADDRESS, SignedIn, open_session
from tunefolio.services.steps import Begun
from tunefolio.services.throttle import Allowance
from tunefolio.services.ways_in import must_keep_another
from tunefolio.store import passkeys, persons
from tunefolio.store.challenges import Step
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.passkeys import Passkey

if TYPE_CHECKING:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

MOST: Final = 20
BY_BEGINNING: Final = Allowance("passkey.begin", 60, timedelta(minutes=15))
Answer = Mapping[str, Any]
_REFUSED: Final = "that passkey was not accepted"


@dataclass(frozen=True, slots=True)
class Asked:
    """token: for the browser; options: what navigator.credentials is given, as JSON."""

    token: Secret
    options: str


def hindrance(house: House) -> str:
    """Why browsers would make no passkey for this house; "" where they do."""
    parts = urlsplit(house.rules.public_url)
    host = parts.hostname or ""
    if host.replace(".", "").isdigit() or ":" in host:
        return (
            "Passkeys need a name: open this house as http://localhost or by its own name, not by a number."
        )
    if parts.scheme != "https" and host != "localhost" and not host.endswith(".localhost"):
        return "Passkeys need https."
    return ""


def listed(db: ReadDb, viewer: Viewer) -> list[Passkey]:
    """The viewer's, oldest first."""
    return passkeys.listed(db, viewer)


def begin_new(db: WriteDb, house: House, viewer: Viewer) -> Asked:
    """What the device is asked to make a passkey by. Raises Misuse where none can be made."""
    import webauthn
    from webauthn.helpers import structs

    _must_be_possible(house)
    person, own = persons.person_of(db, viewer.person), passkeys.listed(db, viewer)
    if len(own) >= MOST:
        raise Misuse("passkey", f"there are {MOST} already", cure="Forget one first")
    begun = steps.begin(db, house, Step.PASSKEY_NEW, viewer.person)
    options = webauthn.generate_registration_options(
        rp_id=_rp(house),
        rp_name="TuneFolio",
        user_name=person.email,
        user_id=_handle(house, viewer),
        user_display_name=person.name,
        challenge=begun.words,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_described(own),
    )
    return Asked(begun.token, webauthn.options_to_json(options))


def add(
    db: WriteDb, house: House, viewer: Viewer, token: Secret | None, name: str, answer: Answer
) -> PasskeyId:
    """Keep what the device has made. Raises Misuse for a name that is taken, Rejected, StepOver."""
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    shown = name_of(name)
    step = steps.take(db, house, Step.PASSKEY_NEW, token)
    if step.person != viewer.person:
        raise steps.StepOver()
    try:
        made = webauthn.verify_registration_response(
            credential=dict(answer),
            expected_challenge=step.words,
            expected_rp_id=_rp(house),
            expected_origin=house.rules.public_url,
            require_user_verification=True,
        )
    except WebAuthnException as problem:
        raise Rejected(_REFUSED, code="passkey") from problem
    id = passkeys.add(
        db,
        viewer,
        made.credential_id,
        made.credential_public_key,
        made.sign_count,
        transports=_transports(answer),
        name=shown,
        now=house.clock.now(),
    )
    audit.note(db, house, viewer, Act.PASSKEY_ADDED, f"passkey:{id}", {"name": shown})
    text = f"It is called {shown}. If that was not you, forget it and change your password."
    mails.tell_news(db, house, viewer, "A passkey was added to your account", text, key=f"passkey:{id}")
    return id


def rename(db: WriteDb, house: House, viewer: Viewer, id: PasskeyId, name: str) -> None:
    """Raises NotFound, Misuse."""
    former = next((key.name for key in passkeys.listed(db, viewer) if key.id == id), "")
    passkeys.rename(db, viewer, id, name_of(name))
    told = {"before": former, "after": name_of(name)}
    audit.note(db, house, viewer, Act.PASSKEY_RENAMED, f"passkey:{id}", told)


def forget(db: WriteDb, house: House, viewer: Viewer, id: PasskeyId) -> None:
    """It signs in no more. Raises NotFound, Misuse where it is the only way she has."""
    gone = next((key.name for key in passkeys.listed(db, viewer) if key.id == id), None)
    if gone is None:
        raise NotFound("passkey")
    must_keep_another(db, house, viewer, "passkey")
    passkeys.forget(db, viewer, id)
    audit.note(db, house, viewer, Act.PASSKEY_FORGOTTEN, f"passkey:{id}", {"name": gone})


def begin_sign_in(house: House, address: str) -> Asked:
    """What a device is asked to sign, by whomever; raises Misuse, Retry for too many."""
    _must_be_possible(house)
    house.throttle.hit(BY_BEGINNING, address)
    with house.database.writing() as db:
        begun = steps.begin(db, house, Step.PASSKEY_SIGN_IN, None)
    return _asked(house, begun, [])


def sign_in(
    house: House,
    token: Secret | None,
    answer: Answer,
    device: str,
    address: str,
    *,
    browser: Secret | None = None,
) -> SignedIn:
    """A session for whoever's passkey has signed. Raises Rejected(code="passkey"), StepOver, Retry."""
    house.throttle.hit(BY_ADDRESS, address)
    person = _proven(house, Step.PASSKEY_SIGN_IN, token, answer, None)
    return open_session(house, person, device, address, browser=browser)


def begin_proof(db: WriteDb, house: House, viewer: Viewer) -> Asked:
    """What one of the viewer's own passkeys is asked to sign; raises Misuse without any."""
    _must_be_possible(house)
    own = passkeys.listed(db, viewer)
    if not own:
        raise Misuse("passkey", "there is none", cure="Add one, or use your password")
    return _asked(house, steps.begin(db, house, Step.PASSKEY_PROOF, viewer.person), own)


def must_sign(house: House, viewer: Viewer, token: Secret | None, answer: Answer) -> None:
    """The viewer's own passkey has signed just now. Raises Rejected(code="passkey"), StepOver."""
    _proven(house, Step.PASSKEY_PROOF, token, answer, viewer)


def _proven(house: House, kind: Step, token: Secret | None, answer: Answer, wanted: Viewer | None) -> Person:
    """Steps: 1 the challenge is used up; 2 the key is found by its id; 3 its signature; 4 its count."""
    with house.database.writing() as db:
        step = steps.take(db, house, kind, token)
        if wanted is not None and step.person != wanted.person:
            raise steps.StepOver()
    with house.database.reading() as db:
        key = passkeys.find(db, _credential_id(answer))
        person = None if key is None else persons.person_of(db, key.owner)
    if key is None or person is None or person.disabled is not None:
        raise Rejected(_REFUSED, code="passkey")
    if wanted is not None and person.id != wanted.person:
        raise Rejected(_REFUSED, code="passkey")
    count = _signed(house, step.words, key, answer)
    with house.database.writing() as db:
        is_newer = count > key.sign_count or count == key.sign_count == 0
        if is_newer and passkeys.use(
            db, person.viewer, key.id, before=key.sign_count, count=count, now=house.clock.now()
        ):
            return person
        _tell_copied(db, house, person, key)
    raise Rejected(_REFUSED, code="passkey")


def _signed(house: House, words: bytes, key: Passkey, answer: Answer) -> int:
    """The device's count, once its signature is right. Counts are compared only then: a forger's says
    nothing."""
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        return webauthn.verify_authentication_response(
            credential=dict(answer),
            expected_challenge=words,
            expected_rp_id=_rp(house),
            expected_origin=house.rules.public_url,
            credential_public_key=key.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        ).new_sign_count
    except WebAuthnException as problem:
        raise Rejected(_REFUSED, code="passkey") from problem


def _tell_copied(db: WriteDb, house: House, person: Person, key: Passkey) -> None:
    audit.note(db, house, person.viewer, Act.PASSKEY_REFUSED, f"passkey:{key.id}")
    text = (
        f"The passkey {key.name} signed out of turn, as a copy of it would. It was refused. Forget it and "
        "add a new one."
    )
    told = f"passkey-copied:{key.id}:{house.clock.now().utc.isoformat()}"
    mails.tell_news(db, house, person.viewer, "A passkey of yours may have been copied", text, key=told)


def _asked(house: House, begun: Begun, own: list[Passkey]) -> Asked:
    import webauthn
    from webauthn.helpers.structs import UserVerificationRequirement

    options = webauthn.generate_authentication_options(
        rp_id=_rp(house),
        challenge=begun.words,
        allow_credentials=_described(own),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return Asked(begun.token, webauthn.options_to_json(options))


def _described(keys: list[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    from webauthn.helpers.structs import AuthenticatorTransport, PublicKeyCredentialDescriptor

    known = {one.value for one in AuthenticatorTransport}
    return [
        PublicKeyCredentialDescriptor(
            id=key.credential_id,
            transports=[AuthenticatorTransport(one) for one in key.transports if one in known],
        )
        for key in keys
    ]


def _credential_id(answer: Answer) -> bytes:
    from webauthn.helpers import base64url_to_bytes

    text = answer.get("rawId") or answer.get("id")
    if not isinstance(text, str) or len(text) > 2_000:
        raise Rejected(_REFUSED, code="passkey")
    try:
        return base64url_to_bytes(text)
    except ValueError:
        raise Rejected(_REFUSED, code="passkey") from None


def _transports(answer: Answer) -> list[str]:
    """How the device is reached, as the browser says; a hint only."""
    response = answer.get("response")
    told = response.get("transports") if isinstance(response, Mapping) else None
    return [one[:20] for one in told[:8] if isinstance(one, str)] if isinstance(told, list) else []


def _must_be_possible(house: House) -> None:
    problem = hindrance(house)
    if problem:
        raise Misuse("passkey", "cannot be used here", cure=problem)


def _rp(house: House) -> str:
    return urlsplit(house.rules.public_url).hostname or "localhost"


def _handle(house: House, viewer: Viewer) -> bytes:
    """What devices call the person: always the same, and nothing that says who she is."""
    return hashlib.sha256(f"tunefolio passkeys of {viewer.person} at {_rp(house)}".encode()).digest()
