"""The truth: one SQLite database, many readers, one writer that commits in groups."""
