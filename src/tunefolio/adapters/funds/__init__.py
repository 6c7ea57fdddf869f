"""Registers of funds that come with a package and are read without asking anybody outside."""

from tunefolio.adapters.funds.casparser import CasparserIsin

__all__ = ["CasparserIsin"]
