"""The second factor: one-time codes of an authenticator app, and recovery codes for the day it is lost.

A code counts once. The secret is sealed in the vault; recovery codes are kept as hashes. Rules:
docs/spec/signing-in.md.
"""

from __future__ import annotations

import hashlib
import hmac
import io
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tunefolio.core.errors import Misuse, NotFound, Rejected
from tunefolio.core.people import Person, Viewer
from tunefolio.core.secret import Secret
from tunefolio.services import audit, mails, passwords
from tunefolio.services.audit import Act
from tunefolio.services.house import House
from tunefolio.services.throttle import Allowance
from tunefolio.store import authenticators, passkeys, persons
from tunefolio.store.authenticators import Authenticator
from tunefolio.store.db import ReadDb, WriteDb

CODES: Final = 10
BY_CODE: Final = Allowance("login.code", 10, timedelta(minutes=15), free=3)
_STEP_SECONDS: Final = 30
_DRIFT: Final = 1
_GROUP: Final = 6
_TABLE: Final = ("authenticators", "secret")


class FactorNeeded(Rejected):
    """The password is right; a code of the authenticator, or a recovery code, is wanted as well."""

    def __init__(self, person: Person) -> None:
        super().__init__("a code of your authenticator is wanted as well", code="second_factor")
        self.person = person


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the app is told, by scanning `uri` as a QR code or by typing `secret`."""

    secret: Secret
    uri: Secret


def is_on(db: ReadDb, viewer: Viewer) -> bool:
    """Whether signing in with a password asks for a code as well."""
    found = authenticators.find(db, viewer)
    return found is not None and found.confirmed is not None


def begin(db: WriteDb, house: House, viewer: Viewer) -> Enrolment:
    """A new secret, which counts once a code of it is shown to `confirm`. Raises Misuse while one is on."""
    import pyotp

    if is_on(db, viewer):
        raise Misuse("authenticator", "is on already", cure="Turn it off before you set up another")
    secret = Secret(pyotp.random_base32())
    audit.pass_over()  # nothing is asked of her until its first code
    authenticators.put(
        db, viewer, lambda row: house.vault.seal(secret, _TABLE[0], row, _TABLE[1]), house.clock.now()
    )
    return _enrolment(db, house, viewer, secret)


def pending(db: ReadDb, house: House, viewer: Viewer) -> Enrolment | None:
    """The secret that still waits for its first code; None when there is none, or it is on."""
    found = authenticators.find(db, viewer)
    if found is None or found.confirmed is not None:
        return None
    return _enrolment(db, house, viewer, _secret(house, found))


def _enrolment(db: ReadDb, house: House, viewer: Viewer, secret: Secret) -> Enrolment:
    import pyotp

    name = persons.person_of(db, viewer.person).email
    place = house.rules.public_url.partition("://")[2]
    uri = pyotp.TOTP(secret.reveal()).provisioning_uri(name=name, issuer_name=f"TuneFolio {place}")
    return Enrolment(secret, Secret(uri))


def qr(enrolment: Enrolment) -> str:
    """Its QR code as an SVG picture, for a page whose policy lets in no styles."""
    import segno

    picture = io.BytesIO()
    code = segno.make(enrolment.uri.reveal(), error="m")
    code.save(
        picture, kind="svg", scale=5, border=4, dark="#000", light="#fff", xmldecl=False, svgclass="qr",
        title="QR code for the authenticator app", omitsize=True,
    )  # fmt: skip
    return picture.getvalue().decode()


def turn_on(house: House, viewer: Viewer, code: Secret) -> tuple[str, ...]:
    """`confirm`, its attempts counted for the person; a right code ends the count, as everywhere.

    Opens its own transaction: the count ends once it is kept. Raises Misuse, Retry when throttled.
    """
    house.throttle.hit(BY_CODE, f"person {viewer.person}")
    with house.database.writing() as db:
        codes = confirm(db, house, viewer, code)
    house.throttle.forget(BY_CODE, f"person {viewer.person}")
    return codes


def confirm(db: WriteDb, house: House, viewer: Viewer, code: Secret) -> tuple[str, ...]:
    """The app shows right codes: from now on they are asked for. Gives the recovery codes, never shown again.

    Raises Misuse for a wrong code or when nothing waits for one.
    """
    found = authenticators.find(db, viewer)
    if found is None or found.confirmed is not None:
        raise Misuse("authenticator", "waits for no code", cure="Begin with setting it up")
    if not _is_fresh(db, house, viewer, found, code):
        cure = "Type the newest one, and check the phone's clock"
        raise Misuse("code", "is not the one the app shows now", cure=cure)
    authenticators.confirm(db, viewer, house.clock.now())
    audit.note(db, house, viewer, Act.FACTOR_ON, "authenticator")
    _tell(db, house, viewer, "on", "Signing in with your password asks for a code from now on.")
    return _new_codes(db, house, viewer)


def renew_codes(db: WriteDb, house: House, viewer: Viewer) -> tuple[str, ...]:
    """Ten new recovery codes in place of all before, never shown again; raises NotFound without an
    authenticator."""
    if not is_on(db, viewer):
        raise NotFound("authenticator")
    audit.note(db, house, viewer, Act.CODES_RENEWED, "recovery codes")
    return _new_codes(db, house, viewer)


def turn_off(db: WriteDb, house: House, viewer: Viewer) -> None:
    """The password alone signs in again; raises NotFound when there was nothing to turn off."""
    was_on = is_on(db, viewer)
    if not authenticators.forget(db, viewer):
        raise NotFound("authenticator")
    if was_on:
        audit.note(db, house, viewer, Act.FACTOR_OFF, "authenticator")
        _tell(db, house, viewer, "off", "Your password alone signs in again.")


def remove_all(db: WriteDb, house: House, admin: Viewer, person: Person) -> bool:
    """The operator takes a person's authenticator, codes and passkeys away, who lost them all; whether there
    were any: else nothing is noted. She is told. Raises Forbidden."""
    admin.must_administer()
    had_app = authenticators.forget(db, person.viewer)
    keys = passkeys.forget_all(db, person.viewer)
    if not had_app and not keys:
        return False
    what = " and ".join(name for name, had in (("authenticator", had_app), ("passkeys", keys)) if had)
    text = f"The operator of this house took your {what} away. If you did not ask for that, ask why."
    key = f"factors-removed:{house.clock.now().utc.isoformat()}"
    mails.tell_news(db, house, person.viewer, "Your second factors were taken away", text, key=key)
    told = {"authenticator": had_app, "passkeys": keys}
    audit.note(db, house, admin, Act.FACTOR_OFF, f"person:{person.id}", told, about=person.id)
    return True


def passes(db: WriteDb, house: House, viewer: Viewer, code: Secret) -> bool:
    """Whether the code is the app's of now, or a recovery code that was never used. It is used up by that.

    The caller counts attempts (BY_CODE).
    """
    found = authenticators.find(db, viewer)
    if found is None or found.confirmed is None:
        return False
    if _is_fresh(db, house, viewer, found, code):
        return True
    if not authenticators.use_code(db, viewer, _code_hash(viewer, code), house.clock.now()):
        return False
    left = authenticators.codes_left(db, viewer)
    audit.note(db, house, viewer, Act.RECOVERY_CODE_USED, "recovery code", {"left": left})
    text = f"{left} are left. If that was not you, change your password and make new codes."
    title, key = "A recovery code of yours was used", f"recovery-code:{_code_hash(viewer, code)[:16]}"
    mails.tell_news(db, house, viewer, title, text, key=key)
    return True


def _tell(db: WriteDb, house: House, viewer: Viewer, what: str, text: str) -> None:
    key = f"authenticator-{what}:{house.clock.now().utc.isoformat()}"
    text = f"{text} If that was not you, change your password at once."
    mails.tell_news(db, house, viewer, f"Your authenticator was turned {what}", text, key=key)


def _is_fresh(db: WriteDb, house: House, viewer: Viewer, found: Authenticator, code: Secret) -> bool:
    """Right by RFC 6238 for this half minute or the ones beside it, and newer than any taken before."""
    import pyotp

    typed = "".join(code.reveal().split())
    if not (typed.isascii() and typed.isdigit() and len(typed) == 6):
        return False
    app = pyotp.TOTP(_secret(house, found).reveal())
    now = int(house.clock.now().utc.timestamp()) // _STEP_SECONDS
    right = [
        step
        for step in range(now - _DRIFT, now + _DRIFT + 1)
        if hmac.compare_digest(app.generate_otp(step), typed)
    ]
    return bool(right) and authenticators.use(db, viewer, max(right))


def _new_codes(db: WriteDb, house: House, viewer: Viewer) -> tuple[str, ...]:
    codes = tuple(passwords.random_words(_GROUP) for _ in range(CODES))
    hashes = [_code_hash(viewer, Secret(code)) for code in codes]
    authenticators.put_codes(db, viewer, hashes, house.clock.now())
    return codes


def _code_hash(viewer: Viewer, code: Secret) -> str:
    """118 bits of chance need no slow hash; the person in it keeps equal codes of two people apart."""
    bare = "".join(code.reveal().lower().replace("-", " ").split())
    return hashlib.sha256(f"{viewer.person}:{bare}".encode()).hexdigest()


def _secret(house: House, found: Authenticator) -> Secret:
    return house.vault.open(found.sealed, _TABLE[0], found.id, _TABLE[1])
