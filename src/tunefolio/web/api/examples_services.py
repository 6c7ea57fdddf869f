"""Example answers of the services of the house."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_AT = "2026-11-20T14:00:00+05:30"
_PROCESS = {
    "name": "worker:folio:812:a1b2c3",
    "role": "worker",
    "health": "alive",
    "host": "folio",
    "pid": 812,
    "version": "0.1.0",
    "started_at": _AT,
    "seen_at": _AT,
    "left_at": None,
}
_QUEUE = {
    "ready": 0,
    "oldest_ready_since": None,
    "later": 1,
    "running": 1,
    "finished_in_a_day": 412,
    "failed_in_a_day": 0,
    "has_worker": True,
}
_DUTY = {
    "name": "refresh_quotes",
    "title": "Newest prices",
    "when": "every 15 minutes while the exchange trades",
    "next_run_at": "2026-11-20T14:15:00+05:30",
    "last_run_at": _AT,
    "paused_at": None,
    "last_job": {"id": 97, "state": "done", "problem": None},
}
_NEW_DUTY = {
    "name": "actions",
    "title": "Look for corporate actions told late or corrected",
    "when": "05:30 on Sundays",
    "next_run_at": "2026-11-22T05:30:00+05:30",
    "last_run_at": None,
    "last_run_at_reason": "not since the clock began to count, 20 Nov 2026, 09:00 IST",
    "paused_at": None,
    "last_job": None,
    "last_job_reason": "no job of its kind is kept",
}
_JOB = {
    "id": 97,
    "kind": "refresh_quotes",
    "state": "done",
    "stage": "Done",
    "done": 24,
    "total": 24,
    "attempts": 1,
    "problem": None,
    "due_at": _AT,
    "created_at": _AT,
    "started_at": _AT,
    "finished_at": _AT,
}

SERVICES: Mapping[tuple[str, str], Any] = {
    ("GET", "/services"): {"processes": [_PROCESS], "queue": _QUEUE, "timetable": [_DUTY, _NEW_DUTY]},
    ("GET", "/services/history"): {"data": [_JOB], "next": "41"},
    ("POST", "/services/{name}/run"): {"job_id": 98},
}
