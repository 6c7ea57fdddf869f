"""FBIL: India's official reference rates of the dollar, euro, pound and yen, since 2018-07-10."""

from tunefolio.adapters.prices.fbil.source import Fbil

__all__ = ["Fbil"]
