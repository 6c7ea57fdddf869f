"""Routes of a user's session: token exchange, logout, profile and margins."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tunefolio.sandbox.kite.desk import desk_of
from tunefolio.sandbox.kite.envelope import input_error, success
from tunefolio.sandbox.kite.grants import Grant
from tunefolio.sandbox.people import Trader
from tunefolio.sandbox.sessions import ist

_EXCHANGES = ["NSE", "BSE", "NFO", "BFO", "CDS", "BCD", "MCX", "MF"]
_PRODUCTS = ["CNC", "NRML", "MIS", "BO", "CO"]
_ORDER_TYPES = ["MARKET", "LIMIT", "SL", "SL-M"]


async def make_session(request: Request) -> Response:
    """POST /session/token."""
    desk = desk_of(request)
    form = await request.form()
    api_key, token, checksum = (_text(form.get(name)) for name in ("api_key", "request_token", "checksum"))
    for name, value in (("api_key", api_key), ("request_token", token), ("checksum", checksum)):
        if not value:
            raise input_error(f"Missing or empty field `{name}`")
    grant = desk.grants.exchange(api_key, token, checksum)
    return success(_session(desk.trader(grant.user_id), grant))


async def end_session(request: Request) -> Response:
    """DELETE /session/token: the pair comes in the query."""
    query = request.query_params
    desk_of(request).grants.end(query.get("api_key", ""), query.get("access_token", ""))
    return success(True)


async def refresh_session(request: Request) -> Response:
    """POST /session/refresh_token."""
    desk_of(request).grants.refuse_refresh()
    raise AssertionError("refused above")


async def profile(request: Request) -> Response:
    """GET /user/profile."""
    return success({**_person(desk_of(request).reader(request)), "meta": {"demat_consent": "physical"}})


async def full_profile(request: Request) -> Response:
    """GET /user/profile/full."""
    trader = desk_of(request).reader(request)
    return success(
        {
            **_person(trader),
            "twofa_type": "totp",
            "phone": "*0000",
            "bank_accounts": [{"name": "REHEARSAL BANK", "branch": "", "account": "*0001"}],
            "dp_ids": ["1200000000000000"],
            "pan": "*000R",
            "tags": [],
            "password_timestamp": "1970-01-01 00:00:00",
            "twofa_timestamp": "1970-01-01 00:00:00",
            "meta": {"poa": "physical", "silo": "rehearsal", "account_blocks": []},
        }
    )


async def margins(request: Request) -> Response:
    """GET /user/margins and /user/margins/{segment}."""
    desk = desk_of(request)
    trader = desk.reader(request)
    books = desk.depot.books(trader.broker, trader.user_id)
    both = {
        "equity": _margin(books.opening_cash, books.paid_in, books.cash),
        "commodity": _margin(0, 0, 0),
    }
    segment = request.path_params.get("segment")
    if segment is None:
        return success(both)
    if segment not in both:
        raise input_error("Invalid segment.")
    return success(both[segment])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _person(trader: Trader) -> dict[str, Any]:
    return {
        "user_id": trader.user_id,
        "user_type": "individual",
        "email": trader.email,
        "user_name": trader.name,
        "user_shortname": trader.name.split()[0],
        "broker": "ZERODHA",
        "exchanges": _EXCHANGES,
        "products": _PRODUCTS,
        "order_types": _ORDER_TYPES,
        "avatar_url": None,
    }


def _session(trader: Trader, grant: Grant) -> dict[str, Any]:
    return {
        **_person(trader),
        "avatar_url": "",
        "api_key": grant.api_key,
        "access_token": grant.access_token,
        "public_token": grant.public_token,
        "enctoken": "",
        "refresh_token": "",
        "silo": "",
        "login_time": ist(grant.issued),
        "meta": {"demat_consent": "physical"},
    }


def _margin(opened: int, paid_in: int, cash: int) -> dict[str, Any]:
    """Of what the session began with, what was paid in since, and what is left."""
    opening, left, debits = opened / 100, cash / 100, (opened + paid_in - cash) / 100
    available = {
        "adhoc_margin": 0,
        "cash": opening,
        "opening_balance": opening,
        "live_balance": left,
        "collateral": 0,
        "intraday_payin": paid_in / 100,
    }
    utilised = dict.fromkeys(
        ("exposure", "m2m_realised", "m2m_unrealised", "option_premium", "payout", "span", "holding_sales",
         "turnover", "liquid_collateral", "stock_collateral", "delivery"), 0,
    )  # fmt: skip
    return {"enabled": True, "net": left, "available": available, "utilised": {"debits": debits, **utilised}}
