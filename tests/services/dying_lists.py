"""A process that reads a list and is killed in the middle: python -m tests.services.dying_lists URL HOME."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from tests.services.lists import PaperList, day, row
from tunefolio.bootstrap.runtime import build
from tunefolio.market.provider import MasterRow
from tunefolio.services import master_diffs
from tunefolio.services.sources import Sources
from tunefolio.settings import Settings

ROWS = 50_000


def rows() -> list[MasterRow]:
    return [row(f"S{place:06}", name=f"Share {place}") for place in range(ROWS)]


class DyingList(PaperList):
    """Kills its own process, as the kernel would, after the second written batch."""

    def instruments(self) -> Iterator[MasterRow]:
        for place, one in enumerate(rows()):
            if place == 45_000:
                os.kill(os.getpid(), signal.SIGKILL)
            yield one


def main(url: str, home: str) -> None:
    runtime = build(Settings.from_env({"TUNEFOLIO_DATABASE_URL": url, "TUNEFOLIO_HOME": home}))
    house = replace(runtime.house, sources=Sources((DyingList(),)))
    master_diffs.read(house, DyingList(), day("2026-11-20"), lambda: None, Counter())


if __name__ == "__main__":
    main(*sys.argv[1:])
