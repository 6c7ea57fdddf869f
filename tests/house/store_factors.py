"""What proves a person, for the house full of rows that the test of viewer clauses looks at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.store import (
    authenticators,
    challenges,
    devices,
    external_identities,
    mail_links,
    passkeys,
    persons,
)
from tunefolio.store.challenges import Step
from tunefolio.store.db import WriteDb
from tunefolio.store.mail_links import LinkKind

_NOW = Instant(datetime(2026, 11, 20, 4, 30, tzinfo=UTC))
_SOON = _NOW + timedelta(hours=1)


def proving(db: WriteDb, viewer: Viewer, name: str) -> dict[str, Any]:
    """An authenticator with codes, a passkey, an open step, a link, a known browser, an account elsewhere;
    all texts hold the name."""
    authenticators.put(db, viewer, lambda row: f"{name} {row}".encode(), _NOW)
    authenticators.put_codes(db, viewer, [f"{name}-code", f"{name}-second"], _NOW)
    key = passkeys.add(
        db, viewer, f"{name}-key".encode(), name.encode(), 7, transports=[name], name=name, now=_NOW
    )
    challenges.add(
        db, viewer.person, Step.SECOND_STEP, f"{name}-step", name.encode(), now=_NOW, expires=_SOON
    )
    link = mail_links.add(db, viewer, LinkKind.VERIFY, f"{name}@example.org", _NOW, _SOON)
    devices.put(db, viewer, f"{name}-browser", _NOW)
    elsewhere = external_identities.add(db, viewer, f"https://{name}", f"{name}-sub", f"{name}@id", _NOW)
    persons.set_verified(db, viewer, _NOW)
    return {
        "PasskeyId": key,
        "external_identities.mark_used.id": elsewhere,
        "external_identities.forget.id": elsewhere,
        "mail_links.hand_out.id": link,
        "mail_links.link_of.id": link,
        "authenticators.use_code.code_hash": f"{name}-code",
        "devices.is_known.token_hash": f"{name}-browser",
        "email": "new@example.org",
    }


SAMPLES: dict[str, Any] = {
    "authenticators.put.sealed": lambda row: f"new {row}".encode(),
    "authenticators.put_codes.hashes": ["new-code"],
    "step": 9,
    "passkeys.add.credential_id": b"new key",
    "passkeys.add.public_key": b"new",
    "passkeys.add.sign_count": 0,
    "passkeys.add.transports": ["internal"],
    "passkeys.use.before": 7,
    "passkeys.use.count": 8,
    "persons.set_verified.now": _SOON,
    "external_identities.add.issuer": "https://new.example.org",
    "external_identities.add.subject": "new-sub",
    "mail_links.add.kind": LinkKind.VERIFY,
    "mail_links.end_open.kind": LinkKind.VERIFY,
    "mail_links.open_one.kind": LinkKind.VERIFY,
    "mail_links.hand_out.token_hash": "new link",
    "mail_links.hand_out.now": _NOW,
    "mail_links.hand_out.expires": _SOON,
    "devices.put.token_hash": "new browser",
}
"""Arguments that are nobody's."""
