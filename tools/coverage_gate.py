"""Is every room tested enough? Reads `coverage json` and holds each room to its floor.

    coverage json -q && python tools/coverage_gate.py coverage.json

A room is a package or module directly under src/tunefolio. Exit status 1 names each that falls short.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path, PurePosixPath

EXACT_ROOMS = {"core": 0.95, "ledger": 0.95}
ELSEWHERE = 0.85


def main(report: str) -> int:
    """Print one line a room; 0 if all reach their floor."""
    short = []
    for room, (reached, total) in sorted(rooms(report).items()):
        floor = EXACT_ROOMS.get(room, ELSEWHERE)
        ratio = reached / total if total else 1.0
        verdict = "" if ratio >= floor else f"  ← below {floor:.0%}"
        print(f"  {room:<12} {ratio:7.2%}  of {total:>6} lines and branches{verdict}")
        if verdict:
            short.append(room)
    if short:
        print(f"coverage: too little in {', '.join(short)}")
    return 1 if short else 0


def rooms(report: str) -> dict[str, tuple[int, int]]:
    """Room → (lines and branches reached, lines and branches there are)."""
    counted: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for path, entry in json.loads(Path(report).read_bytes())["files"].items():
        parts = PurePosixPath(path.replace("\\", "/")).parts
        room = parts[parts.index("tunefolio") + 1].removesuffix(".py")
        summary = entry["summary"]
        reached, total = counted[room]
        counted[room] = (
            reached + summary["covered_lines"] + summary.get("covered_branches", 0),
            total + summary["num_statements"] + summary.get("num_branches", 0),
        )
    return dict(counted)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
