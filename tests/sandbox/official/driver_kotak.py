"""Drives the broker's official Python client, untouched, and prints what it understood; in its own venv.

`decode`: frames of the market feed as hex from standard input, through the client's own parser.
`session URL KEY MOBILE UCC TOTP MPIN`: a whole day at the broker; only the host is another, as its transport
allows. It says "listening" when it hears the order feed, and ends with the second update of one order.
"""

import asyncio
import json
import sys
from typing import Any
from urllib.parse import urlsplit

import httpx  # type: ignore[import-not-found,unused-ignore]
from neo_api_client import NeoAPI  # type: ignore[import-not-found]
from neo_api_client.websocket.feed import WsToken  # type: ignore[import-not-found]
from neo_api_client.websocket.feed.protocol import decode_packet, split_batch  # type: ignore[import-not-found]

SHARES = (("nse_cm", "1594"), ("bse_cm", "500470"))
INDEX = ("nse_cm", "Nifty 50")


class Elsewhere(httpx.HTTPTransport):  # type: ignore[misc,unused-ignore]
    """Every call to another scheme and host."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._to = urlsplit(url)

    def handle_request(self, request: Any) -> Any:
        request.url = request.url.copy_with(
            scheme=self._to.scheme, host=self._to.hostname, port=self._to.port
        )
        request.headers["host"] = self._to.netloc
        return super().handle_request(request)


def say(line: str) -> None:
    """A line of ours among those that the client logs."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def decode() -> None:
    told = json.load(sys.stdin)
    dividers = {int(number): divider for number, divider in told["dividers"].items()}
    batches = [split_batch(bytes.fromhex(frame)) for frame in told["frames"]]
    decoded = [[decode_packet(one, dividers) for one in batch] for batch in batches]
    json.dump([[one and one.model_dump() for one in batch] for batch in decoded], sys.stdout)


async def ticks(client: Any, wanted: set[str]) -> dict[str, Any]:
    """The first message of each kind of subscription, and every frame as it came."""
    seen: dict[str, Any] = {}
    frames: list[str] = []
    socket = client.create_websocket()
    socket.on_raw = lambda raw: frames.append(raw.hex()) if isinstance(raw, bytes) else None
    async with asyncio.timeout(30), socket as feed:
        shares = [WsToken(*one) for one in SHARES]
        await feed.subscribe_exchange()
        await feed.subscribe_index([WsToken(*INDEX)])
        await feed.subscribe_scrips_lite(shares)
        await feed.subscribe_scrips(shares)
        await feed.subscribe_depth(shares)
        async for message in feed:
            level = getattr(message, "level", "")
            seen.setdefault(f"{message.type}{level}", message.model_dump())
            if seen.keys() >= wanted:
                return {"seen": seen, "frames": frames, "dividers": feed.dividers}
    raise AssertionError("the feed ended")


async def order_updates(client: Any) -> list[Any]:
    """What is told while an order is traded, until it is complete."""
    heard: list[Any] = []
    async with asyncio.timeout(30), client.create_order_feed() as feed:
        async for message in feed:
            if not heard:
                say("listening")
            heard.append(message.model_dump())
            if message.type == "position":
                return heard
    raise AssertionError("the feed ended")


def session(url: str, key: str, mobile: str, ucc: str, totp: str, mpin: str) -> None:
    client = NeoAPI(environment="prod", consumer_key=key, transport=Elsewhere(url))
    tokens = [{"exchange_segment": one, "instrument_token": token} for one, token in (*SHARES, INDEX)]
    told: dict[str, Any] = {
        "view": client.totp_login(mobile_number=mobile, ucc=ucc, totp=totp),
        "trade": client.totp_validate(mpin=mpin),
        "address": client.whatsmyip(),
        "holdings": client.holdings(),
        "positions": client.positions(),
        "limits": client.limits(),
        "orders": client.order_report(),
        "trades": client.trade_report(),
        "quotes": client.quotes(instrument_tokens=tokens, quote_type="all"),
        "ltp": client.quotes(instrument_tokens=tokens, quote_type="ltp"),
        "file": client.scrip_master(exchange_segment="nse_cm"),
        "days": client.historical_data("nse_cm|1594", "D", "2026-11-02", "2026-11-20"),
        "minutes": client.historical_data("nse_cm|1594", "1min", "2026-11-20", "2026-11-20"),
        "too far": client.historical_data("nse_cm|1594", "1min", "2026-01-01", "2026-11-20"),
    }
    number = told["orders"]["data"][0]["nOrdNo"]
    told["history"] = client.order_history(order_id=number)
    told["order"] = client.order_report(order_id=number)
    told["placed"] = client.place_order(
        exchange_segment="nse_cm", product="CNC", price="1", order_type="L", quantity="1", validity="DAY",
        trading_symbol="INFY-EQ", transaction_type="B",
    )  # fmt: skip
    told["feed"] = asyncio.run(ticks(client, {"index", "scrip_lite", "scrip4", "scrip8", "market_status"}))
    told["updates"] = asyncio.run(order_updates(client))
    say(json.dumps(told))


if sys.argv[1] == "decode":
    decode()
else:
    session(*sys.argv[2:])
