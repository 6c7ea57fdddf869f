"""DEEDS: what does the house do? One verb a file."""
