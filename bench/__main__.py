"""python -m bench [NAME …]: measure, print the tables; --write puts them into docs/performance.md."""

from __future__ import annotations

import argparse
import os
import platform
from pathlib import Path

from bench import (
    access,
    alerts,
    bars,
    cas,
    charges,
    decade,
    engines,
    facts,
    listing,
    live,
    logins,
    returns,
    search,
    serves,
    sign_ups,
    starts,
    sync,
    takes_in,
    tax,
    tax_books,
    ticks,
    ways,
)
from bench.figures import table

BENCHES = {
    "access": access.figures,
    "ways": ways.figures,
    "starts": starts.figures,
    "serves": serves.figures,
    "sign_ups": sign_ups.figures,
    "imports": takes_in.figures,
    "returns": returns.figures,
    "listing": listing.figures,
    "decade": decade.figures,
    "facts": facts.figures,
    "bars": bars.figures,
    "search": search.figures,
    "live": live.figures,
    "logins": logins.figures,
    "engines": engines.figures,
    "alerts": alerts.figures,
    "cas": cas.figures,
    "charges": charges.figures,
    "sync": sync.figures,
    "tax": tax.figures,
    "tax_books": tax_books.figures,
    "ticks": ticks.figures,
}
PAGE = Path("docs/performance.md")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description="Measure speed; medians of several runs.")
    parser.add_argument("names", nargs="*", choices=[[], *BENCHES], help="which; all when none is named")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE}")
    args = parser.parse_args()
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}")
    for name in args.names or BENCHES:
        text = table(BENCHES[name]())
        print(f"\n{name}\n{text}", flush=True)
        if args.write:
            write(name, text)


def write(name: str, text: str) -> None:
    """Replace what stands between the two marks of `name` on the page; raises ValueError without them."""
    start, end = f"<!-- bench {name} -->\n", f"<!-- end {name} -->"
    page = PAGE.read_text("utf-8")
    place, until = page.index(start) + len(start), page.index(end)
    PAGE.write_text(f"{page[:place]}{text}\n{page[until:]}", "utf-8")


if __name__ == "__main__":
    main()
