"""What holds the house to its word. The folders mirror src/tunefolio."""
