"""Example answers of the administration and the family view, as the API's document shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_AT = "2026-11-20T14:00:00+05:30"
_USER = {
    "id": 2,
    "name": "Vikram",
    "email": "vikram@example.org",
    "role": "member",
    "may": "Keeps books of her own: portfolios, accounts, brokers, imports, alerts. Sees only her own.",
    "portfolios": 1,
    "accounts": 3,
    "sessions": 2,
    "tokens": 1,
    "seen_at": _AT,
    "created_at": _AT,
    "disabled_at": None,
}
_PORTFOLIO = {
    "id": 4,
    "owner_id": 2,
    "currency": "INR",
    "accounts": 3,
    "created_at": _AT,
    "archived_at": None,
}
_ACCOUNT = {
    "id": 9,
    "owner_id": 2,
    "portfolio_id": 4,
    "kind": "broker",
    "broker": "zerodha",
    "currency": "INR",
    "facts": 318,
    "state": "needs_login",
    "problem": "The session with Zerodha ended on 20 Nov 06:00 IST. Log in again to refresh.",
    "synced_at": _AT,
    "expires_at": _AT,
    "automatic_since": None,
    "created_at": _AT,
    "archived_at": None,
}
_BROKER = {
    "broker": "zerodha",
    "title": "Zerodha",
    "standing": "no_new_links",
    "reason": "Its terms change in December",
    "since": _AT,
    "set_by": 1,
    "links": {"connected": 4, "needs_login": 1},
}
_JOB = {
    "id": 66,
    "kind": "sync",
    "state": "failed",
    "stage": "",
    "done": 0,
    "total": 3,
    "attempts": 5,
    "problem": "Zerodha is away (given up after 5 attempts)",
    "due_at": _AT,
    "created_at": _AT,
    "started_at": _AT,
    "finished_at": _AT,
    "owner_id": 2,
}
_INSTRUMENT = {
    "id": 7,
    "exchange": "NSE",
    "symbol": "INFY",
    "name": "Infosys Limited",
    "asset_class": "equity",
    "sector": "Information Technology",
    "industry": "Software",
    "source": "house",
    "correction": {
        "name": None,
        "former_name": None,
        "sector": "Information Technology",
        "industry": "Software",
        "reason": "The list of the exchange lags",
        "set_by": 1,
        "set_at": _AT,
    },
}
_ENTRY = {
    "id": 512,
    "at": _AT,
    "last_at": _AT,
    "times": 1,
    "action": "person.role_changed",
    "words": "Changed the role",
    "subject": "person:2",
    "person_id": 2,
    "actor_id": 1,
    "details": {"before": "member", "after": "reader"},
    "address": "192.168.1.20",
    "device": "Firefox on Linux",
}
_SUMS = {
    "holdings": 12,
    "unpriced": 0,
    "value": "1840250.00",
    "invested": "1502000.50",
    "pnl": "338249.50",
    "day_change": "-4210.00",
    "day_change_ratio": "-0.002282",
    "xirr": "0.143",
}
_SHARE = {
    "person_id": 2,
    "name": "Vikram",
    "is_self": False,
    "grants": [3],
    "portfolios": ["Long term"],
    "accounts": [{"account_id": 9, "name": "Family demat"}],
    **_SUMS,
    "share_ratio": "0.4",
}
_HELD = {
    "account_id": 9,
    "instrument_id": 7,
    "exchange": "NSE",
    "symbol": "INFY",
    "name": "Infosys Limited",
    "sector": "Information Technology",
    "quantity": "10",
    "currency": "INR",
    "invested": "15012.50",
    "value": "14001.00",
    "pnl": "-1011.50",
}
_GRANT = {
    "id": 3,
    "side": "given",
    "person_id": 2,
    "name": "Vikram",
    "email": "vikram@example.org",
    "portfolio": "Long term",
    "created_at": _AT,
    "accepted_at": _AT,
    "until": None,
    "amounts": "shown",
}
_LINK = {
    "id": 5,
    "title": "What I hold for the long term",
    "portfolio": "Long term",
    "amounts": "hidden",
    "created_at": _AT,
    "until": None,
    "is_over": False,
    "seen": 12,
    "seen_at": _AT,
}
_PART = {"name": "Information Technology", "holdings": 1, "weight_ratio": "1", "pnl_ratio": "-0.07"}
_BOOK = {
    "id": 3,
    "person_id": 2,
    "name": "Vikram",
    "is_own": False,
    "title": "Long term",
    "currency": "INR",
    "as_of": _AT,
    "is_stale": False,
    "unpriced": 0,
    "amounts": None,
    "returns": {
        "pnl_ratio": "-0.07",
        "day_ratio": "0.003",
        "xirr": "-0.02",
        "twr_1m": "0.01",
        "twr_3m": "-0.03",
        "twr_1y": "-0.07",
        "twr_all": "-0.07",
        "until": "2026-10-31",
    },
    "holdings": [
        {
            "symbol": "INFY",
            "exchange": "NSE",
            "name": "Infosys",
            "sector": "Information Technology",
            "asset_class": "equity",
            "weight_ratio": "1",
            "pnl_ratio": "-0.07",
            "day_ratio": "0.0031",
            "amounts": None,
        }
    ],
    "sectors": [_PART | {"value": None}],
    "asset_classes": [_PART | {"name": "equity", "value": None}],
}
_REFUSAL = {
    "deed": "see_holdings",
    "reason": "What others hold is theirs, also for an admin",
    "cure": "Ask the owner for a grant: she gives it under Family",
}


def _rows(row: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"data": [row], **more}


ADMIN: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("GET", "/admin/unlock"): {"unlocked_until": _AT},
    ("POST", "/admin/unlock"): {"unlocked_until": _AT},
    ("GET", "/admin/users"): _rows(_USER, next="2"),
    ("GET", "/admin/users/{id}"): _USER,
    ("GET", "/admin/refusals"): _rows(_REFUSAL),
    ("GET", "/admin/portfolios"): _rows(_PORTFOLIO, next="4"),
    ("GET", "/admin/accounts"): _rows(_ACCOUNT, next="9"),
    ("GET", "/admin/brokers"): _rows(_BROKER),
    ("GET", "/admin/jobs"): _rows(_JOB, next="66"),
    ("POST", "/admin/jobs/{id}/retry"): {"id": 67},
    ("GET", "/admin/instruments"): _rows(_INSTRUMENT, next="7"),
    ("GET", "/admin/audit"): _rows(_ENTRY | {"withheld": False}, next="512"),
    ("POST", "/admin/audit/{id}/open"): _ENTRY
    | {
        "action": "portfolio.renamed",
        "words": "Renamed portfolio",
        "subject": "portfolio:7",
        "details": {"before": "Long term", "after": "Retirement"},
        "withheld": False,
    },
    ("GET", "/activity"): _rows(_ENTRY, next="512"),
    ("GET", "/family"): {"currency": "INR", "as_of": _AT, "is_stale": False, **_SUMS, "data": [_SHARE]},
    ("GET", "/family/people/{id}"): _SHARE | {"holdings": [_HELD]},
    ("GET", "/family/grants"): _rows(_GRANT),
    ("POST", "/family/grants"): {"id": 3},
    ("GET", "/family/grants/{id}"): _BOOK,
    ("GET", "/family/links"): _rows(_LINK),
    ("POST", "/family/links"): {
        "id": 5,
        "url": "https://house.example.org/shared/tf_link_…",
    },
}
"""By method and path below /api/v1."""
