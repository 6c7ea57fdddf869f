"""What a trade costs in India: dated tariffs, one order's charges, a day's contract note, a comparison."""
