"""What each way of the API is asked for, when it is asked well; tests/house/test_routes.py suits most."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.house.test_routes import Ids, tradebook
from tests.web.houses import PASSWORD

Key = tuple[str, str]
Body = dict[str, Any]
V1 = "/api/v1"
COLUMNS = {"day": ["When"], "kind": ["Deed"], "symbol": ["What"], "quantity": ["Units"], "price": ["Paid"]}
"""What the columns of world.SHEET mean."""
NEXT = "quite another phrase"


def _fact(_ids: Ids) -> Body:
    return {"kind": "buy", "day": "2024-05-07", "instrument": "NSE:INFY", "quantity": "2", "price": "1500"}


def _home_fact(ids: Ids) -> Body:
    return _fact(ids) | {"account_id": int(ids["account"])}


def _entry(ids: Ids) -> Body:
    return {"email": f"{ids['word']}@example.org", "password": PASSWORD}


def _alert(ids: Ids) -> Body:
    level = {"level": "1448", "direction": "up"}
    return {"kind": "price", "instrument_id": int(ids["instrument"]), "parameters": level, "repeat": "every"}


def _heap(ids: Ids) -> Body:
    return {"instrument": int(ids["instrument"]), "source": "nse", "reason": "jump"}


def _storm(_ids: Ids) -> Body:
    return {"day": "2026-12-04", "kind": "closed", "note": "Storm"}


def _file(_ids: Ids) -> Body:
    return {"file": tradebook("fresh")}


def _table(ids: Ids) -> Body:
    return {"sha256": ids["sheet"], "columns": COLUMNS}


THINGS: Mapping[Key, Mapping[str, str]] = {
    ("DELETE", f"{V1}/portfolios/{{id}}"): {"portfolio": "spare"},
    ("POST", f"{V1}/accounts/{{id}}/sync"): {"account": "linked"},
    ("POST", f"{V1}/brokers/accounts/{{id}}/disconnect"): {"account": "linked"},
    ("GET", f"{V1}/instruments/{{id}}/tracking"): {"own instrument": "instrument"},
    ("POST", f"{V1}/instruments/{{id}}/tracking"): {"own instrument": "instrument"},
    ("POST", f"{V1}/family/grants/{{id}}/accept"): {"grant": "offered"},
    ("POST", f"{V1}/family/grants/{{id}}/leave"): {"grant": "offered"},
    ("POST", f"{V1}/admin/jobs/{{id}}/retry"): {"job": "ended job"},
    ("GET", f"{V1}/tax/export/{{name}}.csv"): {"name": "sheet name"},
    **{
        ("POST", f"{V1}/services/{{name}}/{deed}"): {"name": "duty name"}
        for deed in ("pause", "resume", "run")
    },
    ("PUT", f"{V1}/admin/persons/{{id}}/role"): {"person": "somebody"},
    ("POST", f"{V1}/admin/persons/{{id}}/disable"): {"person": "somebody"},
    ("POST", f"{V1}/admin/persons/{{id}}/enable"): {"person": "somebody"},
    ("PATCH", f"{V1}/admin/users/{{id}}"): {"person": "somebody"},
    **{
        ("POST", f"{V1}/admin/users/{{id}}/{deed}"): {"person": "somebody"}
        for deed in ("disable", "enable", "sign-out", "end-tokens")
    },
}
"""Where another of one's things serves better than the one the walks would name."""

BEFORE: Mapping[Key, tuple[str, Callable[[Ids], Body]]] = {
    ("DELETE", f"{V1}/leaving"): (f"{V1}/leaving", lambda ids: {"email": f"{ids['word']}@example.org"}),
    ("DELETE", f"{V1}/calendar/overrides"): (f"{V1}/calendar/overrides", _storm),
}
"""What is sent first, by whoever asks."""

ASKED: Mapping[Key, Callable[[Ids], Body]] = {
    ("DELETE", f"{V1}/portfolios/{{id}}"): lambda ids: {"confirm_name": f"{ids['word']}-spare"},
    ("DELETE", f"{V1}/accounts/{{id}}"): lambda ids: {"confirm_name": f"{ids['word']}-desk"},
    ("GET", "/auth/{broker}/callback"): lambda ids: {
        "request_token": "good",
        "status": "success",
        "state": ids["state"],
    },
    ("GET", f"{V1}/explain"): lambda _: {"figure": "xirr", "scope": "all", "period": "1Y"},
    ("PUT", f"{V1}/allocation/targets"): lambda _: {"by": "sector"},
    ("GET", f"{V1}/charges"): lambda _: {
        "segment": "delivery",
        "side": "buy",
        "quantity": "10",
        "price": "1500",
        "broker": "zerodha",
    },
    ("GET", f"{V1}/charges/notes"): lambda ids: {"account": ids["account"], "broker": "zerodha"},
    ("GET", f"{V1}/tax/explain"): lambda _: {"figure": "levy:total", "year": "2024-25"},
    ("GET", f"{V1}/tax/foreign/explain"): lambda _: {"figure": "a3:total", "year": "2024-25"},
    ("GET", f"{V1}/tax/planning/explain"): lambda ids: {
        "of": f"{ids['account']}:{ids['instrument']}",
        "units": "2",
        "figure": "net",
        "price": "1600",
    },
    **{
        ("GET", f"{V1}/tax/export/{name}"): lambda ids: {"taxpayer": ids["idle taxpayer"]}
        for name in ("schedule-fa.csv", "statement.pdf", "statement.xlsx", "{name}.csv")
    },
    ("DELETE", f"{V1}/calendar/overrides"): lambda _: {"day": "2026-12-04"},
    ("GET", f"{V1}/admin/audit"): lambda _: {"limit": "500"},
}
"""Queries that a way cannot do without."""

SAID: Mapping[Key, Callable[[Ids], Body]] = {
    ("POST", "/auth/login"): _entry,
    ("POST", f"{V1}/auth/login"): _entry,
    ("POST", f"{V1}/session"): _entry,
    ("POST", f"{V1}/persons"): lambda _: {"email": "new@example.org", "name": "New", "password": NEXT},
    ("PUT", f"{V1}/session/password"): lambda _: {"old": PASSWORD, "new": NEXT},
    ("POST", f"{V1}/proof"): lambda _: {"password": PASSWORD},
    ("PATCH", f"{V1}/me"): lambda _: {"name": "Renamed"},
    ("POST", f"{V1}/email/change"): lambda ids: {"email": f"{ids['word']}-new@example.org"},
    ("POST", f"{V1}/password/forgot"): lambda ids: {"email": f"{ids['word']}@example.org"},
    ("PATCH", f"{V1}/portfolios/{{id}}"): lambda _: {"name": "Renamed"},
    ("PATCH", f"{V1}/accounts/{{id}}"): lambda _: {"name": "Renamed"},
    ("PATCH", f"{V1}/watchlists/{{id}}"): lambda _: {"name": "Renamed"},
    ("PUT", f"{V1}/tax/taxpayers/{{id}}"): lambda _: {"name": "Renamed"},
    ("POST", f"{V1}/transactions"): _home_fact,
    ("POST", f"{V1}/transactions/preview"): _home_fact,
    ("POST", f"{V1}/accounts/{{id}}/transactions"): _fact,
    ("PUT", f"{V1}/transactions/{{id}}"): _fact,
    ("POST", f"{V1}/transactions/bulk"): lambda ids: {
        "account_id": int(ids["account"]),
        "text": "2024-05-08 deposit 5",
    },
    ("POST", f"{V1}/deposits"): lambda ids: {
        "account_id": int(ids["account"]),
        "symbol": "FD-2",
        "name": "Another deposit",
        "rate": "7",
        "day": "2024-04-01",
        "amount": "1000",
    },
    ("PUT", f"{V1}/allocation/targets"): lambda _: {"weights": {"Banks": "0.5"}},
    ("POST", f"{V1}/imports/maps/forget"): lambda ids: {"shape": ids["shape"]},
    ("POST", f"{V1}/accounts/{{id}}/imports/upload"): _file,
    ("POST", f"{V1}/accounts/{{id}}/imports/preview"): _file,
    ("POST", f"{V1}/accounts/{{id}}/imports/columns"): _table,
    ("POST", f"{V1}/accounts/{{id}}/imports"): lambda ids: {"sha256": ids["sheet"]},
    ("POST", f"{V1}/accounts/{{id}}/imports/book"): lambda ids: {"sha256": ids["text book"]},
    ("POST", f"{V1}/calendar/overrides"): _storm,
    ("POST", f"{V1}/charges/note"): lambda _: {
        "date": "2025-06-02",
        "broker": "zerodha",
        "trades": [
            {"segment": "delivery", "side": "buy", "quantity": "10", "price": "1500", "scrip": "INFY"}
        ],
    },
    ("POST", f"{V1}/charges/notes/compare"): lambda ids: {
        "account": int(ids["account"]),
        "day": "2024-04-01",
        "broker": "zerodha",
    },
    ("POST", f"{V1}/portfolios"): lambda _: {"name": "New shelf"},
    ("POST", f"{V1}/tax/what-if"): lambda ids: {
        "account_id": int(ids["account"]),
        "instrument_id": int(ids["instrument"]),
        "units": "2",
        "price": "1600",
    },
    ("POST", f"{V1}/data-health/quarantine/accept"): _heap,
    ("POST", f"{V1}/data-health/quarantine/drop"): _heap,
    ("POST", f"{V1}/data-health/quarantine/replace"): _heap,
    ("PUT", f"{V1}/watchlists/order"): lambda ids: {"ids": [int(one) for one in ids["lists"].split(",")]},
    ("PUT", f"{V1}/watchlists/{{id}}/order"): lambda ids: {"ids": [int(ids["instrument"])]},
    ("POST", f"{V1}/watchlists/{{id}}/items"): lambda _: {"instrument": "NSE:TATAPOWER", "note": "soon"},
    ("PATCH", f"{V1}/watchlists/{{id}}/items/{{instrument}}"): lambda _: {"note": "later"},
    ("POST", f"{V1}/alerts"): _alert,
    ("POST", f"{V1}/alerts/preview"): _alert,
    ("PUT", f"{V1}/alerts/{{id}}"): lambda _: {"repeat": "daily", "note": "soon"},
    ("POST", f"{V1}/channels"): lambda _: {"kind": "webhook", "target": "https://two.example.org/hook"},
    ("POST", f"{V1}/family/grants"): lambda _: {"email": "other-friend@example.org"},
    ("POST", f"{V1}/family/links"): lambda ids: {"portfolio_id": int(ids["portfolio"]), "title": "Mine"},
    ("POST", f"{V1}/leaving"): lambda ids: {"email": f"{ids['word']}@example.org"},
    ("POST", f"{V1}/admin/invites"): lambda _: {"email": "friend@example.org", "role": "member"},
    ("PUT", f"{V1}/admin/brokers/{{broker}}/standing"): lambda _: {"standing": "stopped", "reason": "terms"},
    ("PUT", f"{V1}/admin/instruments/{{instrument}}/correction"): lambda _: {
        "name": "Infosys Ltd",
        "sector": "Computing",
        "industry": "Software",
        "reason": "a test",
    },
    ("POST", "/hooks/{broker}"): lambda _: {"order_id": "1", "checksum": "0" * 64},
}
"""Bodies that a way cannot do without, where the walks' one wish does not do."""
