"""Tests of ACTION: what a trade costs, and what is to be done."""
