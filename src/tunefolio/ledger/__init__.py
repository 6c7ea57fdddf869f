"""FACTS: what happened, and what remains? Decimal only, append-only, no I/O."""
