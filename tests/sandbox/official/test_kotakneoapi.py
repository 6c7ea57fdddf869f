"""Kotak's official Python client, the released wheel, works with the rehearsal as with the broker; and what
it reads out of the feed's frames is what our own parser reads, to the last digit.

It lives in an environment of its own (old libraries), made here once from hashes and kept for later runs.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.sandbox.conftest import TRADING, at
from tests.sandbox.kotak_running import Running, running
from tests.sandbox.official.environments import environment
from tunefolio.adapters.brokers.kotakneo.ticks import AuctionState, Level, MarketStatus, Packet, Tick, packets
from tunefolio.core.time import IST, Instant, TradingDay
from tunefolio.sandbox.events import Trade
from tunefolio.sandbox.kotak import frames
from tunefolio.sandbox.kotak.frames import Depth
from tunefolio.sandbox.people import KOTAK_ASHA

DRIVER = Path(__file__).with_name("driver_kotak.py")
DIVIDERS = {1: 100, 3: 10_000_000, 5: 100}
_TICK = {
    "segment": "exchange_segment", "token": "instrument_token", "last": "last_traded_price",
    "close": "close_price", "change_percent": "net_change_percent", "name": "name",
    "last_quantity": "last_trade_qty", "open": "open_price", "high": "high_price", "low": "low_price",
    "average": "average_trade_price", "volume": "volume_traded_today", "buy_quantity": "total_buy_quantity",
    "sell_quantity": "total_sell_quantity", "open_interest": "open_interest",
    "upper_circuit": "upper_circuit_limit", "lower_circuit": "lower_circuit_limit",
    "year_high": "yearly_high", "year_low": "yearly_low", "last_trade": "last_trade_time",
    "updated": "last_update_time", "is_auction": "auction", "bids": "buy", "asks": "sell",
}  # fmt: skip


@pytest.fixture(scope="session")
def client_python() -> Path:
    return environment("kotak")


def started(python: Path, place: Path, *arguments: str) -> subprocess.Popen[str]:
    """The driver, in a folder of its own: the client writes logs and caches where it stands."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
    own = {"NEO_LOG_FILE_ENABLED": "false", "NEO_HOLDINGS_CACHE_DIR": str(place), "HOME": str(place)}
    return subprocess.Popen(
        [python, DRIVER, *arguments],
        cwd=place, env={**clean, **own, "TZ": "Asia/Kolkata"}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def decoded(
    python: Path, place: Path, told: Sequence[bytes], dividers: Mapping[int, int]
) -> list[list[dict[str, Any] | None]]:
    """What the client's own parser makes of each frame."""
    given = json.dumps({"frames": [frame.hex() for frame in told], "dividers": dict(dividers)})
    client = started(python, place, "decode")
    out, problem = client.communicate(given, timeout=60)
    assert client.returncode == 0, problem[-4000:]
    result: list[list[dict[str, Any] | None]] = json.loads(out)
    return result


def theirs(ours: Packet) -> dict[str, Any]:
    """Our packet as the client would tell it, in floats: of the exact quotient, as its division gives."""
    match ours:
        case MarketStatus():
            return {"exchange_segment": ours.segment, "status_code": ours.code}
        case AuctionState():
            return {
                "exchange_segment": ours.segment,
                "instrument_token": ours.token,
                "ref_price": float(ours.reference),
                "imbalance_qty": ours.imbalance,
                "imbalance_qty_at_market": ours.imbalance_at_market,
            }
        case Tick():
            told = {_TICK[name]: _plain(value) for name, value in ours._asdict().items()}
            if not ours.name and ours.volume is None:
                for absent in ("auction", "buy", "sell"):
                    del told[absent]
            return told


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Instant):
        return int(value.utc.timestamp())
    if isinstance(value, tuple):
        return [{"quantity": one.quantity, "price": float(one.price), "orders": one.orders} for one in value]
    return value


def check_same(ours: Packet, official: Mapping[str, Any]) -> None:
    """Every field that both tell. A time that is none is 0 there and None here."""
    told = theirs(ours)
    common = told.keys() & official.keys()
    assert len(common) >= 2
    assert {name: told[name] or 0 for name in common if name not in ("buy", "sell")} == {
        name: official[name] or 0 for name in common if name not in ("buy", "sell")
    }
    for side in ("buy", "sell"):
        if side in common:
            assert told[side] == official[side]


def test_the_official_client_logs_in_reads_and_hears_both_feeds(client_python: Path, tmp_path: Path) -> None:
    with running() as face:
        told = told_by(client_python, tmp_path, face)
        check_session(told, face)
        check_books(told, face)
        check_prices(told, face)
        check_feed(told["feed"], face)
        check_updates(told["updates"], face)


def told_by(python: Path, place: Path, face: Running) -> dict[str, Any]:
    """What the client printed; an order is traded as soon as it listens."""
    client = started(
        python, place, "session", face.url, face.desk.consumer_key, KOTAK_ASHA.mobile, KOTAK_ASHA.user_id,
        face.totp(), KOTAK_ASHA.pin,
    )  # fmt: skip
    assert client.stdout is not None
    if "listening\n" in iter(client.stdout.readline, ""):
        face.depot.happen(Trade("kotakneo", "TFK01", "NSE:INFY", "BUY", 3, tag="official"))
    out, problem = client.communicate(timeout=60)
    assert client.returncode == 0, problem[-4000:]
    told: dict[str, Any] = json.loads(out.splitlines()[-1])
    return told


def check_session(told: Mapping[str, Any], face: Running) -> None:
    assert (told["view"]["data"]["kType"], told["trade"]["data"]["kType"]) == ("View", "Trade")
    assert told["trade"]["data"]["baseUrl"] == face.url
    assert told["address"]["data"][0]["ip"] == "127.0.0.1"
    assert told["placed"]["errMsg"] == "This rehearsal shows orders; it does not take them."
    assert told["file"].endswith("/transformed-v1/nse_cm-v1.csv")


def check_books(told: Mapping[str, Any], face: Running) -> None:
    assert [row["displaySymbol"] for row in told["holdings"]["data"]] == [
        "HDFCBANK", "ITC", "BHARTIARTL", "GOLDBEES", "TATASTEEL",
    ]  # fmt: skip
    itc = face.market.universe.of("NSE:ITC")
    sold = face.depot.executions("kotakneo", "TFK01")[0]
    (position,) = told["positions"]["data"]
    assert (position["trdSym"], position["flSellQty"]) == ("ITC-EQ", "40")
    assert paise(position["sellAmt"]) == 40 * sold.price
    assert paise(position["ltp"]) == face.market.price(itc, TRADING)
    assert paise(told["limits"]["Net"]) == KOTAK_ASHA.cash + 40 * sold.price
    assert told["orders"]["data"] == told["order"]["data"]
    assert [row["ordSt"] for row in told["history"]["data"]["data"]] == [
        "complete", "open", "open pending", "validation pending", "put order req received",
    ]  # fmt: skip
    assert told["trades"]["data"][0]["flId"] == str(sold.trade_no)


def check_prices(told: Mapping[str, Any], face: Running) -> None:
    infosys, nifty = (face.market.universe.of(key) for key in ("NSE:INFY", "NSE:NIFTY 50"))
    for kind in ("quotes", "ltp"):
        last = {row["exchange_token"]: paise(row["ltp"]) for row in told[kind]}
        assert last["1594"] == face.market.price(infosys, TRADING)
        assert last["Nifty 50"] == face.market.price(nifty, TRADING)
    days = told["days"]["data"]["candles"]
    assert len(days) == 15  # one of them the hour of a Sunday's Diwali trading
    for day in days[:-1]:
        assert paise(day[4]) == face.market.close(infosys, TradingDay.parse(day[0][:10]))
    assert paise(days[-1][4]) == face.market.price(infosys, TRADING)
    assert len(told["minutes"]["data"]["candles"]) == 113
    assert told["too far"]["fault"]["code"] == 400


def check_feed(told: Mapping[str, Any], face: Running) -> None:
    """What it understood live; and every frame that it got, in our own parser, is the same."""
    sights = {
        str(one.exchange_token): face.market.sight(one, TRADING)
        for one in (face.market.universe.of("NSE:INFY"), face.market.universe.of("BSE:TATASTEEL"))
    }
    seen = told["seen"]
    assert seen["market_status"]["status"] == "Market open"
    assert seen["index"]["name"] == "Nifty 50"
    for kind in ("scrip_lite", "scrip4", "scrip8"):
        sight = sights[seen[kind]["instrument_token"]]
        assert paise(seen[kind]["last_traded_price"]) == sight.last
        assert paise(seen[kind]["close_price"]) == sight.previous_close
        assert seen[kind]["trading_symbol"] in {"INFY-EQ", "TATASTEEL"}
    bids, _ = face.market.depth(sights[seen["scrip8"]["instrument_token"]])
    assert [row["quantity"] for row in seen["scrip8"]["buy"]] == [one.quantity for one in bids]

    dividers = {int(number): divider for number, divider in told["dividers"].items()}
    ours = [one for frame in told["frames"] for one in packets(bytes.fromhex(frame), dividers)]
    for one in seen.values():
        found = [packet for packet in ours if _is_same_kind(packet, one)]
        assert found
        check_same(found[0], one)


def _is_same_kind(ours: Packet, official: Mapping[str, Any]) -> bool:
    told = theirs(ours)
    named = told.get("instrument_token") == official.get("instrument_token")
    depth = {"scrip_lite": 0, "scrip": {4: 1, 8: 5}.get(official.get("level", 0), 0)}
    rows = len(ours.bids) if isinstance(ours, Tick) else 0
    is_tick = isinstance(ours, Tick) and rows == depth.get(official["type"], 0)
    is_status = isinstance(ours, MarketStatus) and ours.segment == official["exchange_segment"]
    return named and (is_status if official["type"] == "market_status" else is_tick)


def check_updates(told: Sequence[Mapping[str, Any]], face: Running) -> None:
    """The day so far, the order's states one by one, then the position."""
    *orders, position = told
    new = face.depot.orders("kotakneo", "TFK01")[-1]
    states = [one["data"]["order_status"] for one in orders if one["data"]["order_id"] == str(new.order_no)]
    assert states == [
        "put order req received", "validation pending", "open pending", "open", "complete",
    ]  # fmt: skip
    assert (position["data"]["symbol"], position["data"]["filled_buy_quantity"]) == ("INFY", "3")


def test_every_packet_of_the_rehearsal_reads_alike(client_python: Path, tmp_path: Path) -> None:
    """All listings, at all depths, in continuous trading, in the closing auction and after it."""
    told: list[bytes] = []
    with running() as face:
        for moment in (TRADING, at("2026-11-20T15:21:00"), at("2026-11-20T18:00:00")):
            for place, listed in enumerate(face.market.universe):
                sight, exchange = face.market.sight(listed, moment), 1 if listed.exchange == "NSE" else 5
                book = face.market.depth(sight)
                told += [
                    frames.price_packet(sight, depth, book=book, exchange=exchange, sequence=place)
                    for depth in Depth
                ]
                told.append(frames.index_packet(sight, listed.symbol, exchange=exchange, sequence=place))
                auction = {"imbalance": -250, "at_market": 12, "exchange": exchange, "sequence": place}
                told.append(frames.auction_packet(listed, sight.last, **auction))
        told += [frames.status_packet(code, 1, sequence=0) for code in range(1, 13)]
    check_frames(client_python, tmp_path, told)


def test_golden_frames_read_alike(client_python: Path, tmp_path: Path) -> None:
    """Packets of random numbers, several in a frame, with tails that break off and kinds nobody knows."""
    random = Random(20261120)
    told = [b"".join(_random_packet(random) for _ in range(random.randint(1, 5))) for _ in range(400)]
    told += [frame[: random.randint(0, len(frame))] for frame in told[:100]]
    told += [random.randbytes(random.randint(0, 200)) for _ in range(100)]
    check_frames(client_python, tmp_path, told)


def check_frames(python: Path, place: Path, told: Sequence[bytes]) -> None:
    """Frame by frame the same messages; what the client cannot unpack, it drops and so do we."""
    batches = decoded(python, place, told, DIVIDERS)
    checked = 0
    for frame, official in zip(told, batches, strict=True):
        ours = list(packets(frame, DIVIDERS))
        kept = [one for one in official if one is not None]
        assert len(ours) == len(kept), frame.hex()
        for one, other in zip(ours, kept, strict=True):
            check_same(one, other)
            checked += 1
    assert checked > len(told) // 2


def _random_packet(random: Random) -> bytes:
    """A well-formed packet of any kind, its numbers within what its fields hold."""

    def count(bits: int) -> int:
        return random.getrandbits(random.randint(1, bits))

    exchange = random.choice((1, 2, 3, 5, 9, 77))
    token, second = count(32), random.randint(1, 2_000_000_000)
    kind = random.choice(("mini", "touch", "depth", "index", "status", "auction", "open", "unknown"))
    if kind == "mini":
        body = struct.pack(
            "<IqIqIiiIBI", token, second, count(32), count(40), count(32), count(20) - 500, -count(20),
            count(10), 2, 1,
        )  # fmt: skip
        return _packed(7208, exchange, 1, body)
    if kind in ("touch", "depth"):
        bids, asks = (1, 1) if kind == "touch" else (random.randint(0, 20), random.randint(0, 20))
        body = struct.pack(
            "<IqqqqqIIIIIqIIIIhiIdiIIIIIBI", token, count(40), count(40), count(40), second,
            random.choice((second, -2_209_008_600)), *(count(32) for _ in range(5)), count(40), count(32),
            count(32), bids, asks, 2, count(20) - 500, count(32), 0.0, -count(20),
            *(count(32) for _ in range(5)), 2, 1,
        )  # fmt: skip
        rows = b"".join(struct.pack("<qii", count(40), count(31), count(20)) for _ in range(bids + asks))
        return _packed(7208, exchange, 4 if kind == "touch" else random.choice((2, 8, 16)), body + rows)
    if kind == "index":
        body = struct.pack(
            "<IiiiiiQiiidBi21s", token, *(count(31) for _ in range(5)), second, count(31), count(31),
            count(20) - 500, 0.0, 2, 100, b"Nifty 50",
        )  # fmt: skip
        return _packed(7207, exchange, 0, body)
    if kind == "status":
        return _packed(105, exchange, 0, struct.pack("<H5s", random.randint(1, 12), b""))
    if kind == "auction":
        values = random.choice(((0, 0, 0), (count(32), -count(40), count(40))))
        return _packed(104, exchange, 0, struct.pack("<IIqq", token, *values))
    if kind == "open":
        return _packed(random.choice((6511, 6521)), exchange, 0, b"")
    return _packed(9_999, exchange, 3, random.randbytes(12))


def _packed(code: int, exchange: int, level: int, body: bytes) -> bytes:
    return struct.pack("<HHbBBBB", 9 + len(body), code, exchange, level, 0, 7, 1) + body


def paise(rupees: Any) -> int:
    return round(Decimal(str(rupees)) * 100)


def test_a_level_of_our_own_is_a_row_of_theirs() -> None:
    """The translation that the comparisons stand on."""
    row = Level(Decimal("31.50"), 7, 2)
    moment = Instant.parse("2026-11-20T11:07:23", IST)
    tick = Tick("nse_cm", "1", Decimal(3), Decimal(2), moment, Decimal(1), volume=5, bids=(row,))
    told = theirs(tick)
    assert told["buy"] == [{"quantity": 7, "price": 31.5, "orders": 2}]
    assert told["last_trade_time"] == 1_795_153_043
