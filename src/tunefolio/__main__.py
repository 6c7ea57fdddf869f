"""`python -m tunefolio` is `tunefolio`."""

from __future__ import annotations

import sys

from tunefolio.cli import main

if __name__ == "__main__":
    sys.exit(main())
