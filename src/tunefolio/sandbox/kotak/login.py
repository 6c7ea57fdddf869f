"""Routes of the login: code, MPIN, the streams' addresses, and the caller's internet address."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tunefolio.sandbox.kotak.desk import KotakDesk, desk_of
from tunefolio.sandbox.kotak.envelope import NeoError, gateway_error, login_error
from tunefolio.sandbox.kotak.grants import Grant
from tunefolio.sandbox.people import Trader
from tunefolio.sandbox.sessions import ist
from tunefolio.sandbox.totp import is_valid

_CENTRE, _SOURCE = "E43", "sf"
_FIELDS = (("mobileNumber", "MobileNumber"), ("ucc", "Ucc"), ("totp", "Totp"))


async def with_code(request: Request) -> Response:
    """POST /login/1.0/tradeApiLogin."""
    desk = desk_of(request)
    given = await _given(desk, request)
    for name, title in _FIELDS:
        if not given.get(name):
            raise gateway_error(400, f"Missing required field '{title}'")
    trader = desk.trader(str(given["ucc"]))
    if trader is None or trader.mobile != given["mobileNumber"]:
        raise _counted(desk, str(given["ucc"]), "Invalid mobile number or UCC")
    if not is_valid(trader.totp_secret, str(given["totp"]), desk.clock.now()):
        raise _counted(desk, trader.user_id, "Invalid TOTP")
    return JSONResponse(
        {"data": _session(trader, desk.grants.view(trader.user_id, desk.clock.now()), "View")}
    )


async def with_pin(request: Request) -> Response:
    """POST /login/1.0/tradeApiValidate."""
    desk = desk_of(request)
    given = await _given(desk, request)
    if not given.get("mpin"):
        raise gateway_error(400, "Missing required field 'Mpin'")
    now, headers = desk.clock.now(), request.headers
    view = desk.grants.viewed(headers.get("sid", ""), headers.get("auth", ""), now)
    trader = desk.trader(view.user)
    assert trader is not None
    if not trader.has_pin(str(given["mpin"])):
        raise _counted(desk, trader.user_id, "Invalid MPIN")
    session = _session(trader, desk.grants.trade(view, now), "Trade")
    return JSONResponse({"data": {**session, "baseUrl": _root(request)}})


async def configuration(request: Request) -> Response:
    """GET /5config/config: for each data centre the source of its feeds, and where they are."""
    root = _root(request)
    source = f"{_CENTRE}_{_SOURCE}"
    configs = {
        f"{_CENTRE}_broadcast_source": _SOURCE,
        f"{source}_broadcast_endpoint": f"{root}/apifeed",
        f"{source}_interactive_endpoint": f"{root}/realtime",
    }
    return JSONResponse({"data": {"configs": configs}})


async def client_ip(request: Request) -> Response:
    """GET /login/1.0/get-client-ip."""
    desk = desk_of(request)
    desk.application(request)
    desk.reader(request)
    seen = {"ip": request.client.host if request.client else "", "time": f"{ist(desk.clock.now())}.000"}
    return JSONResponse({"data": [seen], "stCode": 1000, "status": "success"})


async def _given(desk: KotakDesk, request: Request) -> dict[str, Any]:
    """The JSON of one step, from the application that may ask."""
    desk.application(request)
    if request.headers.get("neo-fin-key") != "neotradeapi":
        raise gateway_error(400, "Missing required header 'neo-fin-key'")
    try:
        given = await request.json()
    except ValueError:
        raise gateway_error(400, "Invalid JSON") from None
    if not isinstance(given, dict):
        raise gateway_error(400, "Invalid JSON")
    return given


def _counted(desk: KotakDesk, user: str, message: str) -> NeoError:
    """A refusal; after a few within a minute the door stays shut for a while."""
    if not desk.limiter.admits(user, "wrong", desk.rates.wrong):
        return login_error(429, "Too many attempts. Please try after some time")
    return login_error(401, message)


def _root(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _session(trader: Trader, grant: Grant, kind: str) -> dict[str, Any]:
    return {
        "token": grant.token,
        "sid": grant.sid,
        "rid": grant.sid[::-1],
        "isUserPwdExpired": False,
        "ucc": trader.user_id,
        "greetingName": trader.name.upper(),
        "isTrialAccount": False,
        "dataCenter": _CENTRE,
        "derivativesRiskDisclosure": "Derivatives can lose money. This is a rehearsal.",
        "mfAccess": 1,
        "dataCenterMap": None,
        "dormancyStatus": "A",
        "asbaStatus": "",
        "clientType": "RI",
        "isNRI": False,
        "kId": "ABCDE0000R",
        "kType": kind,
        "status": "success",
        "incRange": 0,
        "incUpdFlag": "",
        "clientGroup": "",
        "kraStatus": "",
        "rcFlag": 0,
    }
