"""Yahoo Finance, unofficial and for personal use: last prices and sectors, asked politely."""

from tunefolio.adapters.prices.yahoo.source import Yahoo

__all__ = ["Yahoo"]
