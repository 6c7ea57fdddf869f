"""Browsers that a person has signed in with: known by a cookie that outlives the session.

It proves nothing by itself. A new browser is told of; attempts from a known one are counted apart, so that a
stranger who guesses at an account does not lock its owner out.
"""

from __future__ import annotations

from tunefolio.core.identity import PersonId
from tunefolio.core.people import Person, Role, Viewer
from tunefolio.core.secret import Secret
from tunefolio.services import mails
from tunefolio.services.house import House
from tunefolio.services.passwords import fresh_token, token_hash
from tunefolio.store import devices
from tunefolio.store.db import ReadDb, WriteDb

_NOBODY = Viewer(PersonId(0), Role.READER)


def throttle_key(db: ReadDb, person: Person | None, email: str, browser: Secret | None) -> str:
    """Under what attempts at that account from that browser are counted. The same look-ups whether or not
    there is such a person."""
    if not browser:
        return email
    hash = token_hash(browser)
    is_known = devices.is_known(db, _NOBODY if person is None else person.viewer, hash)
    return f"{email} {hash}" if is_known else email


def welcome(
    db: WriteDb, house: House, person: Person, browser: Secret | None, device: str, address: str
) -> Secret:
    """The cookie by which this browser is known from now on. She is told when she has signed in elsewhere
    before and never from here."""
    viewer = person.viewer
    is_known = bool(browser) and devices.is_known(db, viewer, token_hash(browser or Secret("")))
    is_first = not devices.any_known(db, viewer)
    known = browser if is_known and browser else fresh_token()
    devices.put(db, viewer, token_hash(known), house.clock.now())
    if not is_known and not is_first:
        where = f"{device[:120] or 'An unnamed program'}, from {address or 'an unknown address'}"
        text = f"{where}. If that was not you, end that session and change your password."
        key = f"new-device:{token_hash(known)[:16]}"
        mails.tell_news(db, house, viewer, "A new device signed in to your account", text, key=key)
    return known
