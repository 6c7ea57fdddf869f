"""SEEN: what exists, and what did it cost? Pure values and dated facts; no I/O but packaged data."""
