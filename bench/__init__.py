"""How fast it is, measured: medians and ratios side by side in one run, never a test with a stopwatch."""
