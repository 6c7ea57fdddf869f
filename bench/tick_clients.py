"""A broker's official decoder, untouched, in the environment of its client: times itself when told to.

Imports nothing of ours. Arguments: the broker. On stdin one JSON a line: first the frames by name, then what
to do: ["read", name] answers with the numbers it understood, ["time", name, seconds] with ticks a second.
"""

from __future__ import annotations

import base64
import json
import sys
import time
from collections.abc import Callable
from typing import Any

Decode = Callable[[list[bytes]], list[Any]]


def kite() -> tuple[Decode, Callable[[Any], list[float]]]:
    from kiteconnect import KiteTicker  # type: ignore[import-not-found]

    parse = KiteTicker("key", "token")._parse_binary

    def numbers(tick: Any) -> list[float]:
        day, depth = tick.get("ohlc", {}), tick.get("depth", {"buy": [], "sell": []})
        names = "last_traded_quantity", "volume_traded", "total_buy_quantity", "total_sell_quantity", "oi"
        moments = [tick.get(name) for name in ("last_trade_time", "exchange_timestamp")]
        return [
            tick["instrument_token"], tick["last_price"], tick.get("average_traded_price", 0),
            *(day.get(name, 0) for name in ("open", "high", "low", "close")),
            *(tick.get(name, 0) for name in names),
            *(moment.timestamp() if moment else 0 for moment in moments),
            *(row[name] for row in depth["buy"] + depth["sell"] for name in ("price", "quantity", "orders")),
        ]  # fmt: skip

    return lambda frames: [tick for frame in frames for tick in parse(frame)], numbers


def angel() -> tuple[Decode, Callable[[Any], list[float]]]:
    from SmartApi.smartWebSocketV2 import SmartWebSocketV2  # type: ignore[import-not-found]

    parse = SmartWebSocketV2("a", "b", "c", "d")._parse_binary_data
    names = (
        "exchange_type", "sequence_number", "exchange_timestamp", "last_traded_price", "last_traded_quantity",
        "average_traded_price", "volume_trade_for_the_day", "total_buy_quantity", "total_sell_quantity",
        "open_price_of_the_day", "high_price_of_the_day", "low_price_of_the_day", "closed_price",
        "last_traded_timestamp", "open_interest", "upper_circuit_limit", "lower_circuit_limit",
        "52_week_high_price", "52_week_low_price",
    )  # fmt: skip

    def numbers(tick: Any) -> list[float]:
        rows = tick.get("best_5_buy_data", []) + tick.get("best_5_sell_data", [])
        book = [row[name] for row in rows for name in ("price", "quantity", "no of orders")]
        return [int(tick["token"]), *(tick.get(name, 0) for name in names), *book]

    return lambda frames: [parse(frame) for frame in frames], numbers


def kotak() -> tuple[Decode, Callable[[Any], list[float]]]:
    from neo_api_client.websocket.feed.protocol import (  # type: ignore[import-not-found]
        decode_packet,
        split_batch,
    )

    names = (
        "last_traded_price", "close_price", "open_price", "high_price", "low_price", "average_trade_price",
        "upper_circuit_limit", "lower_circuit_limit", "yearly_high", "yearly_low", "last_trade_time",
        "last_trade_qty", "volume_traded_today", "total_buy_quantity", "total_sell_quantity", "open_interest",
    )  # fmt: skip

    def numbers(tick: Any) -> list[float]:
        rows = [*getattr(tick, "buy", ()), *getattr(tick, "sell", ())]
        book = [number for row in rows for number in (row.price, row.quantity, row.orders)]
        return [int(tick.instrument_token), *(getattr(tick, name, 0) for name in names), *book]

    dividers = {1: 100}
    return lambda frames: [
        decode_packet(one, dividers) for frame in frames for one in split_batch(frame)
    ], numbers


def main() -> None:
    decode, numbers = {"zerodha": kite, "angelone": angel, "kotakneo": kotak}[sys.argv[1]]()
    told = json.loads(sys.stdin.readline())
    frames = {name: [base64.b64decode(one) for one in several] for name, several in told.items()}
    answer = sys.__stdout__
    assert answer is not None
    for line in sys.stdin:
        deed, name, *rest = json.loads(line)
        if deed == "read":
            read = [numbers(tick) for tick in decode(frames[name])]
            longest = max(map(len, read))
            found: Any = [[*one, *[0] * (longest - len(one))] for one in read]
        else:
            found = per_second(lambda: decode(frames[name]), len(decode(frames[name])), rest[0])  # noqa: B023
        answer.write(json.dumps(found) + "\n")
        answer.flush()


def per_second(deed: Callable[[], object], ticks: int, seconds: float) -> float:
    """Ticks for each second of this process's own CPU; other processes do not count."""
    rounds, started = 0, time.process_time()
    while (taken := time.process_time() - started) < seconds:
        deed()
        rounds += 1
    return rounds * ticks / taken


if __name__ == "__main__":
    main()
