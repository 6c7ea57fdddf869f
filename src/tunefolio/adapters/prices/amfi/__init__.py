"""The net asset values of all Indian mutual funds, as their association publishes them."""

from tunefolio.adapters.prices.amfi.source import Amfi

__all__ = ["Amfi"]
