"""Studies: one model's results, on disk and in memory."""
