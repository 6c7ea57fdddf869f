"""BSE's own files: the daily file of its cash market, and its list of scrips."""

from tunefolio.adapters.prices.bse.source import Bse

__all__ = ["Bse"]
