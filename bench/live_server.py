"""python -m bench.live_server PORT HOME BATCHES: a house whose 500 prices all move each second.

Publisher and server are one process, as in a house without Redis; its quotes carry the moment of publishing.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import orjson
import uvicorn

from bench.houses import cookie, house
from tunefolio.core.time import SystemClock
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.services.house import House
from tunefolio.store import instruments
from tunefolio.web.app import WebConfig, create_app
from tunefolio.web.feed import CHANNEL

SYMBOLS = 500
ENOUGH = WebConfig(streams_per_person=100_000)


def main() -> None:
    gc.set_threshold(50_000, 20, 20)  # as the command line does
    port, home, batches = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    with house(home) as (runtime, _):
        ids = _list(runtime.house)
        (home / "cookie").write_text(cookie(runtime))
        (home / "ids").write_text(",".join(map(str, ids)))
        threading.Thread(target=_publish, args=(runtime.house, ids, batches), daemon=True).start()
        uvicorn.run(
            create_app(runtime.house, ENOUGH),
            host="127.0.0.1",
            port=port,
            loop="auto",
            http="httptools",
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            backlog=4096,
            log_level="error",
            access_log=False,
        )


def _list(there: House) -> list[int]:
    claims = [InstrumentClaim(Listing("NSE", f"S{number:03}")) for number in range(SYMBOLS)]
    with there.database.writing() as db:
        return sorted(instruments.resolve(db, claims, SystemClock().now()).values())


def _publish(there: House, ids: list[int], batches: int) -> None:
    """All of them once a second: at once, or spread evenly over so many batches."""
    turn = 0
    size = -(-len(ids) // batches)
    while True:
        for start in range(0, len(ids), size):
            turn += 1
            now = datetime.now(UTC)
            at = now.replace(microsecond=now.microsecond or 1).isoformat()
            some = ids[start : start + size]
            rows = [[id, f"{100 + (id + turn) % 900}.35", "99.10", at, "bench", "last"] for id in some]
            there.fanout.publish(CHANNEL, orjson.dumps(rows))
            time.sleep(1 / batches)


if __name__ == "__main__":
    main()
