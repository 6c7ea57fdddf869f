"""Routes of a client's session: login, newer tokens, logout, profile and funds."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tunefolio.sandbox import totp
from tunefolio.sandbox.angel.desk import BROKER, bearer, desk_of
from tunefolio.sandbox.angel.envelope import body_of, refused, success, text_of

_EXCHANGES = ["nse_cm", "bse_cm", "nse_fo", "bse_fo"]
_PRODUCTS = ["MARGIN", "MIS", "NRML", "CNC", "CO", "BO"]


async def log_in(request: Request) -> Response:
    """POST loginByPassword: client code, PIN and the code of now."""
    desk = desk_of(request)
    desk.check_caller(request)
    body = await body_of(request)
    client, pin, code = (text_of(body, name) for name in ("clientcode", "password", "totp"))
    desk.admit(client, request.url.path, desk.rates.login)
    trader = desk.depot.trader(BROKER, client)
    if trader is None or not trader.has_pin(pin):
        raise refused("AB1000", "Invalid email or password")
    if not totp.is_valid(trader.totp_secret, code, desk.clock.now()):
        raise refused("AB1050", "Invalid totp")
    return success({**desk.grants.open(client).tokens, "state": None})


async def renew(request: Request) -> Response:
    """POST generateTokens."""
    desk = desk_of(request)
    desk.check_caller(request)
    jwt = bearer(request)
    desk.admit(desk.grants.of(jwt).user_id, request.url.path, desk.rates.renewal)
    return success(desk.grants.renew(jwt, text_of(await body_of(request), "refreshToken")).tokens)


async def log_out(request: Request) -> Response:
    """POST logout."""
    desk = desk_of(request)
    grant = desk.admitted(request, lambda rates: rates.login)
    if text_of(await body_of(request), "clientcode") != grant.user_id:
        raise refused("AB1032", "User not found")
    desk.grants.close(grant.jwt)
    return success("Logout Successfully")


async def profile(request: Request) -> Response:
    """GET getProfile."""
    trader = desk_of(request).reader(request, lambda rates: rates.profile)
    return success(
        {
            "clientcode": trader.user_id,
            "name": trader.name.upper(),
            "email": "",
            "mobileno": "",
            "exchanges": _EXCHANGES,
            "products": _PRODUCTS,
            "lastlogintime": "",
            "broker": "",
        }
    )


async def funds(request: Request) -> Response:
    """GET getRMS: texts of four decimals, null for what does not apply."""
    desk = desk_of(request)
    trader = desk.reader(request, lambda rates: rates.funds)
    books = desk.depot.books(BROKER, trader.user_id)
    left, debits = _four(books.cash), _four(max(0, books.opening_cash + books.paid_in - books.cash))
    return success(
        {
            "net": left,
            "availablecash": left,
            "availableintradaypayin": _four(books.paid_in),
            "availablelimitmargin": _four(0),
            "collateral": _four(0),
            "m2munrealized": _four(0),
            "m2mrealized": _four(0),
            "utiliseddebits": debits,
            **dict.fromkeys(
                ("utilisedspan", "utilisedoptionpremium", "utilisedholdingsales", "utilisedexposure",
                 "utilisedturnover")
            ),
            "utilisedpayout": debits,
        }
    )  # fmt: skip


def _four(paise: int) -> str:
    return f"{paise / 100:.4f}"
