"""A person's rows in the tables of tokens, and arguments for their functions: part of store_world."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tunefolio.core.identity import SessionId
from tunefolio.core.people import Scope, Viewer
from tunefolio.core.time import Instant
from tunefolio.store import personal_tokens, refresh_tokens
from tunefolio.store.db import WriteDb

SAMPLES: dict[str, Any] = {
    "personal_tokens.add.ending": "wxyz",
    "personal_tokens.add.scopes": [Scope.READ],
    "personal_tokens.touch.every": timedelta(minutes=1),
}


def given(db: WriteDb, viewer: Viewer, name: str, session: SessionId, now: Instant) -> dict[str, Any]:
    """What renews her sign-in, and one token for a program."""
    refresh_tokens.add(db, viewer, session, f"{name}-refresh", now, now + timedelta(days=30))
    made = personal_tokens.add(
        db, viewer, name, f"{name}-personal", "asha", [Scope.READ], now=now, expires=None
    )
    return {"TokenId": made.id}
