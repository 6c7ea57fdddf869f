"""Past prices for other programs: one instrument's bars as asked for, and all of them as a file.

A file is written beside its place and put there whole; memory is flat in how many instruments there are.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import InstrumentId
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay
from tunefolio.market.actions import Adjustment, adjustment, told_once
from tunefolio.market.adjusted import AdjustedBars, adjusted
from tunefolio.market.bars import Bars, Part
from tunefolio.market.daily import Ticks
from tunefolio.market.instruments import Instrument
from tunefolio.market.panel import Prices
from tunefolio.services.house import House
from tunefolio.store import actions, bars, instruments
from tunefolio.store.db import ReadDb

if TYPE_CHECKING:
    from polars import DataFrame

_AT_ONCE = 50
"""Instruments read together."""
_DAY_ZERO = 719_163
"""The proleptic ordinal of 1970-01-01."""
_PRICES = ("open", "high", "low", "close")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Progress = Callable[[int, int, str], None]


class Format(StrEnum):
    """What a file is written as."""

    PARQUET = "parquet"
    CSV = "csv"


@dataclass(frozen=True, slots=True, eq=False)
class BarsView:
    """Bars of one instrument. bars: raw, always; adjusted: the same in today's units when asked for.

    next: the day from which the rest is to be asked; None when this is all.
    """

    instrument: Instrument
    bars: Bars
    adjusted: AdjustedBars | None
    next: TradingDay | None


@dataclass(frozen=True, slots=True)
class Exported:
    """What a file holds."""

    instruments: int
    bars: int


def of_instrument(
    db: ReadDb,
    viewer: Viewer,
    id: InstrumentId,
    *,
    since: TradingDay | None,
    until: TradingDay | None,
    prices: Prices,
    limit: int,
) -> BarsView:
    """The first `limit` bars of [since, until); raises NotFound for what the viewer must not see."""
    found = instruments.visible(db, viewer, [id]).get(id)
    if found is None:
        raise NotFound("instrument")
    own = bars.of(db, [id], since, until).get(id, Bars.empty())
    rest = own.day(limit) if len(own) > limit else None
    page = own.cut(slice(0, limit))
    today = adjusted(page, _adjustments(db, [id])[id]) if prices is Prices.ADJUSTED else None
    return BarsView(found, page, today, rest)


def _adjustments(db: ReadDb, ids: Sequence[InstrumentId]) -> dict[InstrumentId, Adjustment]:
    events: dict[InstrumentId, list[Any]] = {id: [] for id in ids}
    for action in told_once(actions.of_instruments(db, ids)):
        events[action.instrument].append((action.ex_day, action.terms))
    return {id: adjustment(own) for id, own in events.items()}


def texts(column: Ticks, scale: int) -> list[str]:
    """Ticks as exact decimals, all with the same number of places."""
    if scale == 0:
        return [str(tick) for tick in column.tolist()]
    unit, parts = 10**scale, column.tolist()
    signs = ("-" if tick < 0 else "" for tick in parts)
    sizes = (divmod(abs(tick), unit) for tick in parts)
    return [f"{sign}{whole}.{part:0{scale}d}" for sign, (whole, part) in zip(signs, sizes, strict=True)]


def told(view: Bars, name: str) -> list[str | None]:
    """A column of exact prices; None where the source told the close alone."""
    exact = texts(getattr(view, name), view.scale)
    if name == "close":
        return list(exact)
    has_range = ((view.parts & Part.RANGE) != 0).tolist()
    return [text if has else None for text, has in zip(exact, has_range, strict=True)]


def volumes(view: Bars) -> list[int | None]:
    """Units traded; None where untold."""
    has = ((view.parts & Part.VOLUME) != 0).tolist()
    return [one if is_told else None for one, is_told in zip(view.volume.tolist(), has, strict=True)]


# Files --------------------------------------------------------------------------------------------


def export(
    house: House,
    chosen: Sequence[InstrumentId] | None,
    path: Path,
    *,
    format: Format,
    prices: Prices = Prices.RAW,
    since: TradingDay | None = None,
    until: TradingDay | None = None,
    progress: Progress = lambda *_: None,
) -> Exported:
    """Write the bars of [since, until) of these instruments (None: of all that everyone sees) to a file.

    Raises Misuse where the folder is not there. What stood at `path` is replaced when all is written.
    """
    if not path.parent.is_dir():
        raise Misuse("--out", f"there is no folder {path.parent}", cure="Make it first")
    with house.database.reading() as db:
        ids = sorted(bars.shared(db) if chosen is None else chosen)
    written: list[int] = []
    frames = _counted(_frames(house, ids, prices, since, until), written, len(ids), progress)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    try:
        if format is Format.CSV:
            _write_csv(Path(name), frames, prices)
        else:
            _write_parquet(Path(name), frames, prices)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
    return Exported(sum(1 for size in written if size), sum(written))


def _counted(
    frames: Iterator[DataFrame], written: list[int], total: int, progress: Progress
) -> Iterator[DataFrame]:
    """The same frames, one an instrument; how long each was is noted and told as they pass."""
    for frame in frames:
        written.append(len(frame))
        progress(len(written), total, "")
        if len(frame):
            yield frame


def _frames(
    house: House,
    ids: Sequence[InstrumentId],
    prices: Prices,
    since: TradingDay | None,
    until: TradingDay | None,
) -> Iterator[DataFrame]:
    """One of each instrument, in one consistent view of the books."""
    with house.database.reading() as db:
        for at in range(0, len(ids), _AT_ONCE):
            group = ids[at : at + _AT_ONCE]
            known, read = instruments.of_ids(db, group), bars.of(db, group, since, until)
            factors = _adjustments(db, group) if prices is Prices.ADJUSTED else {}
            for id in group:
                yield _frame(known[id], read.get(id, Bars.empty()), factors.get(id))


def _frame(instrument: Instrument, own: Bars, factors: Adjustment | None) -> DataFrame:
    import polars as pl

    names = (instrument.exchange, instrument.symbol, instrument.isin, instrument.currency)
    columns: dict[str, Any] = {
        name: pl.Series(name, [text and _plain_text(text)], pl.String).new_from_index(0, len(own))
        for name, text in zip(("exchange", "symbol", "isin", "currency"), names, strict=True)
    }
    days = pl.Series("day", own.days - _DAY_ZERO, pl.Int32).cast(pl.Date)
    if factors is None:
        prices: Mapping[str, Any] = {name: pl.Series(name, told(own, name), pl.String) for name in _PRICES}
        prices = {**prices, "volume": pl.Series("volume", volumes(own), pl.Int64)}
    else:
        ours = adjusted(own, factors)
        prices = {
            name: pl.Series(name, getattr(ours, name), pl.Float64).fill_nan(None)
            for name in (*_PRICES, "volume", "factor")
        }
    sources = np.array([_plain_text(name) for name in own.sources] or [""], dtype=object)
    source = pl.Series("source", sources[own.codes].tolist(), pl.String)
    return pl.DataFrame({**columns, "day": days, **prices, "source": source})


def _plain_text(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _write_csv(path: Path, frames: Iterator[DataFrame], prices: Prices) -> None:
    with path.open("wb") as file:
        file.write((",".join(_schema(prices)) + "\n").encode())
        for frame in frames:
            frame.write_csv(file, include_header=False)
        file.flush()
        os.fsync(file.fileno())


def _write_parquet(path: Path, frames: Iterator[DataFrame], prices: Prices) -> None:
    """Exact prices as decimals of twelve places; frame by frame as polars asks for them."""
    import polars as pl
    from polars.io.plugins import register_io_source

    schema = pl.Schema(_schema(prices))

    def source(*_: Any) -> Iterator[DataFrame]:
        return (frame.cast(schema) for frame in frames)

    register_io_source(source, schema=schema).sink_parquet(path, compression="zstd")


def _schema(prices: Prices) -> dict[str, Any]:
    import polars as pl

    price = pl.Float64() if prices is Prices.ADJUSTED else pl.Decimal(38, 12)
    names = dict.fromkeys(("exchange", "symbol", "isin", "currency"), pl.String())
    numbers = dict.fromkeys(_PRICES, price)
    whole: dict[str, Any] = {"volume": pl.Int64()}
    more = {"volume": price, "factor": price} if prices is Prices.ADJUSTED else whole
    return {**names, "day": pl.Date(), **numbers, **more, "source": pl.String()}
