"""The login: client code, PIN and a code that changes every half minute; a session until the next morning."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

from tunefolio.adapters import totp
from tunefolio.adapters.brokers.angelone.fields import mapping, text, words
from tunefolio.adapters.brokers.angelone.smart import AUTH, SECURE, Lane, Leave, Smart
from tunefolio.core.errors import Misuse, Reauth, Rejected, Retry
from tunefolio.core.secret import Secret
from tunefolio.core.time import IST, Instant
from tunefolio.ledger.brokers import BrokerSession, CredentialField, CredentialForm, Keeping

SESSIONS_END = time(6, 0)
"""IST; shown, never relied on: Angel One speaks of 28 hours, the exchange of a logout each day."""

FORM = CredentialForm(
    fields=(
        CredentialField(
            "api_key", "API key", "Of an app of type Trading at smartapi.angelone.in, under My Apps",
            r"\S{4,64}", Keeping.KEPT, is_secret=True, is_needed=True,
        ),
        CredentialField(
            "client_code", "Client code", "What you log in to Angel One with, such as A123456",
            r"\s*[A-Za-z0-9]{3,16}\s*", Keeping.KEPT, is_secret=False, is_needed=True,
        ),
        CredentialField(
            "pin", "PIN", "The four digits of your Angel One login",
            r"[0-9]{4}", Keeping.KEPT, is_secret=True, is_needed=True,
        ),
        CredentialField(
            "totp_secret", "TOTP secret",
            "The letters under the QR code at smartapi.angelone.in/enable-totp; only if TuneFolio shall "
            "log in by itself every morning", r"[A-Za-z2-7 ]{16,128}=*\s*", Keeping.CHOICE, is_secret=True,
            is_needed=False,
        ),
        CredentialField(
            "totp", "Code", "The six digits that your authenticator shows now",
            r"[0-9]{6}", Keeping.ONCE, is_secret=True, is_needed=False,
        ),
    ),
    user="client_code",
    alternatives=(("totp_secret",), ("totp",)),
    automatic=("api_key", "client_code", "pin", "totp_secret"),
)  # fmt: skip

CREDENTIALS = "credentials"
_TOLD = {
    "AB1000": "the client code or the PIN",
    "AB1001": "the client code",
    "AB1002": "the PIN",
    "AB1032": "the client code",
    "AB1050": "the code (if it came from the TOTP secret, check that secret and this machine's clock)",
}
"""Which field a refusal means, where Angel One says so."""


def login(smart: Smart, given: Mapping[str, Secret], now: Instant) -> BrokerSession:
    """Credentials into a session. Rejected with code "credentials" where Angel One says no."""
    filled = checked(given)
    client = filled["client_code"].strip().upper()
    code = filled.get("totp") or totp.code(Secret(filled["totp_secret"]), now).reveal()
    stranger = Leave(Secret(filled["api_key"]), client, Secret(""), Secret(""), Secret(""))
    body = {"clientcode": client, "password": filled["pin"], "totp": code}
    try:
        data = smart.post(stranger, f"{AUTH}/user/v1/loginByPassword", body, Lane.LOGIN)
    except Reauth:
        raise Rejected("Angel One does not know this API key", code=CREDENTIALS) from None
    except Rejected as refused:
        named = _TOLD.get(refused.code)
        reason = f"Angel One did not accept {named}" if named else refused.reason
        raise Rejected(reason, code=CREDENTIALS) from None
    leave = leave_of(data, stranger)
    return BrokerSession(client, _name(smart, leave), leave.packed(), expires_after(now))


def checked(given: Mapping[str, Secret]) -> dict[str, str]:
    """What was filled in, as plain text; raises Misuse for a gap or what cannot be such a credential."""
    filled = {name: secret.reveal() for name, secret in given.items() if secret}
    for field in FORM.fields:
        value = filled.get(field.name)
        if value is None and field.is_needed:
            raise Misuse(field.name, "is missing", cure=field.hint)
        if value is not None and not re.fullmatch(field.pattern, value):
            raise Misuse(field.name, f"is no {field.label}", cure=field.hint)
    if not any(all(name in filled for name in group) for group in FORM.alternatives):
        raise Misuse("totp", "is missing", cure="Give the code of now, or the TOTP secret")
    return filled


def leave_of(data: Any, asking: Leave) -> Leave:
    """The tokens in `data` of a login or renewal; a renewal may leave out what stays as it was."""
    row = mapping(data, "the session")
    jwt = text(row, "jwtToken", "the session").removeprefix("Bearer ")
    refresh = words(row, "refreshToken") or asking.refresh.reveal()
    feed = words(row, "feedToken") or asking.feed.reveal()
    return replace(asking, jwt=Secret(jwt), refresh=Secret(refresh), feed=Secret(feed))


def _name(smart: Smart, leave: Leave) -> str:
    """The client's name; a login that has succeeded is not given up for want of it."""
    try:
        data = smart.get(leave, f"{SECURE}/user/v1/getProfile", Lane.PROFILE)
    except (Retry, Rejected, Reauth):
        return leave.client
    return words(mapping(data, "the profile"), "name") or leave.client


def expires_after(now: Instant) -> Instant:
    """The next six o'clock in the morning, IST."""
    local = now.in_zone(IST)
    end = datetime.combine(local.date(), SESSIONS_END, IST)
    return Instant(end if local < end else end + timedelta(days=1))


def renew(smart: Smart, session: BrokerSession, now: Instant) -> BrokerSession:
    """A newer session by the refresh token; Reauth when that is spent."""
    leave = Leave.of(session)
    body = {"refreshToken": leave.refresh.reveal()}
    data = smart.post(leave, f"{AUTH}/jwt/v1/generateTokens", body, Lane.RENEWAL)
    return replace(session, token=leave_of(data, leave).packed(), expires=expires_after(now))


def logout(smart: Smart, session: BrokerSession) -> None:
    """End the session at Angel One; one that has ended already is no error."""
    try:
        leave = Leave.of(session)
        smart.post(leave, f"{SECURE}/user/v1/logout", {"clientcode": leave.client}, Lane.LOGIN)
    except Reauth:
        return
