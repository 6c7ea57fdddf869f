"""One example answer for each route of /api/v1, as the API's document shows it; shapes.py has the others.

Money is text and exact, moments carry the Indian offset; `next` is there when there is more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunefolio.web.api.answered import said_of
from tunefolio.web.api.examples_access import ACCESS
from tunefolio.web.api.examples_admin import ADMIN
from tunefolio.web.api.examples_alerts import ALERTS
from tunefolio.web.api.examples_bars import BARS
from tunefolio.web.api.examples_calendar import CALENDAR
from tunefolio.web.api.examples_charges import CHARGES
from tunefolio.web.api.examples_charts import CHARTS
from tunefolio.web.api.examples_factors import FACTORS
from tunefolio.web.api.examples_health import HEALTH
from tunefolio.web.api.examples_imports import IMPORTS
from tunefolio.web.api.examples_instruments import INSTRUMENTS
from tunefolio.web.api.examples_leaving import LEAVING
from tunefolio.web.api.examples_services import SERVICES
from tunefolio.web.api.examples_tax import TAX
from tunefolio.web.api.examples_tax_foreign import TAX_FOREIGN
from tunefolio.web.api.examples_tax_planning import TAX_PLANNING
from tunefolio.web.api.examples_views import VIEWS

AT = "2026-11-20T14:00:00+05:30"
_PERSON = {"id": 1, "name": "Asha", "email": "asha@example.org", "role": "admin"}
_SIGNED_IN = {"person": _PERSON, "expires_at": "2026-12-20T14:00:00+05:30"}
_DEVICE = {
    "id": 4,
    "device": "Firefox on Linux",
    "address": "127.0.0.1",
    "created_at": AT,
    "seen_at": AT,
    "expires_at": "2026-12-20T14:00:00+05:30",
    "is_current": True,
}
_PORTFOLIO = {
    "id": 1,
    "name": "My portfolio",
    "currency": "INR",
    "created_at": AT,
    "archived_at": None,
}
_ACCOUNT = {
    "id": 2,
    "portfolio_id": 1,
    "name": "Zerodha AB1234",
    "kind": "broker",
    "currency": "INR",
    "broker": "zerodha",
    "broker_user": "AB1234",
    "lot_method": "fifo",
    "created_at": AT,
    "archived_at": None,
}
_HOLDING = {
    "account_id": 1,
    "instrument_id": 1,
    "symbol": "HINDUNILVR",
    "exchange": "NSE",
    "isin": "INE030A01027",
    "name": "Hindustan Unilever Limited",
    "currency": "INR",
    "realised": "0.00",
    "income": "1740.00",
    "missing": "the purchase before 2023-07-12 is not recorded",
    "lots": [
        {
            "acquired": "2023-07-12",
            "quantity": "60",
            "cost": "150983.22",
            "held_days": 1227,
            "value": "157551.00",
            "pnl": "6567.78",
        }
    ],
    "matches": [],
    "transaction_ids": [15, 2],
}
FURTHER = (
    "tax",
    "accrued",
    "other",
    "ratio",
    "cost_ratio",
    "counter_amount",
    "counter_currency",
    "counterpart_id",
    "acquired",
    "picks",
    "delivery",
    "parts",
    "order",
    "at",
)
"""What only some kinds of a fact have: named, though no single fact could show them all."""
_TRANSACTION = {
    "id": 91,
    "account_id": 1,
    "account": "Family demat",
    "kind": "buy",
    "day": "2024-01-18",
    "instrument": {
        "id": 4,
        "symbol": "AXISBANK",
        "exchange": "NSE",
        "isin": "INE238A01034",
        "name": "Axis Bank Limited",
    },
    "quantity": "80",
    "price": "1121.45",
    "amount": "89716.00",
    "fees": "100.48",
    "currency": "INR",
    "note": "",
    "tags": ["family"],
    "source": "manual",
    "line": "2024-01-18 buy 80 NSE:AXISBANK @ 1121.45 fee 100.48 #family",
    "recorded_at": AT,
    **dict.fromkeys(FURTHER),
}
_SIGN_ROW = {
    "kind": "buy",
    "group": "Trade",
    "title": "Purchase",
    "units": "+Q",
    "cash": "−(A+X+F)",
    "effect": "a lot at A+F; accrued interest paid is negative income",
    "needs": ["amount", "instrument", "quantity"],
    "may": ["accrued", "fees", "price"],
    "example": "2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.50",
}
_AHEAD = {
    "line": "2024-06-03 sell 5 NSE:INFY @ 1600 fee 15",
    "units": [
        {
            "account_id": 2,
            "account": "Family demat",
            "instrument": "NSE:INFY",
            "before": "10",
            "after": "5",
            "cost_before": "15012.50",
            "cost_after": "7506.25",
            "currency": "INR",
        }
    ],
    "cash": [
        {
            "account_id": 2,
            "account": "Family demat",
            "change": "7985.00",
            "before": "34987.50",
            "after": "42972.50",
            "currency": "INR",
        }
    ],
    "realised": [{"amount": "478.75", "currency": "INR"}],
    "income": [],
}
_LOT = {
    "lot": 91,
    "side": "long",
    "quantity": "10",
    "cost": "15012.50",
    "fees": "12.50",
    "average_price": "1501.25",
    "currency": "INR",
    "acquired": None,
    "acquired_reason": "the purchase before 2024-04-01 is not recorded",
    "age_days": None,
    "age_days_reason": "the purchase before 2024-04-01 is not recorded",
    "value": None,
    "value_reason": "price of INFY: no price yet",
    "gain": None,
    "gain_reason": "price of INFY: no price yet",
}
_BROKER = {
    "broker": "zerodha",
    "title": "Zerodha",
    "account_id": 2,
    "account": "Zerodha AB1234",
    "user_id": "AB1234",
    "state": "connected",
    "connected_at": AT,
    "expires_at": "2026-11-21T06:00:00+05:30",
    "synced_at": AT,
    "app": "own",
    "sync_job": 65,
    "automatic_since": None,
    "unread": 0,
    "open_today": 0,
    "sync_due": None,
    "out_of_service": None,
}
_BREAK = {
    "key": "11:15:22",
    "account_id": 3,
    "account": "Zerodha TF0002",
    "instrument_id": 11,
    "symbol": "RELIANCE",
    "ours": "15",
    "theirs": "22",
    "difference": "7",
    "cause": "missing trade",
    "evidence": ["The broker's average rose from 1412.5 to 1431.2"],
    "seen_at": AT,
    "repairs": [
        {
            "key": "11:15:22:buy",
            "title": "Record the purchase",
            "lines": ["<day> buy 7 NSE:RELIANCE @ 1471.30"],
            "wants": ["day"],
            "after": "22",
        }
    ],
}
_FORM = {
    "fields": [
        {
            "name": "pin",
            "label": "PIN",
            "hint": "The four digits of the broker's app",
            "pattern": "[0-9]{4}",
            "keeping": "kept",
            "is_secret": True,
            "is_needed": True,
        }
    ],
    "alternatives": [["totp_secret"], ["totp"]],
    "automatic": ["pin", "totp_secret"],
}
_SNAPSHOT = {
    "id": 31,
    "account_id": 2,
    "type": "EOD",
    "day": "2026-11-20",
    "state": "taken",
    "taken_at": "2026-11-20T16:00:00+05:30",
    "replaced_at": None,
    "invested": "485230.50",
    "value": "521045.75",
    "currency": "INR",
    "unpriced": 0,
}
_LINE = {
    "instrument_id": 11,
    "symbol": "RELIANCE",
    "exchange": "NSE",
    "quantity": "60",
    "invested": "84405.00",
    "price": "1827.35",
    "value": "109641.00",
    "priced_at": "2026-11-20T15:59:58+05:30",
}
_JOB = {
    "id": 65,
    "kind": "sync",
    "state": "done",
    "stage": "Done",
    "done": 3,
    "total": 3,
    "attempts": 1,
    "problem": None,
    "due_at": AT,
    "created_at": AT,
    "started_at": AT,
    "finished_at": AT,
}
_DUTY = {
    "name": "snapshot_sod",
    "title": "Snapshot before the session",
    "when": "09:00 on session days",
    "next_run_at": "2026-11-23T09:00:00+05:30",
    "last_run_at": "2026-11-20T09:00:00+05:30",
}
_MEMBER = _PERSON | {"created_at": AT, "disabled_at": None}
_INVITE = {
    "id": 2,
    "email": None,
    "role": "member",
    "created_at": AT,
    "expires_at": "2026-11-27T14:00:00+05:30",
}
_NEW_INVITE = {
    "code": "0Bh3xJ-k4MwUb85mxcI42m5vpzZHCR",
    "link": "https://folio.example.org/sign-up?invite=0Bh3xJ-k4MwUb85mxcI42m5vpzZHCR",
}
_OVERRIDE = {"instrument_id": 11, "symbol": "RELIANCE", "exchange": "NSE", "sector": "Energy", "industry": ""}
_POINT = {"day": "2026-11-20", "value": "521045.75", "invested": "485230.50", "unpriced": 0}


def _rows(row: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"data": [row], **more}


EXAMPLES: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("GET", "/session"): _SIGNED_IN,
    ("POST", "/session"): _SIGNED_IN,
    ("GET", "/sessions"): _rows(_DEVICE),
    ("POST", "/persons"): _PERSON,
    ("POST", "/persons/confirm"): _PERSON,
    ("GET", "/persons"): _rows(_MEMBER, next="1"),
    ("GET", "/admin/persons"): _rows(_MEMBER, next="1"),
    ("GET", "/admin/invites"): _rows(_INVITE, next="41"),
    ("POST", "/admin/invites"): _NEW_INVITE,
    **ADMIN,
    ("GET", "/portfolios"): _rows(_PORTFOLIO),
    ("POST", "/portfolios"): _PORTFOLIO,
    ("GET", "/portfolios/{id}"): _PORTFOLIO,
    ("PATCH", "/portfolios/{id}"): _PORTFOLIO,
    ("GET", "/accounts"): _rows(_ACCOUNT),
    ("POST", "/accounts"): _ACCOUNT,
    ("GET", "/accounts/{id}"): _ACCOUNT,
    ("PATCH", "/accounts/{id}"): _ACCOUNT,
    ("POST", "/accounts/{id}/sync"): {"job_id": 65},
    ("GET", "/accounts/{id}/holdings/{instrument}"): _HOLDING,
    ("GET", "/transactions"): _rows(_TRANSACTION, tags=["family"], next="2024-01-18_91"),
    ("POST", "/accounts/{id}/transactions"): {"id": 91},
    ("POST", "/accounts/{id}/transactions/line"): {"id": 91},
    ("PUT", "/transactions/{id}"): {"id": 92},
    ("GET", "/transactions/{id}"): _TRANSACTION,
    ("POST", "/transactions"): {"id": 91},
    ("POST", "/deposits"): {"transaction_id": 91},
    ("POST", "/transactions/bulk"): {"ids": [91, 92]},
    ("POST", "/transactions/take-back"): {"reversed": 2},
    ("POST", "/transactions/tags"): {"changed": 2},
    ("GET", "/transactions/kinds"): _rows(_SIGN_ROW),
    ("POST", "/transactions/preview"): _AHEAD,
    ("GET", "/accounts/{id}/holdings/{instrument}/lots"): _rows(_LOT, method="fifo"),
    ("GET", "/brokers"): _rows(_BROKER),
    ("GET", "/breaks"): _rows(_BREAK, agreed=[2]),
    ("POST", "/brokers/{broker}/login"): {"url": "https://kite.zerodha.com/connect/login?v=3&api_key=…"},
    ("GET", "/brokers/{broker}/form"): _FORM,
    ("POST", "/brokers/{broker}/session"): {
        "account_id": 3,
        "account": "Angel One A100001",
        "user_id": "A100001",
    },
    ("GET", "/snapshots"): _rows(_SNAPSHOT, next="2026-11-20_31"),
    ("GET", "/snapshots/{id}"): _SNAPSHOT,
    ("GET", "/snapshots/{id}/lines"): _rows(_LINE),
    ("GET", "/value-curve"): _rows(_POINT, currency="INR"),
    ("GET", "/jobs"): _rows(_JOB, next="65"),
    ("GET", "/jobs/{id}"): _JOB
    | {
        "result": {
            "holdings": 24,
            "trades": 3,
            "open_today": 2,
            "unread": 0,
            "opened": 24,
            "taken_back": 0,
            "breaks": 0,
        }
    },
    ("GET", "/timetable"): _rows(_DUTY),
    ("GET", "/sectors/overrides"): _rows(_OVERRIDE),
    **ACCESS,
    **FACTORS,
    **IMPORTS,
    **INSTRUMENTS,
    **ALERTS,
    **VIEWS,
    **CALENDAR,
    **CHARGES,
    **HEALTH,
    **LEAVING,
    **SERVICES,
    **BARS,
    **CHARTS,
    **TAX,
    **TAX_FOREIGN,
    **TAX_PLANNING,
}
"""By method and path below /api/v1: what its 2xx answer looks like."""


def answers(method: str, path: str, status: int) -> dict[str, Any]:
    """What the API's document adds to one operation; nothing for a route without a body."""
    example = EXAMPLES.get((method, path))
    if example is None:
        return {}
    return {"responses": {str(status): {"content": {"application/json": said_of(example)}}}}
