"""Example answers of the routes of tokens, for the API's document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TOKEN = {
    "id": 7,
    "name": "spreadsheet",
    "ending": "x4Qz",
    "scopes": ["import", "read"],
    "created_at": "2026-11-20T14:00:00+05:30",
    "expires_at": "2027-02-18T14:00:00+05:30",
    "used_at": "2026-11-20T14:05:00+05:30",
    "used_from": "192.0.2.7",
}
_PERSON = {"id": 1, "name": "Asha", "email": "asha@example.org", "role": "member"}
_SHOWN_ONCE = {"used_at": None, "used_from": None, "token": "tf_pat_…x4Qz"}

ACCESS: Mapping[tuple[str, str], Any] = {
    ("GET", "/tokens"): {"data": [_TOKEN]},
    ("POST", "/tokens"): _TOKEN | _SHOWN_ONCE,
    ("GET", "/tokens/this"): _TOKEN | {"person": _PERSON},
}
