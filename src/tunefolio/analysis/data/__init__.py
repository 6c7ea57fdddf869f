"""Dated facts that ship with the product; each file's origin is in PROVENANCE.md beside it."""
