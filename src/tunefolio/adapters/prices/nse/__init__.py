"""The National Stock Exchange's own files and quotes: daily files, lists, renames, corporate actions."""

from tunefolio.adapters.prices.nse.source import Nse

__all__ = ["Nse"]
