"""Counts, sums and histograms of a log that add and subtract, and exact quantiles by a second look at the log."""
