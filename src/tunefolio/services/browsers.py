"""Browsers that a person has signed in with: known by a cookie that outlives the session.

It proves nothing by itself. A new browser is told of; attempts from a known one are counted apart, so that a
stranger who guesses at an account does not lock its owner out. Programs keep no such cookie: one is known by
its name and the network it signs in from.
"""

from __future__ import annotations

import ipaddress
from typing import Final

from tunefolio.core.identity import PersonId
from tunefolio.core.people import Person, Role, Viewer
from tunefolio.core.secret import Secret
from tunefolio.services import mails
from tunefolio.services.house import House
from tunefolio.services.passwords import fresh_token, token_hash
from tunefolio.store import devices
from tunefolio.store.db import ReadDb, WriteDb

_NETWORK: Final = {4: 24, 6: 64}
"""How many bits of an address are the network it stands in."""
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
    before and never from here. A program is remembered by its mark too, and by a new cookie only the first
    time or when it brought one, so that one which never keeps any leaves two rows and is told of once."""
    viewer = person.viewer
    cookie, mark = token_hash(browser) if browser else "", _mark_of(device, address)
    has_known_cookie = bool(cookie) and devices.is_known(db, viewer, cookie)
    has_known_mark = bool(mark) and devices.is_known(db, viewer, mark)
    is_first = not devices.any_known(db, viewer)
    known = browser if has_known_cookie and browser else fresh_token()
    remembered = token_hash(known)
    now = house.clock.now()
    if mark:
        devices.put(db, viewer, mark, now)
    if browser or not has_known_mark:
        devices.put(db, viewer, remembered, now)
    if not has_known_cookie and not has_known_mark and not is_first:
        where = f"{device[:120] or 'An unnamed program'}, from {address or 'an unknown address'}"
        text = f"{where}. If that was not you, end that session and change your password."
        key = f"new-device:{remembered[:16]}:{now.iso()}"
        mails.tell_news(db, house, viewer, "A new device signed in to your account", text, key=key)
    return known


def _mark_of(device: str, address: str) -> str:
    """By what a program is known again, its name and network; "" for a browser: each calls itself Mozilla."""
    if device.startswith("Mozilla/"):
        return ""
    return token_hash(Secret(f"program {device[:200]} in {_network(address)}"))


def _network(address: str) -> str:
    """The addresses of one household or office, by their first bits; what is no address stands for itself."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, _NETWORK[found.version]), strict=False))
