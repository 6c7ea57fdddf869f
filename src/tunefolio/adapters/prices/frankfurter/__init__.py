"""Frankfurter: a free service over central banks' reference rates, at its own address or one's own."""

from tunefolio.adapters.prices.frankfurter.source import Frankfurter

__all__ = ["Frankfurter"]
