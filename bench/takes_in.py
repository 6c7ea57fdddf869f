"""An import of 10,000 trades, from the bytes of the file to the kept transaction, dry run included."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.figures import Figure
from bench.houses import account, house, import_file, tradebook

_RUNS = 5
_SIZES = (1_000, 10_000, 50_000)


def figures() -> list[Figure]:
    seconds: dict[int, list[float]] = {size: [] for size in _SIZES}
    again: list[float] = []
    for _ in range(_RUNS):
        with tempfile.TemporaryDirectory() as folder, house(Path(folder)) as (runtime, person):
            for size in _SIZES:
                place = account(runtime, person, f"Demat of {size}")
                content = tradebook(size, 250)
                taken, added = import_file(runtime, person, place, content)
                if added != size:
                    raise RuntimeError(f"{added} of {size} trades were added")
                seconds[size].append(taken)
                if size == 10_000:
                    again.append(import_file(runtime, person, place, content)[0])
    goals = {10_000: "under 2 s"}
    return [
        *(
            Figure(f"import of {size:,} trades, SQLite", "s", tuple(runs), goals.get(size, ""), 2)
            for size, runs in seconds.items()
        ),
        Figure("the same 10,000 again: nothing to do", "s", tuple(again), digits=2),
    ]
