"""`python -m tunefolio` is `tunefolio`."""

from __future__ import annotations

import gc
import sys

from tunefolio import cli

_MANY = 50_000
"""Books are many small values that never point in a circle: looking for circles less often saves a fifth of
the time that folding them takes."""


def main() -> int:
    gc.set_threshold(_MANY, 20, 20)
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
