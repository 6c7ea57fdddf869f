"""The login in two steps: a one-time code for a session that may look, the MPIN for one that may act.

Kotak lets an application do both, so a house that keeps the code's secret can log in by itself. There is
nothing to renew: the next day begins with a login. Logging out is forgetting.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from tunefolio.adapters.brokers.kotakneo.errors import (
    CREDENTIALS,
    TITLE,
    body_of,
    code_of,
    mapping,
    message_of,
    optional,
    text,
)
from tunefolio.adapters.brokers.kotakneo.neo import Neo, NeoConfig, Pass
from tunefolio.adapters.http import Answer
from tunefolio.adapters.totp import code
from tunefolio.core.errors import Misuse, Rejected, Retry
from tunefolio.core.secret import Secret
from tunefolio.core.time import IST, Instant
from tunefolio.ledger.brokers import BrokerSession, CredentialField, CredentialForm, Keeping

SESSIONS_END = time(6, 0)
"""IST; what is displayed. All Indian brokers must log their users out daily."""

FORM = CredentialForm(
    (
        CredentialField(
            "consumer_key", "Access token of your application",
            "Kotak Neo › Invest › Trade API: the token beside the default application",
            r"\S{8,512}", Keeping.KEPT, is_secret=True, is_needed=True,
        ),
        CredentialField(
            "mobile", "Mobile number", "The one registered with Kotak, with +91",
            r"(\+91)?[0-9]{10}", Keeping.KEPT, is_secret=False, is_needed=True,
        ),
        CredentialField(
            "ucc", "Client code (UCC)", "Kotak Neo › Profile",
            r"[A-Za-z0-9]{3,16}", Keeping.KEPT, is_secret=False, is_needed=True,
        ),
        CredentialField(
            "mpin", "MPIN", "The six digits that open Kotak Neo",
            r"[0-9]{6}", Keeping.KEPT, is_secret=True, is_needed=True,
        ),
        CredentialField(
            "totp", "Code of your authenticator app", "Six digits, new every half minute",
            r"[0-9]{6}", Keeping.ONCE, is_secret=True, is_needed=False,
        ),
        CredentialField(
            "totp_secret", "Secret of the authenticator app",
            "The text below the QR code of Kotak's TOTP registration; TuneFolio then makes the codes itself",
            r"[A-Za-z2-7 ]{16,128}=*", Keeping.CHOICE, is_secret=True, is_needed=False,
        ),
    ),
    user="ucc",
    alternatives=(("totp",), ("totp_secret",)),
    automatic=("consumer_key", "mobile", "ucc", "mpin", "totp_secret"),
)  # fmt: skip
_NAMED = {"mpin": "mpin", "totp": "totp", "otp": "totp", "ucc": "ucc", "mobile": "mobile"}
_NEEDED = {name.name for name in FORM.fields if name.is_needed}


def login(neo: Neo, given: Mapping[str, Secret], now: Instant) -> BrokerSession:
    """A session from the filled form. Rejected with code "credentials": Kotak did not accept them; its words
    name the field where they do."""
    filled = checked(given)
    ucc = filled["ucc"].reveal().upper()
    mobile = f"+91{filled['mobile'].reveal()[-10:]}"
    digits = filled["totp"] if "totp" in filled else code(filled["totp_secret"], now)
    key = {"Authorization": filled["consumer_key"].reveal()}
    first = {"mobileNumber": mobile, "ucc": ucc, "totp": digits.reveal()}
    view = _step(neo, "/login/1.0/tradeApiLogin", first, key, ucc)
    pair = {"sid": text(view, "sid", "login"), "Auth": text(view, "token", "login")}
    trade = _step(neo, "/login/1.0/tradeApiValidate", {"mpin": filled["mpin"].reveal()}, {**key, **pair}, ucc)
    leave = pass_of(neo.config, trade, ucc, filled["consumer_key"])
    return BrokerSession(
        leave.ucc, optional(trade, "greetingName") or leave.ucc, leave.packed(), expires_after(now)
    )


def checked(given: Mapping[str, Secret]) -> Mapping[str, Secret]:
    """The filled fields without blanks around. Raises Misuse for what cannot be one of the credentials."""
    filled = {name: Secret(one.reveal().strip()) for name, one in given.items() if one.reveal().strip()}
    for field in FORM.fields:
        if field.name not in filled:
            if field.name in _NEEDED:
                raise Misuse(field.name, "is missing", cure=field.hint)
        elif not re.fullmatch(field.pattern, filled[field.name].reveal()):
            raise Misuse(field.name, f"cannot be the {field.label}", cure=field.hint)
    if "totp" not in filled and "totp_secret" not in filled:
        raise Misuse("totp", "is missing", cure="Give the code, or the secret that makes the codes")
    return filled


def pass_of(config: NeoConfig, data: Mapping[str, Any], ucc: str, key: Secret) -> Pass:
    """What `data` of the second step allows. Rejected: it names a stranger's host, or another user."""
    told = optional(data, "ucc") or ucc
    if told.upper() != ucc:
        raise Rejected(f"{TITLE}: logged in somebody else than {ucc}", code=CREDENTIALS)
    return Pass(
        ucc,
        key,
        Secret(text(data, "sid", "session")),
        Secret(text(data, "token", "session")),
        config.checked(text(data, "baseUrl", "session"), "the login"),
        optional(data, "dataCenter"),
        optional(data, "feedUrl"),
        optional(data, "rtUrl"),
    )


def expires_after(now: Instant) -> Instant:
    """The next six o'clock in the morning, IST."""
    local = now.in_zone(IST)
    end = datetime.combine(local.date(), SESSIONS_END, IST)
    return Instant(end if local < end else end + timedelta(days=1))


def _step(
    neo: Neo, path: str, body: Mapping[str, str], headers: Mapping[str, str], ucc: str
) -> Mapping[str, Any]:
    """`data` of one step. What Kotak answers is never shown with a credential in it."""
    try:
        return _data(neo.enter(path, body, headers, ucc))
    except Rejected as refusal:
        hidden = [*body.values(), *headers.values()]
        raise Rejected(_refusal(refusal.reason, hidden), code=refusal.code) from None


def _data(answer: Answer) -> Mapping[str, Any]:
    """A good status may carry a refusal: then `data` is absent, or says another status than success."""
    told = mapping(body_of(answer), "login")
    data = told.get("data")
    if isinstance(data, dict) and str(data.get("status", "success")).lower() == "success":
        return data
    told = data if isinstance(data, dict) else told
    number = code_of(told)
    if number == "429" or (len(number) == 3 and number.startswith("5")):
        raise Retry(f"{TITLE}: {message_of(told) or 'the login is not available at the moment'}")
    raise Rejected(f"{TITLE}: {message_of(told) or 'the login was refused'}", code=CREDENTIALS)


def _refusal(said: str, hidden: list[str]) -> str:
    """Kotak's words without what was sent, and the field of the form they speak of."""
    for one in hidden:
        said = said.replace(one, Secret.MASK)
    field = next((name for word, name in _NAMED.items() if word in said.lower()), None)
    return f"{said} ({field})" if field and field not in said else said
