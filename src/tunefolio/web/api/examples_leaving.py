"""Example answers of the routes of leaving, for the API's document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_EXPORT = {
    "id": 3,
    "job_id": 71,
    "asked_at": "2026-11-20T14:00:00+05:30",
    "made_at": "2026-11-20T14:00:04+05:30",
    "expires_at": "2026-11-21T14:00:04+05:30",
    "bytes": 4_218_733,
    "sha256": "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
}

LEAVING: Mapping[tuple[str, str], Any] = {
    ("GET", "/leaving"): {"erased_at": None, "asked_by": None, "export": _EXPORT},
    ("POST", "/leaving"): {"erased_at": "2026-12-04T14:00:00+05:30"},
    ("POST", "/leaving/exports"): {"id": 3},
    ("GET", "/leaving/exports/{id}"): _EXPORT,
}
