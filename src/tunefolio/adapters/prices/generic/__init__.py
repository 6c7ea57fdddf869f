"""A source of the operator's own: any address that answers CSV or JSON, described by options."""

from tunefolio.adapters.prices.generic.source import Generic

__all__ = ["Generic"]
