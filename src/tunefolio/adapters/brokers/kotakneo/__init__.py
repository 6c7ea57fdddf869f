"""Kotak Neo: its lists of instruments, one for each segment."""
