"""Daily bars in few bytes: differences as planes of bytes, compressed. Rules: docs/spec/bars.md.

A body holds days and closes, a rest what else was told. Integers only: nothing is rounded. Bodies of before
the bars (two widths, then a zlib stream) are read as well.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tunefolio.core.errors import BrokenLaw
from tunefolio.market.bars import Bars, Codes, Part
from tunefolio.market.daily import Daily, Days, Ticks

if TYPE_CHECKING:
    from zstandard import ZstdCompressor, ZstdDecompressor

LEVEL = 1
"""Of zstd: planes of noise gain 3 % from ten times the work."""
BODY_HEAD, REST_HEAD = 3, 5
"""Bytes before the planes. Body: widths of day and close, step. Rest: widths of four columns, step."""
WIDEST_STEP = 255

_ZSTD = b"\x28\xb5\x2f\xfd"
_WIDEST = 8
_SHORT = 4
"""Bytes of a number that 32 bits hold."""
_Counts: TypeAlias = NDArray[np.int64]
_tools = threading.local()


class Chunk(NamedTuple):
    """A run of bars as it is kept. codes None: all from the first source; rest None: closes alone."""

    scale: int
    length: int
    body: bytes
    codes: bytes | None = None
    rest: bytes | None = None


def compressor() -> ZstdCompressor:
    """This thread's own; a context must not be shared."""
    found: ZstdCompressor | None = getattr(_tools, "compressor", None)
    if found is None:
        from zstandard import ZstdCompressor  # 15 ms that a command without prices need not pay

        found = _tools.compressor = ZstdCompressor(level=LEVEL, write_checksum=True)
    return found


def _decompressor() -> ZstdDecompressor:
    found: ZstdDecompressor | None = getattr(_tools, "decompressor", None)
    if found is None:
        from zstandard import ZstdDecompressor

        found = _tools.decompressor = ZstdDecompressor()
    return found


def _opened(stream: bytes) -> bytes:
    """What the stream holds; raises BrokenLaw where it is not what was written."""
    try:
        return _decompressor().decompress(stream)
    except _refusal() as broken:
        raise BrokenLaw("bars", f"a chunk cannot be unpacked: {broken}") from None


def _refusal() -> type[Exception]:
    from zstandard import ZstdError  # looked up once something has been refused

    return ZstdError


# Packing ------------------------------------------------------------------------------------------


def packed(daily: Daily) -> bytes:
    """The days and closes of one run; its scale and length are kept beside it."""
    step = step_of([daily.ticks])
    days, ticks = _folded(_steps(daily.days)), _folded(_steps(daily.ticks // step))
    widths = (_width(days), _width(ticks))
    head = bytes((*widths, step))
    return compressor().compress(head + _planes(days, widths[0]) + _planes(ticks, widths[1]))


def old_body(body: bytes, count: int, scale: int) -> bytes:
    """The same days and closes as a house without bars reads them."""
    daily = unpacked(body, count, scale)
    days, ticks = _folded(_steps(daily.days)), _folded(_steps(daily.ticks))
    widths = (_width(days), _width(ticks))
    return bytes(widths) + zlib.compress(_planes(days, widths[0]) + _planes(ticks, widths[1]))


def packed_chunk(bars: Bars) -> Chunk:
    """The bars of one run, at least one."""
    codes = compressor().compress(bars.codes.tobytes()) if bars.codes.any() else None
    rest = _packed_rest(bars) if bars.parts.any() else None
    return Chunk(bars.scale, len(bars), packed(bars.closes()), codes, rest)


def _packed_rest(bars: Bars) -> bytes:
    """Open from the close before, high above and low below open and close; volume; parts."""
    told = (bars.parts & Part.RANGE) != 0
    before = np.concatenate([bars.close[:1], bars.close[:-1]])
    offsets = [
        np.where(told, bars.open - before, 0),
        np.where(told, bars.high - np.maximum(bars.open, bars.close), 0),
        np.where(told, np.minimum(bars.open, bars.close) - bars.low, 0),
    ]
    step = step_of(offsets)
    columns = [_folded(offset // step) for offset in offsets]
    columns.append(_folded(np.where((bars.parts & Part.VOLUME) != 0, bars.volume, 0)))
    widths = [_width(column) for column in columns]
    planes = b"".join(_planes(column, width) for column, width in zip(columns, widths, strict=True))
    return compressor().compress(bytes((*widths, step)) + planes + bars.parts.tobytes())


def step_of(columns: Sequence[Ticks]) -> int:
    """The greatest common divisor where it fits a byte, else 1: ticks of five paise give 5."""
    found = np.int64(0)
    for column in columns:
        found = np.gcd(found, np.gcd.reduce(column))
    return int(found) if 1 <= found <= WIDEST_STEP else 1


def _steps(values: Days | Ticks) -> Ticks:
    steps = values.astype(np.int64)
    steps[1:] -= steps[:-1].copy()
    return steps


def _folded(steps: Ticks) -> NDArray[np.uint64]:
    """So that small ones of either sign are small: 0, −1, 1, −2, …"""
    folded: NDArray[np.uint64] = ((steps << 1) ^ (steps >> 63)).view(np.uint64)
    return folded


def _width(folded: NDArray[np.uint64]) -> int:
    """Bytes that the largest takes."""
    largest = int(folded.max(initial=0))
    return max(1, (largest.bit_length() + 7) // 8)


def _planes(folded: NDArray[np.uint64], width: int) -> bytes:
    """All first bytes, then all second ones: alike lies beside alike."""
    rows = folded.astype(">u8").view(np.uint8).reshape(len(folded), _WIDEST)
    return np.ascontiguousarray(rows[:, _WIDEST - width :].T).tobytes()


# Unpacking: all chunks of an instrument at once ---------------------------------------------------


def unpacked(body: bytes, count: int, scale: int) -> Daily:
    """What packed() was given; raises BrokenLaw for a body that holds another number of days."""
    return unpacked_closes([Chunk(scale, count, body)])


def unpacked_closes(chunks: Sequence[Chunk]) -> Daily:
    """The closes of runs that follow each other, at the finest scale of them; the rest is not touched."""
    counts = np.array([chunk.length for chunk in chunks])
    days, ticks = _closes(chunks, counts)
    scale = max(chunk.scale for chunk in chunks)
    if any(chunk.scale != scale for chunk in chunks):
        ticks = ticks * _finer(chunks, counts, scale)
    return Daily(days, ticks, scale)


def unpacked_bars(chunks: Sequence[Chunk], sources: Sequence[tuple[str, ...]]) -> Bars:
    """What packed_chunk() was given, run after run, at the finest scale of them; sources: of each chunk."""
    counts = np.array([chunk.length for chunk in chunks])
    days, close = _closes(chunks, counts)
    open, high, low, volume, parts = _rests(chunks, counts, close)
    names, codes = _codes(chunks, sources, int(counts.sum()))
    scale = max(chunk.scale for chunk in chunks)
    if any(chunk.scale != scale for chunk in chunks):
        finer = _finer(chunks, counts, scale)
        open, high, low, close = open * finer, high * finer, low * finer, close * finer
    return Bars(days, open, high, low, close, volume, parts, codes, names, scale)


def body_payload(body: bytes) -> bytes:
    """The planes of a body behind their head, whichever way it was compressed."""
    if body[:4] == _ZSTD:
        return _opened(body)
    return body[:2] + b"\x01" + zlib.decompress(body[2:])


def opened_all(streams: Sequence[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """What bodies and rests hold, one after the other, and where each ends."""
    modern = [place for place, stream in enumerate(streams) if stream[:4] == _ZSTD]
    if len(modern) == len(streams):
        try:
            payloads: Sequence[Any] = _several(streams)
        except _refusal() as broken:
            raise BrokenLaw("bars", f"a chunk cannot be unpacked: {broken}") from None
    else:
        payloads = [body_payload(stream) for stream in streams]
    ends = np.cumsum(np.fromiter(map(len, payloads), np.int64, len(payloads)))
    return np.frombuffer(b"".join(payloads), np.uint8), ends


def _several(streams: Sequence[bytes]) -> list[Any]:
    found = _decompressor().multi_decompress_to_buffer(list(streams), threads=1)
    return [found[place] for place in range(len(found))]


def _closes(chunks: Sequence[Chunk], counts: _Counts) -> tuple[Days, Ticks]:
    payloads = [body_payload(chunk.body) for chunk in chunks]
    heads = [(payload[0], payload[1]) for payload in payloads]
    for payload, head, chunk in zip(payloads, heads, chunks, strict=True):
        if len(payload) != BODY_HEAD + chunk.length * sum(head):
            raise BrokenLaw("bars", f"{len(payload)} bytes are not those of {chunk.length} days")
    columns, _ = _grid(payloads, heads, BODY_HEAD, counts, range(len(chunks)), raw=0)
    runs = _run(columns, counts)
    return runs[0].astype(np.int32), runs[1] * _each([payload[2] for payload in payloads], counts)


def _rests(
    chunks: Sequence[Chunk], counts: _Counts, close: Ticks
) -> tuple[Ticks, Ticks, Ticks, Ticks, Codes]:
    """Open, high, low, volume, parts of every row."""
    total = len(close)
    places = [place for place, chunk in enumerate(chunks) if chunk.rest is not None]
    if not places:
        return close, close, close, np.zeros(total, np.int64), np.zeros(total, np.uint8)
    payloads = [_opened(chunk.rest) for chunk in chunks if chunk.rest is not None]
    heads = [(payload[0], payload[1], payload[2], payload[3]) for payload in payloads]
    steps = [1] * len(chunks)
    for place, payload, head in zip(places, payloads, heads, strict=True):
        count = chunks[place].length
        if len(payload) != REST_HEAD + count * (sum(head) + 1):
            raise BrokenLaw("bars", f"{len(payload)} bytes are not those of {count} bars")
        steps[place] = payload[4]
    columns, (parts,) = _grid(payloads, heads, REST_HEAD, counts, places, raw=1)
    return *_ranges(columns, _each(steps, counts), counts, close, parts), columns[3], parts


def _ranges(
    columns: NDArray[np.int64], step: Ticks, counts: _Counts, close: Ticks, parts: Codes
) -> tuple[Ticks, Ticks, Ticks]:
    """Open, high and low from their offsets; where none was told, the close."""
    starts = np.cumsum(counts) - counts
    before = np.concatenate([close[:1], close[:-1]])
    before[starts] = close[starts]
    open = columns[0] * step + before
    high = columns[1] * step + np.maximum(open, close)
    low = np.minimum(open, close) - columns[2] * step
    told = (parts & Part.RANGE) != 0
    if told.all():
        return open, high, low
    return np.where(told, open, close), np.where(told, high, close), np.where(told, low, close)


def _codes(
    chunks: Sequence[Chunk], sources: Sequence[tuple[str, ...]], total: int
) -> tuple[tuple[str, ...], Codes]:
    """The names of all runs, each once, and the place of each row's in them."""
    names = tuple(dict.fromkeys(name for told in sources for name in told))
    codes, start = np.zeros(total, np.uint8), 0
    for chunk, told in zip(chunks, sources, strict=True):
        places = np.array([names.index(name) for name in told], np.uint8)
        if chunk.codes is not None:
            codes[start : start + chunk.length] = places[np.frombuffer(_opened(chunk.codes), np.uint8)]
        elif places[0]:
            codes[start : start + chunk.length] = places[0]
        start += chunk.length
    return names, codes


def _grid(
    payloads: Sequence[bytes],
    heads: Sequence[tuple[int, ...]],
    skip: int,
    counts: _Counts,
    places: Sequence[int],
    *,
    raw: int,
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """int64[columns, T] from the planes of the chunks in these places; uint8[raw, T]: what follows them.

    Zero where a chunk has none.

    heads: the width of each column, chunk by chunk; skip: bytes before the planes. All planes of a chunk are
    laid at once, all columns put together at once.
    """
    deepest, wide = max(max(head) for head in heads), len(heads[0])
    starts = (np.cumsum(counts) - counts).tolist()
    room = np.zeros((wide * deepest + raw, int(counts.sum())), np.uint8)
    for place, payload, head in zip(places, payloads, heads, strict=True):
        count, start = int(counts[place]), starts[place]
        laid = np.frombuffer(payload, np.uint8, -1, skip).reshape(-1, count)
        room[_lines(head, deepest, raw), start : start + count] = laid
    planes = room[: wide * deepest].reshape(wide, deepest, -1)
    kind: Any = np.uint32 if deepest <= _SHORT else np.uint64
    folded: Any = planes[:, 0].astype(kind)
    for depth in range(1, deepest):
        folded <<= kind(8)
        folded |= planes[:, depth]
    steps = (folded >> kind(1)) ^ (kind(0) - (folded & kind(1)))
    whole: NDArray[np.int64] = steps.view(f"i{steps.itemsize}").astype(np.int64, copy=False)
    return whole, room[wide * deepest :]


@lru_cache(maxsize=4_096)
def _lines(head: tuple[int, ...], deepest: int, raw: int) -> NDArray[np.intp]:
    """Where in the room each plane goes, the least significant byte of a column last; raw ones at the end."""
    lines = [
        column * deepest + deepest - width + plane
        for column, width in enumerate(head)
        for plane in range(width)
    ]
    return np.array([*lines, *(len(head) * deepest + place for place in range(raw))])


def _run(steps: NDArray[np.int64], counts: _Counts) -> NDArray[np.int64]:
    """Sums along each column that begin anew with each chunk."""
    sums = np.cumsum(steps, axis=1)
    if len(counts) > 1:
        before = np.zeros((len(steps), len(counts)), np.int64)
        before[:, 1:] = sums[:, np.cumsum(counts)[:-1] - 1]
        sums -= np.repeat(before, counts, axis=1)
    return sums


def _each(steps: Sequence[int], counts: _Counts) -> Ticks:
    """int64[T], or one number where all chunks have the same."""
    if len(set(steps)) == 1:
        return np.array(steps[:1], np.int64)
    return np.repeat(np.array(steps, np.int64), counts)


def _finer(chunks: Sequence[Chunk], counts: _Counts, scale: int) -> Ticks:
    return _each([10 ** (scale - chunk.scale) for chunk in chunks], counts)
