"""prices export, prices show: past prices as a file, and what is known of one listing."""

from __future__ import annotations

import argparse
from pathlib import Path

from tunefolio.cli import Exit
from tunefolio.cli.house import Bar, open_house, show, table
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import InstrumentId
from tunefolio.core.time import TradingDay
from tunefolio.market.panel import Prices
from tunefolio.services import bars as past
from tunefolio.services.bars import Format
from tunefolio.store import bars, instruments
from tunefolio.store.db import ReadDb

_LAST_SHOWN = 10


def export(args: argparse.Namespace) -> int:
    """prices export: bars of some or all instruments as Parquet or CSV."""
    if bool(args.symbols) == args.all:
        raise Misuse("--symbols", "say which, or --all", cure="For example: --symbols NSE:INFY,NSE:TCS")
    path = Path(args.out)
    with open_house(args) as runtime, Bar("Prices") as bar:
        chosen = None
        if args.symbols:
            with runtime.house.database.reading() as db:
                chosen = [_listed(db, text) for text in args.symbols.split(",") if text.strip()]
        done = past.export(
            runtime.house,
            chosen,
            path,
            format=Format(args.format),
            prices=Prices.ADJUSTED if args.adjusted else Prices.RAW,
            since=_day(args.since, "--from"),
            until=_day(args.until, "--to"),
            progress=bar,
        )
    told = {"instruments": done.instruments, "bars": done.bars, "file": str(path)}
    show(args, told, f"{done.bars} bars of {done.instruments} instruments: {path}")
    return Exit.OK


def tell(args: argparse.Namespace) -> int:
    """prices show: from when to when, who told them, and the newest bars."""
    with open_house(args) as runtime, runtime.house.database.reading() as db:
        id = _listed(db, args.symbol)
        found = bars.of(db, [id]).get(id)
    if found is None:
        raise NotFound(f"prices of {args.symbol}")
    newest = found.cut(slice(max(0, len(found) - _LAST_SHOWN), None))
    columns = {name: past.told(newest, name) for name in ("open", "high", "low", "close")}
    rows = [
        {
            "day": newest.day(place).iso(),
            **{name: column[place] for name, column in columns.items()},
            "volume": volume,
            "source": newest.source(place),
        }
        for place, volume in enumerate(past.volumes(newest))
    ]
    first, last = found.day(0).iso(), found.day(len(found) - 1).iso()
    told = {
        "symbol": args.symbol,
        "bars": len(found),
        "first": first,
        "last": last,
        "sources": list(found.sources),
        "newest": rows,
    }
    head = f"{args.symbol}: {len(found)} bars, {first} to {last}, told by {', '.join(found.sources)}"
    show(args, told, f"{head}\n{table(rows, ('day', *columns, 'volume', 'source'))}")
    return Exit.OK


def _listed(db: ReadDb, text: str) -> InstrumentId:
    """The instrument of EXCHANGE:SYMBOL (NSE when only a symbol is given); raises NotFound."""
    exchange, _, symbol = text.strip().upper().rpartition(":")
    found = instruments.find(db, exchange or "NSE", symbol)
    if found is None:
        raise NotFound(f"instrument {text.strip()}")
    return found.id


def _day(text: str | None, field: str) -> TradingDay | None:
    if text is None:
        return None
    try:
        return TradingDay.parse(text)
    except Misuse as wrong:
        raise Misuse(field, wrong.problem, cure=wrong.cure) from None
