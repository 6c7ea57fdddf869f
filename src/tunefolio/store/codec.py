"""Daily bars in few bytes: differences as planes of bytes, compressed. Rules: docs/spec/bars.md.

Integers only: nothing is rounded. What earlier versions wrote is read as well, also bodies as zlib streams.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from tunefolio.core.errors import BrokenLaw
from tunefolio.market.bars import Bars, Codes, Part
from tunefolio.market.daily import Daily, Days, Ticks

if TYPE_CHECKING:
    from zstandard import ZstdCompressor, ZstdDecompressor

LEVEL = 1  # of zstd: level 9 gains 1 % for more than twice the work
BODY_HEAD, REST_HEAD = 5, 9
"""Bytes before the planes. Body: widths of day and close, step, noise. Rest: widths of four columns, step,
noise. A width carries PLAIN, the first one the kind of the stream; noise has a bit for each plane."""
BODY, REST = 0x80, 0xC0
"""Kinds of streams with marks of noise. Older ones have none: all folded, every plane in its place."""
PLAIN, WIDTH = 0x10, 0x0F
"""Of a width: nothing below zero in the column, so that it was not folded; the number of its planes."""
NOISE = 64
"""A plane is noise where two of its bytes are alike more rarely than if there were 64 kinds of them."""
WIDEST_STEP = 255

_ZSTD = b"\x28\xb5\x2f\xfd"
_LEAST = 14  # bytes of a frame of something: many of nothing at once end the process in zstandard 0.25
_END_OF_BLOCK = 1  # zstandard.COMPRESSOBJ_FLUSH_BLOCK, whose module is loaded late
_WIDEST = 8
_SHORT = 4  # bytes of a number that 32 bits hold
_BODY_COLUMNS, _REST_COLUMNS = 2, 4
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
    if not hasattr(_tools, "compressor"):
        from zstandard import ZstdCompressor  # 15 ms that a command without prices need not pay

        _tools.compressor = ZstdCompressor(level=LEVEL, write_checksum=True)
    return cast("ZstdCompressor", _tools.compressor)


def _decompressor() -> ZstdDecompressor:
    if not hasattr(_tools, "decompressor"):
        from zstandard import ZstdDecompressor

        _tools.decompressor = ZstdDecompressor()
    return cast("ZstdDecompressor", _tools.decompressor)


def _opened(stream: bytes) -> bytes:
    """What the stream holds; raises BrokenLaw where it is not what was written."""
    try:
        return _decompressor().decompress(stream)
    except _refusal() as broken:
        raise BrokenLaw("bars", f"a chunk cannot be unpacked: {broken}") from None


def _refusal() -> type[Exception]:
    from zstandard import ZstdError  # looked up once something has been refused

    return ZstdError


def packed(daily: Daily) -> bytes:
    """The days and closes of one run; its scale and length are kept beside it."""
    step = step_of([daily.ticks])
    return _stream(BODY, [_steps(daily.days), _steps(daily.ticks // step)], step)


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
    columns = [offset // step for offset in offsets]
    columns.append(np.where((bars.parts & Part.VOLUME) != 0, bars.volume, 0))
    return _stream(REST, columns, step, bars.parts.tobytes())


def _stream(kind: int, columns: Sequence[Ticks], step: int, last: bytes = b"") -> bytes:
    """Head, planes that can be foretold, `last`; then noise, which is not compressed in vain."""
    widths: list[int] = []
    calm, wild, noise = list[bytes](), list[bytes](), 0
    for column in columns:
        is_plain = int(column.min()) >= 0
        told = column.view(np.uint64) if is_plain else _folded(column)
        widths.append((width := _width(told)) | PLAIN * is_plain)
        for plane in np.frombuffer(_planes(told, width), np.uint8).reshape(width, -1):
            is_noise = _is_noise(plane)
            noise |= is_noise << (len(calm) + len(wild))
            (wild if is_noise else calm).append(plane.tobytes())
    head = bytes((widths[0] | kind, *widths[1:], step)) + noise.to_bytes(len(columns), "little")
    return framed(b"".join((head, *calm, last)), b"".join(wild))


def framed(calm: bytes | memoryview, wild: bytes | memoryview) -> bytes:
    """One frame of two blocks, so that the codes of what can be foretold are not blurred by noise."""
    if not len(wild):
        return compressor().compress(calm)
    frame = compressor().compressobj(size=len(calm) + len(wild))
    return frame.compress(calm) + frame.flush(_END_OF_BLOCK) + frame.compress(wild) + frame.flush()


def _is_noise(plane: NDArray[np.uint8]) -> bool:
    """Counted in integers, so that compiled loops decide the same."""
    counts, length = np.bincount(plane), len(plane)
    return int((counts * (counts - 1)).sum()) * NOISE < length * (length - 1)


def step_of(columns: Sequence[Ticks]) -> int:
    """The greatest common divisor where it fits a byte, else 1: ticks of five paise give 5."""
    found = np.int64(0)
    for column in columns:
        found = np.gcd(found, np.gcd.reduce(column))
    return int(found) if 1 <= found <= WIDEST_STEP else 1


def _steps(values: Days | Ticks) -> Ticks:
    return np.diff(values.astype(np.int64), prepend=np.int64(0)).view(np.int64)


def _folded(steps: Ticks) -> NDArray[np.uint64]:
    """So that small ones of either sign are small: 0, −1, 1, −2, …"""
    return ((steps << 1) ^ (steps >> 63)).view(np.uint64)


def _width(folded: NDArray[np.uint64]) -> int:
    """Bytes that the largest takes."""
    return max(1, (int(folded.max(initial=0)).bit_length() + 7) // 8)


def _planes(folded: NDArray[np.uint64], width: int) -> bytes:
    """All first bytes, then all second ones: alike lies beside alike."""
    rows = folded.astype(">u8").view(np.uint8).reshape(len(folded), _WIDEST)
    return np.ascontiguousarray(rows[:, _WIDEST - width :].T).tobytes()


def unpacked(body: bytes, count: int, scale: int) -> Daily:
    """What packed() was given; raises BrokenLaw for a body that holds another number of days."""
    return unpacked_closes([Chunk(scale, count, body)])


def unpacked_closes(chunks: Sequence[Chunk]) -> Daily:
    """The closes of runs that follow each other, at the finest scale of them; the rest is not touched."""
    counts = [chunk.length for chunk in chunks]
    days, ticks = _closes(chunks, counts)
    scale, finer = _finest(chunks, counts)
    return Daily(days, ticks if finer is None else ticks * finer, scale)


def unpacked_bars(chunks: Sequence[Chunk], sources: Sequence[tuple[str, ...]]) -> Bars:
    """What packed_chunk() was given, run after run, at the finest scale of them; sources: of each chunk."""
    counts = [chunk.length for chunk in chunks]
    days, close = _closes(chunks, counts)
    open, high, low, volume, parts = _rests(chunks, counts, close)
    names, codes = _codes(chunks, sources, len(days))
    scale, finer = _finest(chunks, counts)
    if finer is not None:
        open, high, low, close = open * finer, high * finer, low * finer, close * finer
    return Bars(days, open, high, low, close, volume, parts, codes, names, scale)


def body_payload(body: bytes) -> bytes:
    """The planes of a body behind their head, whichever way it was compressed."""
    if body[:4] == _ZSTD:
        return _opened(body)
    return body[:2] + b"\x01" + zlib.decompress(body[2:])


def opened_all(streams: Sequence[bytes]) -> Sequence[Any]:
    """What bodies and rests hold, as bytes or what can be read as bytes; without the interpreter's lock."""
    if not streams or not all(stream[:4] == _ZSTD and len(stream) >= _LEAST for stream in streams):
        return [body_payload(stream) for stream in streams]
    try:
        found = _decompressor().multi_decompress_to_buffer(list(streams), threads=1)
    except (_refusal(), ValueError) as broken:  # ValueError: a frame without its length
        raise BrokenLaw("bars", f"a chunk cannot be unpacked: {broken}") from None
    return [found[place] for place in range(len(found))]


def joined(payloads: Sequence[Any]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """One after the other, and where each ends."""
    ends = np.cumsum(np.fromiter(map(len, payloads), np.int64, len(payloads)))
    return np.frombuffer(b"".join(payloads), np.uint8), ends


class _Head(NamedTuple):
    """Of an opened stream. widths: with PLAIN; skip: bytes before the planes; planes: all that follow."""

    widths: tuple[int, ...]
    step: int
    noise: int
    skip: int
    planes: int


_NO_REST = _Head((0,) * _REST_COLUMNS, 1, 0, 0, 0)


def _head(payload: bytes, columns: int, length: int) -> _Head:
    """Raises BrokenLaw where the planes are not of `length` bytes each."""
    found = _read(payload[: BODY_HEAD if columns == _BODY_COLUMNS else REST_HEAD], columns)
    if len(payload) != found.skip + length * found.planes:
        raise BrokenLaw("bars", f"{len(payload)} bytes are not those of {length} days")
    return found


@lru_cache(maxsize=4_096)
def _read(start: bytes, columns: int) -> _Head:
    if len(start) <= columns:
        raise BrokenLaw("bars", "a chunk has no head")
    skip, noise = columns + 1, 0
    if start[0] >= BODY:
        skip, noise = len(start), int.from_bytes(start[columns + 1 :], "little")
    widths = (start[0] & (PLAIN | WIDTH), *start[1:columns])
    many = sum(width & WIDTH for width in widths) + (columns == _REST_COLUMNS)
    return _Head(widths, start[columns], noise, skip, many)


def _closes(chunks: Sequence[Chunk], counts: Sequence[int]) -> tuple[Days, Ticks]:
    payloads = [body_payload(chunk.body) for chunk in chunks]
    heads = [_head(one, _BODY_COLUMNS, count) for one, count in zip(payloads, counts, strict=True)]
    columns, _ = _grid(payloads, heads, counts, 0)
    starts = _starts(counts)
    columns[:, starts[1:]] -= np.add.reduceat(columns, starts, axis=1)[:, :-1]  # each chunk begins anew
    ticks = np.cumsum(columns, axis=1, out=columns)[1]
    ticks *= _each([head.step for head in heads], counts)
    return columns[0].astype(np.int32), ticks


def _rests(
    chunks: Sequence[Chunk], counts: Sequence[int], close: Ticks
) -> tuple[Ticks, Ticks, Ticks, Ticks, Codes]:
    """Open, high, low, volume, parts of every row."""
    if all(chunk.rest is None for chunk in chunks):
        return close, close, close, np.zeros(len(close), np.int64), np.zeros(len(close), np.uint8)
    payloads = [b"" if chunk.rest is None else _opened(chunk.rest) for chunk in chunks]
    heads = [
        _NO_REST if chunk.rest is None else _head(payload, _REST_COLUMNS, chunk.length)
        for payload, chunk in zip(payloads, chunks, strict=True)
    ]
    columns, (parts,) = _grid(payloads, heads, counts, 1)
    columns[:3] *= _each([head.step for head in heads], counts)
    open, high, low, volume = columns
    open[1:] += close[:-1]
    starts = _starts(counts)
    open[starts] += close[starts] - np.where(starts > 0, close[starts - 1], 0)
    high += np.maximum(open, close)
    np.subtract(np.minimum(open, close), low, out=low)
    untold = (parts & Part.RANGE.value) == 0
    if untold.any():
        for column in (open, high, low):
            np.copyto(column, close, where=untold)
    return open, high, low, volume, parts


def _codes(
    chunks: Sequence[Chunk], sources: Sequence[tuple[str, ...]], total: int
) -> tuple[tuple[str, ...], Codes]:
    """The names of all runs, each once, and the place of each row's in them."""
    names = tuple(dict.fromkeys(chain.from_iterable(sources)))
    if len(names) == 1:
        return names, np.zeros(total, np.uint8)
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
    payloads: Sequence[bytes], heads: Sequence[_Head], counts: Sequence[int], last: int
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """int64[columns, T]: planes put together over all chunks, then columns from their planes, zero where
    a chunk has none; uint8[last, T]: what follows."""
    depths = _depths(tuple(dict.fromkeys(head.widths for head in heads)))
    rows = [
        _lines(payload, head, count, depths, last)
        for payload, head, count in zip(payloads, heads, counts, strict=True)
    ]
    joined = np.frombuffer(b"".join(chain.from_iterable(zip(*rows, strict=True))), np.uint8)
    room = joined.reshape(sum(depths) + last, -1)
    found, at = np.empty((len(depths), room.shape[1]), np.int64), 0
    for column, depth in enumerate(depths):
        kind: Any = np.uint32 if depth <= _SHORT else np.uint64
        told: Any = room[at].astype(kind)
        for plane in room[at + 1 : at + depth]:
            told <<= kind(8)
            told |= plane
        found[column] = _unfolded(told, [bool(head.widths[column] & PLAIN) for head in heads], counts)
        at += depth
    return found, room[at:]


@lru_cache(maxsize=4_096)
def _depths(widths: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
    """How many planes each column needs."""
    return tuple(max(width & WIDTH for width in column) for column in zip(*widths, strict=True))


def _lines(payload: bytes, head: _Head, count: int, depths: tuple[int, ...], last: int) -> list[bytes]:
    """Every plane of a chunk in its place, most significant first; zeros for those that it does not need."""
    found = [bytes(count)] * (sum(depths) + last)
    at = head.skip
    for place in _order(head.widths, head.noise, depths, last):
        found[place] = payload[at : at + count]
        at += count
    return found


@lru_cache(maxsize=4_096)
def _order(widths: tuple[int, ...], noise: int, depths: tuple[int, ...], last: int) -> list[int]:
    """In which place each plane of a stream goes: what can be foretold, what follows the columns, noise."""
    if not any(widths):
        return []
    planes: list[int] = []
    end = 0
    for width, depth in zip(widths, depths, strict=True):
        end += depth
        planes += range(end - (width & WIDTH), end)
    calm, wild = ([p for bit, p in enumerate(planes) if noise >> bit & 1 == kind] for kind in (0, 1))
    return [*calm, *range(end, end + last), *wild]


def _unfolded(told: Any, plain: Sequence[bool], counts: Sequence[int]) -> Any:
    """One column with its signs again, in the chunks that have any."""
    if all(plain):
        return told
    one, zero = told.dtype.type(1), told.dtype.type(0)
    steps = ((told >> one) ^ (zero - (told & one))).view(f"i{told.itemsize}")
    return np.where(np.repeat(plain, counts), told.astype(np.int64), steps) if any(plain) else steps


def _starts(counts: Sequence[int]) -> NDArray[np.int64]:
    return np.cumsum(counts) - np.array(counts, np.int64)


def _each(steps: Sequence[int], counts: Sequence[int]) -> Ticks:
    """int64[T], or one number where all chunks have the same."""
    if len(set(steps)) == 1:
        return np.array(steps[:1], np.int64)
    return np.repeat(np.array(steps, np.int64), counts)


def _finest(chunks: Sequence[Chunk], counts: Sequence[int]) -> tuple[int, Ticks | None]:
    """The finest scale of them, and what each row's ticks are multiplied by; None: all have it."""
    scales = [chunk.scale for chunk in chunks]
    if min(scales) == (finest := max(scales)):
        return finest, None
    return finest, _each([int(10 ** (finest - scale)) for scale in scales], counts)
